from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from instrunet.datasets.clips import COLUMNS, Clip, closed_truth
from instrunet.datasets.facts import Provenance
from instrunet.datasets.manifest import Header, Manifest
from instrunet.errors import InstrunetError, UsageError

LABELS = ("piano", "voice")


def three_clips() -> Manifest:
    clips = [
        Clip(
            "a", "x/a.wav", "tiny", "mix", "song 1", truth={"piano": 0.7}, labels_original=("Klavier",), split="train"
        ),
        Clip("b", "x/b.wav", "tiny", "stem", "song 1", truth=closed_truth(LABELS, ["voice"]), duration_s=2.5),
        Clip("c", "c.wav", "other", "mix", "song 2", truth={}, extra={"artist": "Zoë"}),
    ]
    provenance = (Provenance("tiny", title="Tiny", licence="CC0-1.0", citation="Nobody 2020", found={"clips": 3}),)
    header = Header("own", LABELS, root="data", provenance=provenance)
    return Manifest.from_clips(clips, header, events=[("a", 0.0, 1.0, "piano"), ("b", 0.5, 2.0, "voice")])


def test_truth_is_masked_where_nothing_was_observed() -> None:
    manifest = three_clips()
    np.testing.assert_allclose(manifest.y(), np.array([[0.7, 0], [0, 1], [0, 0]], np.float32))
    assert manifest.mask().tolist() == [[True, False], [True, True], [False, False]]


def test_columns_are_those_of_the_design_then_further_ones_then_truth() -> None:
    names = three_clips().table.column_names
    assert tuple(names[: len(COLUMNS)]) == COLUMNS
    assert names[len(COLUMNS) :] == ["artist", "y_piano", "y_voice", "m_piano", "m_voice"]


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    manifest = three_clips().with_root(tmp_path / "data")
    again = Manifest.read(manifest.write(tmp_path / "m.parquet"))
    assert again.table.equals(manifest.table)
    assert again.events.equals(manifest.events)
    assert again.header.provenance == manifest.header.provenance
    assert again.labels == LABELS
    assert again.paths()[0] == tmp_path / "data/x/a.wav"
    assert again.column("artist") == [None, None, "Zoë"]


def test_licence_citation_and_loader_version_travel_in_the_parquet_metadata(tmp_path: Path) -> None:
    path = three_clips().write(tmp_path / "m.parquet")
    stored = pq.read_schema(path).metadata[b"instrunet"].decode()
    assert all(word in stored for word in ("CC0-1.0", "Nobody 2020", "loader_version"))


def test_a_folder_with_data_and_manifest_can_be_moved_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "here/data").mkdir(parents=True)
    three_clips().with_root(tmp_path / "here/data").write(tmp_path / "here/m.parquet")
    shutil.move(tmp_path / "here", tmp_path / "there")
    assert Manifest.read(tmp_path / "there/m.parquet").root == tmp_path / "there/data"


def test_the_manifest_alone_can_be_moved_too(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    three_clips().with_root(tmp_path / "data").write(tmp_path / "m.parquet")
    (tmp_path / "far/away").mkdir(parents=True)
    shutil.move(tmp_path / "m.parquet", tmp_path / "far/away/m.parquet")
    assert Manifest.read(tmp_path / "far/away/m.parquet").root == tmp_path / "data"


def test_the_root_can_be_re_pointed(tmp_path: Path) -> None:
    path = three_clips().write(tmp_path / "m.parquet")
    assert Manifest.read(path, root="/elsewhere").paths()[2] == Path("/elsewhere/c.wav")
    assert three_clips().with_root("/mnt").paths()[1] == Path("/mnt/x/b.wav")


def test_filter_and_take_carry_events_along() -> None:
    manifest = three_clips()
    kept = manifest.filter(source="mix", dataset=["tiny", "other"])
    assert kept.column("id") == ["a", "c"]
    assert kept.events.column("id").to_pylist() == ["a"]
    assert manifest.take([2, 0]).column("id") == ["c", "a"]
    assert manifest.take(np.array([False, True, False])).column("id") == ["b"]


def test_with_column_replaces_or_adds_before_the_truth() -> None:
    manifest = three_clips().with_column("split", ["test"] * 3).with_column("fold", [1, 2, 3])
    assert manifest.column("split") == ["test"] * 3
    assert manifest.table.column_names[-5:] == ["fold", "y_piano", "y_voice", "m_piano", "m_voice"]


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    path = three_clips().write(tmp_path / "m.parquet")
    with pytest.raises(UsageError, match="--force"):
        three_clips().write(path)
    three_clips().take([0]).write(path, force=True)
    assert len(Manifest.read(path)) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "no such file"), (b"", "not a readable Parquet"), (b"RIFF....", "not a readable Parquet")],
)
def test_what_is_no_manifest_is_one_clear_sentence(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "m.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InstrunetError, match=said):
        Manifest.read(path)


def test_foreign_parquet_and_newer_formats_are_refused(tmp_path: Path) -> None:
    table = three_clips().table
    pq.write_table(table.replace_schema_metadata({}), tmp_path / "foreign.parquet")
    with pytest.raises(InstrunetError, match="no manifest"):
        Manifest.read(tmp_path / "foreign.parquet")
    newer = three_clips().header.to_json().replace('"format_version": 1', '"format_version": 9')
    pq.write_table(table.replace_schema_metadata({b"instrunet": newer.encode()}), tmp_path / "newer.parquet")
    with pytest.raises(InstrunetError, match="newer"):
        Manifest.read(tmp_path / "newer.parquet")


def test_an_unknown_column_is_named_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"tempo.*genre"):
        three_clips().column("tempo")
