from __future__ import annotations

from pathlib import Path

import pytest

from instrunet.datasets.clips import Clip
from instrunet.datasets.description import describe
from instrunet.datasets.manifest import Header, Manifest


@pytest.fixture
def manifest() -> Manifest:
    clips = [
        Clip("a", "a.wav", "d", "mix", "g1", {"piano": 1.0, "voice": 0.9}, duration_s=1800, split="train"),
        Clip("b", "b.wav", "d", "stem", "g1", {"piano": 0.2}, split="test"),
        Clip("c", "c.wav", "e", "mix", "g2", {"piano": 1.0, "voice": 0.0}, duration_s=1800),
    ]
    return Manifest.from_clips(clips, Header("own", ("piano", "voice")))


def test_everything_is_counted(manifest: Manifest) -> None:
    seen = describe(manifest)
    assert (seen.n_clips, seen.n_groups, seen.hours, seen.n_unknown_durations) == (3, 2, 1.0, 1)
    assert seen.clips_by_split == {"train": 1, "test": 1, "no split": 1}
    assert seen.labels_per_clip == {0: 1, 1: 1, 2: 1}
    assert seen.unknown_share == pytest.approx(1 / 6)
    piano, voice = seen.classes
    assert (piano.present, piano.absent, piano.unknown) == (2, 1, 0)
    assert piano.present_by_split == {"train": 1, "test": 0, "no split": 1}
    assert (voice.present, voice.absent, voice.unknown) == (1, 1, 1)


def test_an_empty_table_and_one_without_labels_are_described(manifest: Manifest) -> None:
    assert describe(manifest.take([])).n_clips == 0
    none = Manifest.from_clips([Clip("a", "a.wav", "d", "mix", "g", {})], Header("own", ()))
    assert describe(none).labels_per_clip == {0: 1}


def test_lines_name_licences_and_what_is_missing(shared: Path) -> None:
    from instrunet.datasets.registry import index

    said = "\n".join(describe(index("irmas", shared / "layouts/irmas")).lines())
    assert "licence CC BY-NC-SA 3.0" in said
    assert "6,704" in said
