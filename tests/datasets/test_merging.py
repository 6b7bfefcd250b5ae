from __future__ import annotations

from pathlib import Path

import pytest

from instrunet.datasets.clips import Clip, closed_truth
from instrunet.datasets.facts import Provenance
from instrunet.datasets.manifest import Header, Manifest
from instrunet.datasets.merging import merge
from instrunet.errors import UsageError
from instrunet.labels import vocabulary


def one(name: str, words: str, present: list[str], root: str = "/data", **extra: object) -> Manifest:
    labels = vocabulary(words).labels if words != "own" else tuple(present)
    clip = Clip(f"{name}/1", "a/1.wav", name, "mix", f"{name}/g", closed_truth(labels, present), extra=extra)
    header = Header(words, labels, root, provenance=(Provenance(name, licence=f"{name} licence", found={"clips": 1}),))
    return Manifest.from_clips([clip], header, events=[(f"{name}/1", 0.0, 1.0, present[0])])


def test_the_same_words_are_put_under_each_other() -> None:
    both = merge([one("a", "openmic", ["guitar"], "/data/a", artist="x"), one("b", "openmic", ["voice"], "/data/b")])
    assert both.vocabulary == "openmic"
    assert both.column("path") == ["a/a/1.wav", "b/a/1.wav"]
    assert both.root == Path("/data")
    assert both.paths()[1] == Path("/data/b/a/1.wav")
    assert both.column("artist") == ["x", None]
    assert both.y().sum(axis=1).tolist() == [1, 1]
    assert [entry.licence for entry in both.header.provenance] == ["a licence", "b licence"]
    assert both.events.num_rows == 2


def test_different_words_are_projected_first_and_nothing_is_invented() -> None:
    both = merge([one("a", "openmic", ["guitar"]), one("b", "nsynth", ["string"])])
    assert both.vocabulary == "openmic"
    assert both.y()[1].sum() == 0
    violin, cello, drums = (both.labels.index(name) for name in ("violin", "cello", "drums"))
    assert both.mask()[1, [violin, cello, drums]].tolist() == [False, False, False]
    assert both.mask()[1, both.labels.index("flute")]
    assert (
        merge([one("a", "openmic", ["guitar"]), one("b", "nsynth", ["flute"])], vocabulary="instrunet").vocabulary
        == "instrunet"
    )


def test_own_words_take_over_the_published_ones() -> None:
    both = merge([one("a", "own", ["sax"]), one("b", "openmic", ["voice"])])
    assert both.vocabulary == "openmic"
    assert both.y()[0, both.labels.index("saxophone")] == 1


def test_a_further_column_of_two_types_becomes_text() -> None:
    both = merge([one("a", "openmic", ["voice"], song=3), one("b", "openmic", ["voice"], song="three")])
    assert both.column("song") == ["3", "three"]


def test_the_same_clip_twice_and_nothing_at_all() -> None:
    with pytest.raises(UsageError, match=r"1 clips occur more than once, a/1"):
        merge([one("a", "openmic", ["voice"]), one("a", "openmic", ["voice"])])
    with pytest.raises(UsageError):
        merge([])


def test_a_merge_is_written_and_read(tmp_path: Path) -> None:
    both = merge([one("a", "openmic", ["voice"]), one("b", "irmas", ["cel"])])
    assert Manifest.read(both.write(tmp_path / "m.parquet")).table.equals(both.table)
