"""In which clef and voice a note is written: at most two voices a staff."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from instrunet.transcription.quantise import ScoreNote


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
