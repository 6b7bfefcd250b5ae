from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from instrunet.transcription.beats import BeatGrid
from instrunet.transcription.hands import hands
from instrunet.transcription.metre import Metre
from instrunet.transcription.midi import read_midi, write_midi
from instrunet.transcription.notes import Note, Part
from instrunet.transcription.quantise import QuantisedMusic, ScoreNote, ScorePart, quantise
from instrunet.transcription.staves import voices

music21 = pytest.importorskip("music21")
pytest.importorskip("verovio")

from instrunet.transcription.engrave import svg_pages, write_pdf  # noqa: E402
from instrunet.transcription.notation import write_musicxml  # noqa: E402


def line(pitches: list[int], *, length: Fraction = Fraction(1)) -> tuple[ScoreNote, ...]:
    return tuple(ScoreNote(i * length, length, p, 80) for i, p in enumerate(pitches))


def score(*parts: ScorePart, beats: int = 4) -> QuantisedMusic:
    return QuantisedMusic(parts, 100.0, beats, Fraction(0), swing=False, error_beats=0.0)


def test_the_score_reads_back_note_for_note(tmp_path: Path) -> None:
    tune = [60, 62, 64, 65, 67, 69, 71, 72]
    write_musicxml(tmp_path / "s.musicxml", score(ScorePart("violin", line(tune), 1.0)))
    back = music21.converter.parse(tmp_path / "s.musicxml")
    assert [n.pitch.midi for n in back.flatten().notes if "ChordSymbol" not in n.classes] == tune
    assert back.recurse().getElementsByClass("TimeSignature")[0].ratioString == "4/4"


def test_a_clarinet_is_written_a_tone_higher_and_sounds_right(tmp_path: Path) -> None:
    write_musicxml(tmp_path / "s.musicxml", score(ScorePart("clarinet", line([60, 62, 64, 60]), 1.0)))
    back = music21.converter.parse(tmp_path / "s.musicxml")
    notes = [n for n in back.flatten().notes if "ChordSymbol" not in n.classes]
    assert [n.pitch.midi for n in notes] == [62, 64, 66, 62]
    sounding = back.toSoundingPitch()
    assert [n.pitch.midi for n in sounding.flatten().notes if "ChordSymbol" not in n.classes] == [60, 62, 64, 60]


@pytest.mark.parametrize(
    ("pitches", "name", "written"),
    [([60, 65, 72, 77], "Alto saxophone", 9), ([46, 53, 58, 62], "Tenor saxophone", 14),
     ([38, 41, 46, 50], "Baritone saxophone", 21)],
)  # fmt: skip
def test_the_range_chooses_the_saxophone(tmp_path: Path, pitches: list[int], name: str, written: int) -> None:
    write_musicxml(tmp_path / "s.musicxml", score(ScorePart("saxophone", line(pitches), 1.0)))
    back = music21.converter.parse(tmp_path / "s.musicxml")
    assert back.parts[0].partName == name
    notes = [n for n in back.flatten().notes if "ChordSymbol" not in n.classes]
    assert [n.pitch.midi - p for n, p in zip(notes, pitches, strict=True)] == [written] * 4
    sounding = back.toSoundingPitch()
    assert [n.pitch.midi for n in sounding.flatten().notes if "ChordSymbol" not in n.classes] == pitches


def test_notes_over_the_bar_line_are_tied(tmp_path: Path) -> None:
    notes = (ScoreNote(Fraction(0), Fraction(3), 60, 80), ScoreNote(Fraction(3), Fraction(2), 64, 80))
    write_musicxml(tmp_path / "s.musicxml", score(ScorePart("flute", notes, 1.0)))
    back = music21.converter.parse(tmp_path / "s.musicxml")
    stripped = back.parts[0].stripTies().flatten().notes
    assert [(float(n.offset), float(n.quarterLength)) for n in stripped if "ChordSymbol" not in n.classes] == [
        (0, 3),
        (3, 2),
    ]


