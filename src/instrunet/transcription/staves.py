"""Which staff and voice a note is written on: hands of a keyboard, clefs, at most two voices a staff."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from instrunet.transcription.quantise import ScoreNote

TWO_STAVES = frozenset({"piano", "electric_piano", "organ", "harpsichord", "harp", "accordion", "synthesizer"})
SPAN_OF_A_HAND = 14


@dataclass(frozen=True)
class Chord:
    """Notes that begin and end together."""

    start: Fraction
    duration: Fraction
    pitches: tuple[int, ...]
    velocity: int

    @property
    def end(self) -> Fraction:
        """Where it ends."""
        return self.start + self.duration


def hands(notes: Sequence[ScoreNote]) -> tuple[tuple[ScoreNote, ...], tuple[ScoreNote, ...]]:
    """Split a keyboard part into right and left hand with a line that moves with the music.

    At each moment the split lies in the widest gap near the running centre, so that a melody in the tenor range is
    not torn at middle C, and each hand's span stays playable.
    """
    right: list[ScoreNote] = []
    left: list[ScoreNote] = []
    line = 60.0
    by_start: dict[Fraction, list[ScoreNote]] = {}
    for note in sorted(notes, key=lambda n: (n.start, n.pitch)):
        by_start.setdefault(note.start, []).append(note)
    for start in sorted(by_start):
        group = by_start[start]
        held = [n for n in (*right[-6:], *left[-6:]) if n.start < start < n.start + n.duration]
        pitches = sorted({n.pitch for n in (*group, *held)})
        line = 0.7 * line + 0.3 * _split(pitches, line)
        for note in group:
            (right if note.pitch >= line else left).append(note)
    return tuple(right), tuple(left)


def _split(pitches: list[int], line: float) -> float:
    if not pitches:
        return line
    if len(pitches) == 1:
        return min(max(line, pitches[0] - 9.0), pitches[0] + 9.0) if abs(pitches[0] - 60) < 8 else 60.0
    gaps = [(b - a - 0.35 * abs((a + b) / 2 - line), (a + b) / 2) for a, b in itertools.pairwise(pitches)]
    best = max(gaps)[1]
    if pitches[-1] - pitches[0] <= SPAN_OF_A_HAND:
        return pitches[0] - 1.0 if pitches[0] >= 55 else pitches[-1] + 1.0 if pitches[-1] <= 60 else best
    return best


def clef_of(notes: Sequence[ScoreNote], *, usual: str | None = None) -> str:
    """Choose treble, alto, tenor or bass by the middle of what is written.

    >>> clef_of([ScoreNote(Fraction(0), Fraction(1), 40, 80)])
    'bass'
    """
    if usual is not None:
        return usual
    if not notes:
        return "treble"
    ordered = sorted(n.pitch for n in notes)
    middle = ordered[len(ordered) // 2]
    return "treble" if middle >= 58 else "bass"


def voices(notes: Sequence[ScoreNote], *, most: int = 2) -> tuple[tuple[Chord, ...], ...]:
    """Arrange the notes of a staff in at most ``most`` voices without overlaps, cutting what does not fit."""
    lanes: list[list[Chord]] = [[] for _ in range(most)]
    for chord in _chords(notes):
        free = [lane for lane in lanes if not lane or lane[-1].end <= chord.start]
        if free:
            free[0].append(chord)
            continue
        lane = min(lanes, key=lambda voice: abs(max(voice[-1].pitches) - max(chord.pitches)))
        last = lane[-1]
        if last.start == chord.start:
            merged = tuple(sorted({*last.pitches, *chord.pitches}))
            lane[-1] = replace(last, pitches=merged)
        else:
            lane[-1] = replace(last, duration=chord.start - last.start)
            lane.append(chord)
    used = [lane for lane in lanes if lane]
    if len(used) == 2 and len(used[1]) <= 0.08 * len(used[0]):
        return (tuple(_one_voice(notes)),)
    return tuple(tuple(lane) for lane in used)


def _chords(notes: Sequence[ScoreNote]) -> list[Chord]:
    grouped: dict[tuple[Fraction, Fraction], list[ScoreNote]] = {}
    for note in notes:
        grouped.setdefault((note.start, note.duration), []).append(note)
    chords = [
        Chord(start, duration, tuple(sorted({n.pitch for n in group})), max(n.velocity for n in group))
        for (start, duration), group in grouped.items()
    ]
    return sorted(chords, key=lambda c: (c.start, -max(c.pitches)))


def _one_voice(notes: Sequence[ScoreNote]) -> list[Chord]:
    by_start: dict[Fraction, list[ScoreNote]] = {}
    for note in notes:
        by_start.setdefault(note.start, []).append(note)
    starts = sorted(by_start)
    chords: list[Chord] = []
    for index, start in enumerate(starts):
        group = by_start[start]
        duration = max(n.duration for n in group)
        if index + 1 < len(starts):
            duration = min(duration, starts[index + 1] - start)
        chords.append(Chord(start, duration, tuple(sorted({n.pitch for n in group})), max(n.velocity for n in group)))
    return chords
