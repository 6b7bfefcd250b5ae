from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from instrunet.datasets.irmas import read_name
from instrunet.datasets.manifest import Manifest
from instrunet.datasets.parsing import IndexOptions
from instrunet.datasets.registry import index
from instrunet.errors import InstrunetError
from tests.datasets import layouts


def test_the_real_training_names(shared: Path) -> None:
    with (shared / "metadata/irmas_train_files.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    said = [read_name(Path(row["file"]).stem) for row in rows]
    assert len(said) == 6705
    assert sum(name.drums is None for name in said) == 4823
    assert sum("[---]" in row["file"] for row in rows) == 12
    assert sum(Path(row["file"]).name[0].isdigit() for row in rows) == 1894
    assert [{"dru": 1.0, "nod": 0.0}.get(row["drums"]) for row in rows] == [name.drums for name in said]
    assert [row["genre"] for row in rows] == [name.genre for name in said]
    assert len({name.recording for name in said}) == 2261
    assert all(name.recording.isdigit() for name in said)


@pytest.fixture(scope="module")
def whole(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return index("irmas", layouts.irmas_from_real_names(tmp_path_factory.mktemp("irmas"), shared))


def test_the_real_data_set_counted(whole: Manifest) -> None:
    assert Counter(whole.column("split")) == {"train": 6705, "test": 2874}
    assert whole.header.provenance[0].missing == {}
    testing = whole.filter(split="test")
    assert Counter(int(n) for n in testing.y().sum(axis=1)) == {1: 1236, 2: 1278, 3: 318, 4: 39, 5: 3}
    assert len(set(testing.column("group"))) == 208
    assert len(set(whole.column("id"))) == len(whole)


def test_labels_groups_and_tags(tmp_path: Path) -> None:
    manifest = index("irmas", layouts.irmas(tmp_path))
    assert manifest.vocabulary == "irmas"
    assert manifest.mask().all()
    assert manifest.column("labels_original") == [["cel"], ["gel"], ["gel"], ["gel", "voi"], ["pia"]]
    assert manifest.column("drums") == [0.0, 1.0, None, None, None]
    assert manifest.column("genre") == ["cla", "pop_roc", "pop_roc", None, None]
    groups = manifest.column("group")
    assert groups[3] == groups[4] == "irmas/test/a song"
    assert all(path.exists() for path in manifest.paths())


def test_in_canonical_words_not_predominant_is_not_absent(tmp_path: Path) -> None:
    manifest = index("irmas", layouts.irmas(tmp_path), options=IndexOptions(vocabulary="instrunet"))
    drums, guitar = manifest.labels.index("drums"), manifest.labels.index("electric_guitar")
    y, mask = manifest.y(), manifest.mask()
    assert y[:, guitar].tolist() == [0, 1, 1, 1, 0]
    assert mask[:, guitar].tolist() == [False, True, True, True, False]
    assert mask[:, drums].tolist() == [True, True, False, False, False]
    assert y[:, drums].tolist()[:2] == [0, 1]
    projected = index("irmas", tmp_path).project("openmic")
    assert projected.y()[projected.mask()].all()


def test_a_partial_download_is_counted(tmp_path: Path) -> None:
    layouts.irmas(tmp_path)
    (tmp_path / "IRTestingData-Part2/a song-2.txt").unlink()
    missing = index("irmas", tmp_path).header.provenance[0].missing
    assert missing == {"training clips": 6702, "testing clips": 2873, "label files": 1}


def test_a_wrong_folder_says_what_and_where(tmp_path: Path) -> None:
    layouts.irmas(tmp_path / "IRMAS")
    with pytest.raises(
        InstrunetError, match=r"does not look like IRMAS: no IRMAS-TrainingData/cel.*one level down: .*IRMAS"
    ):
        index("irmas", tmp_path)
    with pytest.raises(InstrunetError, match="one level up"):
        index("irmas", tmp_path / "IRMAS/IRMAS-TrainingData")
    with pytest.raises(InstrunetError, match="no such folder"):
        index("irmas", tmp_path / "nowhere")


@pytest.mark.parametrize("content", ["kazoo\n", "", "gel\nkazoo\n"])
def test_a_strange_label_file_is_named(tmp_path: Path, content: str) -> None:
    layouts.irmas(tmp_path)
    layouts.text(tmp_path / "IRTestingData-Part2/a song-2.txt", content)
    with pytest.raises(InstrunetError, match=r"a song-2\.txt"):
        index("irmas", tmp_path)


def test_the_published_sample(shared: Path) -> None:
    manifest = index("irmas", shared / "layouts/irmas")
    assert manifest.column("labels_original") == [["cla"], ["gel", "voi"]]
    assert manifest.column("genre") == ["cla", None] or manifest.column("genre") == [None, None]