def test_hands_and_drums_and_pages(tmp_path: Path) -> None:
    right = line([72, 74, 76, 77])
    left = tuple(ScoreNote(Fraction(k), Fraction(1), p, 70) for k, p in enumerate([48, 50, 52, 53]))
    drums = tuple(ScoreNote(Fraction(k, 2), Fraction(1, 2), 42 if k % 2 else 36, 90) for k in range(8))
    music = score(
        ScorePart("piano", tuple(sorted(right + left, key=lambda n: n.start)), 1.0), ScorePart("drums", drums, 1.0)
    )
    write_musicxml(tmp_path / "s.musicxml", music)
    text = (tmp_path / "s.musicxml").read_text()
    assert text.count("<part-name>Piano</part-name>") == 1
    assert "<staves>2</staves>" in text
    assert "<unpitched>" in text
    assert "percussion" in text
    pages = svg_pages(tmp_path / "s.musicxml")
    assert len(pages) == 1
    assert pages[0].startswith("<svg")
    pytest.importorskip("cairosvg")
    write_pdf(tmp_path / "s.pdf", pages)
    assert (tmp_path / "s.pdf").read_bytes().startswith(b"%PDF")


def test_hands_split_where_the_gap_is() -> None:
    notes = [ScoreNote(Fraction(0), Fraction(1), p, 80) for p in (40, 47, 72, 76)]
    right, left = hands(notes)
    assert [n.pitch for n in right] == [72, 76]
    assert [n.pitch for n in left] == [40, 47]


def test_a_melody_over_broken_chords_is_the_right_hands() -> None:
    melody = [(0, 2, 72), (2, 1, 76), (3, 1, 79), (4, 1.5, 71), (5.5, 0.5, 72), (6, 2, 74)]
    broken = [(k / 2, 0.5, (60, 67, 64, 67)[k % 4]) for k in range(16)]
    notes = [ScoreNote(Fraction(a), Fraction(b), p, 80) for a, b, p in [*melody, *broken]]
    right, left = hands(notes)
    assert {(a, p) for a, _, p in melody} <= {(n.start, n.pitch) for n in right}
    assert len(left) >= 14  # of 16


def test_a_melody_is_held_over_the_other_hand() -> None:
    beat_s = 0.5
    notes = [Note(2 * k * beat_s, (2 * k + 1.9) * beat_s, 72 + k) for k in range(4)]
    notes += [Note(k * beat_s / 2, (k + 0.9) * beat_s / 2, (48, 55, 52, 55)[k % 4]) for k in range(16)]
    grid = BeatGrid(tuple(beat_s * k for k in range(12)), 120.0, constant=True, confidence=1.0)
    (part,) = quantise([Part("piano", tuple(sorted(notes)))], grid, Metre(4, 0, 1.0)).parts
    assert [n.duration for n in part.notes if n.hand == "right"] == [2, 2, 2, 2]
    assert {n.duration for n in part.notes if n.hand == "left"} == {Fraction(1, 2)}


def test_a_held_note_gets_a_voice_of_its_own() -> None:
    notes = [ScoreNote(Fraction(0), Fraction(4), 60, 80), *line([72, 74, 76, 77])[1:]]
    lanes = voices(notes)
    assert len(lanes) == 2


def test_midi_there_and_back(tmp_path: Path) -> None:
    parts = (Part("flute", (Note(0.0, 0.5, 72, 90), Note(0.5, 1.0, 74, 80))), Part("drums", (Note(0.0, 0.1, 36, 100),)))
    write_midi(tmp_path / "a.mid", parts)
    back = read_midi(tmp_path / "a.mid")
    assert [p.instrument for p in back] == ["flute", "drums"]
    assert [n.pitch for n in back[0].notes] == [72, 74]
    assert abs(back[0].notes[1].onset_s - 0.5) < 0.003
