from __future__ import annotations

import csv
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from instrunet.datasets.manifest import Manifest
from instrunet.datasets.openmic import UNLABELLED_AS_NEGATIVE
from instrunet.datasets.parsing import IndexOptions
from instrunet.datasets.registry import index
from instrunet.errors import InstrunetError
from tests.datasets import layouts

ANYTHING = IndexOptions(require_audio=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [
        "sample_key,instrument,relevance,num_responses",
        "000046_3840,clarinet,0.17105,3",
        "000046_3840,flute,0.9,3",
    ]
    rows += ["000135_4800,voice,1.0,3"]
    layouts.text(tmp_path / "openmic-2018-aggregated-labels.csv", "\n".join(rows) + "\n")
    layouts.text(tmp_path / "partitions/split01_train.csv", "000046_3840\n")
    layouts.text(tmp_path / "partitions/split01_test.csv", "000135_4800\n")
    return tmp_path


def cell(manifest: Manifest, row: int, label: str) -> tuple[Any, bool]:
    column = manifest.labels.index(label)
    return float(manifest.y()[row, column]), bool(manifest.mask()[row, column])


def test_relevance_and_mask_are_kept_apart(folder: Path) -> None:
    manifest = index("openmic", folder, options=ANYTHING)
    assert cell(manifest, 0, "clarinet") == (pytest.approx(0.17105), True)
    assert cell(manifest, 0, "flute") == (pytest.approx(0.9), True)
    assert cell(manifest, 0, "piano") == (0.0, False)
    assert manifest.mask().sum() == 3
    assert manifest.column("labels_original") == [["flute"], ["voice"]]
    assert manifest.column("cut_from_s") == [3.84, 4.8]


def test_the_mistaken_protocol_by_name(folder: Path) -> None:
    options = IndexOptions(require_audio=False, protocol=UNLABELLED_AS_NEGATIVE)
    manifest = index("openmic", folder, options=options)
    assert manifest.mask().all()
    assert cell(manifest, 0, "piano") == (0.0, True)
    assert cell(manifest, 0, "clarinet") == (pytest.approx(0.17105), True)


def _npz(path: Path, keys: np.ndarray) -> None:
    relevance, mask = np.full((2, 20), 0.5), np.zeros((2, 20), bool)
    relevance[0, [4, 7]], mask[0, [4, 7]] = [0.17105, 0.9], True
    relevance[1, 19], mask[1, 19] = 1.0, True
    np.savez(path, X=np.zeros((2, 10, 128)), Y_true=relevance, Y_mask=mask, sample_key=keys)


@pytest.mark.parametrize("dtype", [object, str])
def test_the_arrays_say_the_same_as_the_table(folder: Path, dtype: type) -> None:
    from_table = index("openmic", folder, options=ANYTHING)
    _npz(folder / "openmic-2018.npz", np.array(["000046_3840", "000135_4800"], dtype=dtype))
    (folder / "openmic-2018-aggregated-labels.csv").unlink()
    from_arrays = index("openmic", folder, options=ANYTHING)
    assert np.array_equal(from_arrays.y(), from_table.y())
    assert np.array_equal(from_arrays.mask(), from_table.mask())


def test_arrays_and_table_that_differ_are_noted(folder: Path) -> None:
    _npz(folder / "openmic-2018.npz", np.array(["000046_3840", "000135_9999"]))
    assert any("differ for 2 clips" in note for note in index("openmic", folder, options=ANYTHING).header.notes)


class Surprise:
    def __reduce__(self) -> tuple[object, ...]:
        return (print, ("a pickle ran",))


def test_a_pickle_that_is_more_than_strings_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = folder / "openmic-2018.npz"
    _npz(path, np.array(["a", "b"], dtype=object))
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    head = parts["sample_key.npy"][: parts["sample_key.npy"].index(b"\n") + 1]
    parts["sample_key.npy"] = head + pickle.dumps(Surprise())
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    with pytest.raises(InstrunetError, match=r"builtins\.print"):
        index("openmic", folder, options=ANYTHING)
    assert "ran" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("sample_key,instrument\na,b\n", "lacks the column relevance"),
        ("sample_key,instrument,relevance\na_1,kazoo,1\n", "line 2: OpenMIC has no instrument 'kazoo'"),
        ("sample_key,instrument,relevance\na_1,flute,high\n", "'high' is no number"),
    ],
)
def test_damaged_tables_are_named(folder: Path, content: str, said: str) -> None:
    layouts.text(folder / "openmic-2018-aggregated-labels.csv", content)
    with pytest.raises(InstrunetError, match=said):
        index("openmic", folder, options=ANYTHING)


def test_the_real_partitions(shared: Path, tmp_path: Path) -> None:
    keys = {s: (shared / f"metadata/openmic_split01_{s}.csv").read_text().split() for s in ("train", "test")}
    with (tmp_path / "openmic-2018-aggregated-labels.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["sample_key", "instrument", "relevance", "num_responses"])
        writer.writerows([key, "voice", 1.0, 3] for part in keys.values() for key in part)
    for split, part in keys.items():
        layouts.text(tmp_path / f"partitions/split01_{split}.csv", "\n".join(part) + "\n")
    manifest = index("openmic", tmp_path, options=ANYTHING)
    assert len(manifest) == 20000
    assert len(manifest.filter(split="train")) == 14915
    assert len(manifest.filter(split="test")) == 5085
    assert manifest.header.provenance[0].missing == {"audio files": 20000}


def test_the_published_sample(shared: Path) -> None:
    manifest = index("openmic", shared / "layouts/openmic2018")
    assert manifest.column("id") == ["openmic/000046_3840"]
    assert manifest.column("split") == ["train"]
    assert manifest.column("group") == ["openmic/artist/4"]
    assert cell(manifest, 0, "clarinet") == (pytest.approx(0.17105), True)
    assert "NonCommercial" in manifest.column("licence")[0]
