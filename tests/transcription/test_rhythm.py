from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from instrunet.transcription.beats import BeatGrid, track_beats
from instrunet.transcription.harmony import chord_symbols, find_key, spell
from instrunet.transcription.metre import Metre, guess_metre
from instrunet.transcription.notes import Note, Part
from instrunet.transcription.quantise import ScoreNote, ScorePart, quantise


def played(
    rows: list[tuple[float, float, int]],
    bpm: float,
    rng: np.random.Generator,
    *,
    start_s: float = 0.7,
    jitter_s: float = 0.008,
) -> tuple[Note, ...]:
    """Beats to seconds, with a player's unsteadiness."""
    beat_s = 60 / bpm
    notes = []
    for start, length, pitch in rows:
        onset = 0.7 + start * beat_s + float(rng.normal(0, jitter_s))
        notes.append(Note(onset, onset + 0.9 * length * beat_s, pitch))
    return tuple(sorted(notes))


def waltz(bars: int = 12) -> list[tuple[float, float, int]]:
    roots = [48, 53, 55, 48]
    rows: list[tuple[float, float, int]] = []
    for bar in range(bars):
        root = roots[bar % 4]
        rows.append((3 * bar, 1, root - 12))
        rows += [(3 * bar + beat, 1, root + step) for beat in (1, 2) for step in (4, 7)]
        rows += [(3 * bar, 2, root + 24), (3 * bar + 2, 1, root + 26)]
    return rows


def march(bars: int = 10) -> list[tuple[float, float, int]]:
    roots = [48, 55, 57, 53]
    rows: list[tuple[float, float, int]] = []
    for bar in range(bars):
        root = roots[bar % 4]
        rows += [(4 * bar, 2, root - 12), (4 * bar + 2, 2, root - 5)]
        rows += [(4 * bar + k / 2, 0.5, root + 12 + (0, 4, 7, 4, 12, 7, 4, 7)[k]) for k in range(8)]
    return rows


@pytest.mark.parametrize("bpm", [72.0, 96.0, 132.0])
def test_tempo_is_found_up_to_an_octave(bpm: float, rng: np.random.Generator) -> None:
    grid = track_beats([Part("piano", played(march(), bpm, rng))], 40.0)
    assert grid is not None
    assert grid.constant
    assert min(abs(np.log2(grid.tempo_bpm / bpm) - k) for k in (-1, 0, 1)) < 0.01
    assert grid.confidence > 0.8


@pytest.mark.parametrize(("rows", "beats"), [(waltz(), 3), (march(), 4)])
def test_metre_and_first_beat(rows: list[tuple[float, float, int]], beats: int, rng: np.random.Generator) -> None:
    parts = [Part("piano", played(rows, 100, rng))]
    grid = track_beats(parts, 30.0)
    assert grid is not None
    assert abs(grid.tempo_bpm - 100) < 1
    metre = guess_metre(grid, parts)
    assert metre.beats_per_bar == beats
    assert abs(grid.times_s[metre.first_downbeat] - 0.7) < 0.05


def test_quantised_notes_are_the_written_ones(rng: np.random.Generator) -> None:
    parts = [Part("piano", played(march(), 100, rng))]
    grid = track_beats(parts, 30.0)
    assert grid is not None
    music = quantise(parts, grid, guess_metre(grid, parts))
    written = {(Fraction(start).limit_denominator(4), pitch) for start, _, pitch in march()}
    found = {(n.start, n.pitch) for n in music.parts[0].notes}
    assert len(found & written) / len(written) > 0.97
    assert music.error_beats < 0.05


def test_triplets_stay_triplets(rng: np.random.Generator) -> None:
    rows = [(bar + k / 3, 1 / 3, 60 + 2 * k) for bar in range(16) for k in range(3)] + [
        (float(b), 1.0, 40) for b in range(16)
    ]
    parts = [Part("piano", played(rows, 90, rng, jitter_s=0.004))]
    grid = track_beats(parts, 15.0)
    assert grid is not None
    music = quantise(parts, grid, guess_metre(grid, parts))
    assert {n.start % 1 for n in music.parts[0].notes} == {Fraction(0), Fraction(1, 3), Fraction(2, 3)}


def test_free_notes_give_no_beats() -> None:
    assert track_beats([Part("flute", (Note(0, 1, 70), Note(2, 3, 72)))], 4.0) is None


@pytest.mark.parametrize(
    ("tonic", "minor", "fifths"), [(0, False, 0), (7, False, 1), (9, True, 0), (5, False, -1), (3, False, -3)]
)
def test_key(tonic: int, minor: bool, fifths: int) -> None:
    degrees = (0, 2, 3, 5, 7, 8, 10) if minor else (0, 2, 4, 5, 7, 9, 11)
    third = 3 if minor else 4
    line = [*degrees, 0, third, 7, 0, third, 7, 0]
    notes = tuple(ScoreNote(Fraction(i), Fraction(1), 60 + tonic + d, 80) for i, d in enumerate(line))
    key = find_key([ScorePart("piano", notes, 1.0)])
    assert (key.tonic, key.minor, key.fifths) == (tonic, minor, fifths)


def test_spelling_follows_the_key() -> None:
    assert spell(10, -3) == ("B", -1)
    assert spell(10, 5) == ("A", 1)
    assert len({spell(p, 0) for p in range(12)}) == 12


def test_chords_are_named(rng: np.random.Generator) -> None:
    parts = [Part("piano", played(march(8), 100, rng))]
    grid = track_beats(parts, 25.0)
    assert grid is not None
    music = quantise(parts, grid, guess_metre(grid, parts))
    assert {(s.root, s.kind) for s in chord_symbols(music)} >= {(0, ""), (7, ""), (5, "")}


def test_a_flute_has_no_chords() -> None:
    grid = BeatGrid(tuple(0.5 * k for k in range(8)), 120.0, constant=True, confidence=1.0)
    notes = (Note(0.0, 0.05, 72), Note(0.05, 0.5, 74), Note(0.5, 1.0, 76))
    for name, pitches in (("flute", [74, 76]), ("acoustic_guitar", [72, 74, 76])):
        (part,) = quantise([Part(name, notes)], grid, Metre(4, 0, 1.0)).parts
        assert [n.pitch for n in part.notes] == pitches
