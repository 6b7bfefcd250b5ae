from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from instrunet.audio import load, write
from instrunet.errors import InstrunetError
from instrunet.transcription import pipeline, stem_files
from instrunet.transcription.chapters import chapters, faded_together
from instrunet.transcription.notes import Note, Part
from instrunet.transcription.pipeline import ScoreMaker, ScoreRequest
from instrunet.transcription.separation import Samples, Stems, summing_to
from tests.synth import tone

RATE = stem_files.RATE_HZ


class Halves:
    """A separator that gives half of the mix to each of two instruments, and remembers how long its mixes were."""

    name = "halves"

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def separate(self, mix: Samples, sample_rate_hz: int, instruments: tuple[str, ...]) -> Stems:
        self.lengths.append(len(mix))
        return summing_to(mix, {name: mix / np.float32(2) for name in instruments}, sample_rate_hz)


@pytest.fixture
def short_chapters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stem_files, "CHAPTER_S", 1.0)
    monkeypatch.setattr(stem_files, "MARGIN", round(0.25 * RATE))
    monkeypatch.setattr(pipeline, "CHAPTER_S", 1.0)


@pytest.mark.parametrize("lengths", [(100,), (100, 100, 100), (100, 100, 1), (100, 60)])
def test_chapters_fade_into_the_whole_again(lengths: tuple[int, ...], rng: np.random.Generator) -> None:
    blocks = [{"x": rng.standard_normal(n).astype(np.float32)} for n in lengths]
    whole = np.concatenate([b["x"] for b in blocks])
    done = list(chapters(blocks, 30))
    assert [c.n_samples for c in done] == list(lengths)
    for chapter in done:
        first, last = chapter.start - chapter.lead, chapter.start + chapter.n_samples + chapter.tail
        assert np.array_equal(chapter.samples["x"], whole[first:last])
    again = np.concatenate([piece["x"] for piece in faded_together(done, 30)])
    assert np.allclose(again, whole, atol=1e-6)


def test_a_long_recording_is_taken_apart_in_chapters(
    tmp_path: Path, rng: np.random.Generator, short_chapters: None
) -> None:
    mix = (0.1 * rng.standard_normal(round(3.6 * RATE))).astype(np.float32)
    by = Halves()
    taken = stem_files.write_stems(
        tmp_path, np.split(mix, [RATE, 2 * RATE, 3 * RATE]), ("flute", "cello"), by, lambda done_s: None
    )
    assert by.lengths == [round(s * RATE) for s in (1.25, 1.5, 1.5, 0.85)]
    assert taken.duration_s == 3.6
    assert taken.energy_shares == {"flute": 0.25, "cello": 0.25, "rest": 0.0}
    assert np.abs(load(tmp_path / "stems" / "flute.flac").samples - mix / 2).max() < 1e-6
    read = list(stem_files.read_stems(tmp_path, ("flute", "cello")))
    assert [(c.from_s, c.start_s, c.end_s) for c in read] == [
        (0.0, 0.0, 1.0),
        (0.75, 1.0, 2.0),
        (1.75, 2.0, 3.0),
        (2.75, 3.0, 3.6),
    ]
    assert np.abs(read[1].mix - mix[round(0.75 * RATE) : round(2.25 * RATE)]).max() < 1e-6


def test_stems_louder_than_a_file_holds_still_sum_to_the_mix(tmp_path: Path) -> None:
    class Loud(Halves):
        def separate(self, mix: Samples, sample_rate_hz: int, instruments: tuple[str, ...]) -> Stems:
            return summing_to(mix, {name: 3 * mix for name in instruments}, sample_rate_hz)

    mix = tone(220.0, 0.5, sample_rate_hz=RATE, level=0.5)
    stem_files.write_stems(tmp_path, [mix], ("flute",), Loud(), lambda done_s: None)
    (chapter,) = stem_files.read_stems(tmp_path, ("flute",))
    assert np.abs(chapter.mix - mix).max() < 1e-5


def test_notes_of_every_chapter_come_once_and_in_their_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, short_chapters: None
) -> None:
    truth = [0.1, 0.9, 0.99, 1.01, 1.8, 2.2, 3.3]

    def hears(mix: Samples, stems: Stems, *, playing: object, options: object) -> tuple[Part, ...]:
        """A note wherever the mix jumps."""
        at = np.flatnonzero(np.diff(mix) > 0.3) / RATE
        return (Part("flute", tuple(Note(float(t), float(t) + 0.05, 72) for t in at)),)

    monkeypatch.setattr(pipeline, "write_down", hears)
    x = np.zeros(round(3.6 * RATE), np.float32)
    x[[round(t * RATE) for t in truth]] = 0.5
    write(tmp_path / "clicks.wav", x, RATE)
    said: list[tuple[str, str]] = []
    maker = ScoreMaker(
        tmp_path / "clicks.wav",
        tmp_path / "out",
        ScoreRequest(instruments=("flute",), separator="nmf"),
        notify=lambda *words: said.append(words),
    )
    (part,) = maker.parts
    assert [round(n.onset_s, 3) for n in part.notes] == pytest.approx(truth, abs=0.002)
    assert ("separate", "running, 0:01 done") in said


def test_what_is_too_long_is_cut_and_said_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "LONGEST_S", 1.2)
    write(tmp_path / "long.wav", tone(220.0, 2.0, sample_rate_hz=RATE), RATE)
    for _ in range(2):  # the second time nothing is done, and it is said all the same
        maker = ScoreMaker(tmp_path / "long.wav", tmp_path / "out", ScoreRequest(instruments=("flute",)))
        assert maker.separate().facts["duration_s"] == 1.2
        assert len(maker.remarks) == 1
        assert "--start" in maker.remarks[0]


def test_a_start_behind_the_end_is_said(tmp_path: Path) -> None:
    write(tmp_path / "short.wav", tone(220.0, 1.0, sample_rate_hz=RATE), RATE)
    maker = ScoreMaker(tmp_path / "short.wav", tmp_path / "out", ScoreRequest(instruments=("flute",), start_s=5.0))
    with pytest.raises(InstrunetError, match="no sound from 5 s on"):
        maker.separate()
    assert not list((tmp_path / "out").rglob("*.flac"))
