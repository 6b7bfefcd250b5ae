from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from instrunet.errors import UsageError
from instrunet.synthesis.miniatures import MINIATURES, Miniature, write_miniature
from instrunet.synthesis.miniatures.sound_files import write_float, write_ogg, write_pcm

Get = Callable[[str], Miniature]


def digests(folder: Path) -> dict[str, str]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(miniature: Get, tmp_path: Path) -> None:
    first = digests(miniature("nsynth").folder)
    assert digests(write_miniature("nsynth", tmp_path / "again", seed=7).folder) == first
    assert digests(write_miniature("nsynth", tmp_path / "other", seed=8).folder) != first


@pytest.mark.slow
@pytest.mark.parametrize("name", MINIATURES)
def test_every_miniature_is_the_same_bytes_again(name: str, miniature: Get, tmp_path: Path) -> None:
    assert digests(write_miniature(name, tmp_path / name, seed=7).folder) == digests(miniature(name).folder)


def test_sound_files_do_not_know_the_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.sin(np.arange(8000, dtype=np.float32) / 9)
    for write, name in ((write_pcm, "a.wav"), (write_pcm, "a.flac"), (write_float, "b.wav")):
        write(tmp_path / name, x, 8000)
        again = tmp_path / f"again-{name}"
        write(again, x, 8000)
        assert (tmp_path / name).read_bytes() == again.read_bytes()
        assert np.abs(soundfile.read(again)[0] - x).max() < 1e-3
    write_ogg(tmp_path / "a.ogg", x, 8000, serial=5)
    write_ogg(tmp_path / "b.ogg", x, 8000, serial=5)
    write_ogg(tmp_path / "c.ogg", x, 8000, serial=6)
    assert (tmp_path / "a.ogg").read_bytes() == (tmp_path / "b.ogg").read_bytes()
    assert (tmp_path / "a.ogg").read_bytes() != (tmp_path / "c.ogg").read_bytes()
    assert len(soundfile.read(tmp_path / "c.ogg")[0]) == 8000


@pytest.mark.parametrize("name", MINIATURES)
def test_every_clip_named_in_the_truth_sounds(name: str, miniature: Get) -> None:
    mini = miniature(name)
    assert len({c.path for c in mini.clips}) == len(mini.clips)
    for clip in mini.clips[:: max(1, len(mini.clips) // 6)]:
        x, _ = soundfile.read(mini.folder / clip.path)
        assert np.abs(x).max() > 0.05
        assert clip.labels
        assert not set(clip.labels) & set(clip.absent)
    sounds = {p for p in mini.folder.rglob("*") if p.suffix in {".wav", ".flac", ".ogg"}}
    assert {mini.folder / c.path for c in mini.clips} == sounds


def test_a_miniature_never_overwrites_unasked(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="--force"):
        write_miniature("nsynth", tmp_path)
    write_miniature("nsynth", tmp_path, force=True)
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert not list(tmp_path.parent.glob(".part-*"))


def test_mistakes_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no miniature 'irms'; there are irmas"):
        write_miniature("irms", tmp_path / "x")
    with pytest.raises(UsageError, match="1 or more"):
        write_miniature("irmas", tmp_path / "x", scale=0)


def test_scale_multiplies_the_clips(miniature: Get, tmp_path: Path) -> None:
    twice = write_miniature("medley_solos_db", tmp_path / "twice", seed=7, scale=2)
    assert len(twice.clips) == 2 * len(miniature("medley_solos_db").clips)
