from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from instrunet.tagging.jobs import embedding
from instrunet.tagging.jobs.watching import arrivals
from instrunet.tagging.tags import InstrumentTag, Tags
from tests.synth import tone

pytest.importorskip("mutagen")


def tags_of(path: Path, *labels: str) -> Tags:
    none = np.zeros(0, np.float32)
    instruments = tuple(InstrumentTag(label, 0.9, True, 0.5, none) for label in labels)
    return Tags(str(path), 1.0, "instrunet", "tiny", instruments, none)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3"])
def test_tags_are_planned_written_and_undone(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"song.{suffix}"
    soundfile.write(path, tone(440.0, 0.5, sample_rate_hz=44_100), 44_100)
    sound = soundfile.read(path)[0]
    untouched = path.read_bytes()
    (change,) = embedding.plan([tags_of(path, "piano", "violin")])
    assert (change.before, change.after) == (None, "piano; violin")
    assert path.read_bytes() == untouched
    journal = tmp_path / "journal.jsonl"
    list(embedding.apply([change], journal))
    assert embedding.read(path) == "piano; violin"
    assert np.array_equal(soundfile.read(path)[0], sound)
    (again,) = embedding.plan([tags_of(path, "piano", "violin")])
    assert not again.is_change
    list(embedding.apply(embedding.plan([tags_of(path, "flute")]), journal))
    assert embedding.read(path) == "flute"
    assert [c.after for c in embedding.undo(journal)] == ["piano; violin", None]
    assert embedding.read(path) is None
    assert np.array_equal(soundfile.read(path)[0], sound)


def test_other_tags_stay(tmp_path: Path) -> None:
    import mutagen

    path = tmp_path / "song.flac"
    soundfile.write(path, tone(440.0, 0.3), 32_000)
    audio = mutagen.File(path)
    audio["title"] = ["A Song"]
    audio.save()
    embedding.write(path, "oboe")
    assert mutagen.File(path)["title"] == ["A Song"]


def test_what_holds_no_tags_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("hello")
    (change,) = embedding.plan([tags_of(tmp_path / "x.txt", "piano")])
    assert change.error is not None
    assert "x.txt" in change.error
    assert not change.is_change


def test_files_are_taken_when_they_have_stopped_growing(tmp_path: Path) -> None:
    looks = 0

    def wait(_: float) -> None:
        nonlocal looks
        looks += 1
        if looks in (1, 2):
            with (tmp_path / "slow.wav").open("ab") as file:
                file.write(b"x" * 10)
        if looks == 5:
            shutil.copy(tmp_path / "slow.wav", tmp_path / "late.wav")

    found = list(arrivals(lambda: sorted(tmp_path.glob("*.wav")), stop=lambda: looks >= 9, sleep=wait))
    assert [[p.name for p in batch] for batch in found] == [["slow.wav"], ["late.wav"]]
