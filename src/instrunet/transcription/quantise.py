"""From seconds to note values: the simplest notation that stays close to what was played."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from instrunet.transcription.beats import BeatGrid
from instrunet.transcription.hands import TWO_STAVES, hands
from instrunet.transcription.limits import limits_of
from instrunet.transcription.metre import Metre
from instrunet.transcription.notes import Note, Part

STRAIGHT = tuple(Fraction(k, 4) for k in range(5))
TRIPLET = tuple(Fraction(k, 3) for k in range(4))
DURATIONS = tuple(
    Fraction(n, d) for n, d in [(1, 4), (1, 3), (1, 2), (2, 3), (3, 4), (1, 1), (3, 2), (2, 1), (3, 1), (4, 1)]
)
COST_PER_LEVEL = {1: 0.0, 2: 0.0006, 3: 0.0022, 4: 0.0024}
"""Price of a position by its denominator, in squared beats: plain positions win unless the playing says otherwise."""


@dataclass(frozen=True)
class ScoreNote:
    """A note in beats (quarter notes) from the first downbeat; negative in a pick-up.

    On a keyboard, ``hand`` is ``right`` or ``left``; empty where it has not been decided.
    """

    start: Fraction
    duration: Fraction
    pitch: int
    velocity: int
    hand: str = ""


@dataclass(frozen=True)
class ScorePart:
    """The quantised notes of one instrument."""

    instrument: str
    notes: tuple[ScoreNote, ...]
    confidence: float


@dataclass(frozen=True)
class QuantisedMusic:
    """All parts on one grid.

    Attributes:
        parts: The instruments.
        tempo_bpm: Quarter notes a minute.
        beats_per_bar: Numerator of the metre (over 4).
        pickup: Beats before the first full bar.
        swing: Whether eighths were played long-short and are written straight.
        error_beats: Mean distance between played and written onsets, in beats.
    """

    parts: tuple[ScorePart, ...]
    tempo_bpm: float
    beats_per_bar: int
    pickup: Fraction
    swing: bool
    error_beats: float


def quantise(parts: Sequence[Part], grid: BeatGrid, metre: Metre) -> QuantisedMusic:
    """Put every part on the grid; straight, triplet or swung eighths are decided beat by beat and piece by piece."""
    played = {
        id(part): [(grid.position(n.onset_s), grid.position(n.offset_s), n) for n in part.notes] for part in parts
    }
    everything = [row for rows in played.values() for row in rows]
    swing = _swings([row[0] for row in everything])
    feel = _feels([row[0] for row in everything], swing=swing)
    errors: list[float] = []
    done: list[ScorePart] = []
    for part in parts:
        notes = [_placed(row, feel, metre, errors, swing=swing) for row in played[id(part)]]
        done.append(ScorePart(part.instrument, _written(part, notes), part.confidence))
    starts = [n.start for p in done for n in p.notes]
    pickup = max(Fraction(0), -min(starts, default=Fraction(0)))
    mean_error = sum(errors) / len(errors) if errors else 0.0
    return QuantisedMusic(tuple(done), grid.tempo_bpm, metre.beats_per_bar, pickup, swing, mean_error)


def _swings(positions: list[float]) -> bool:
    """Whether off-beat onsets sit at two thirds of the beat and hardly any at one third."""
    inside = [p % 1 for p in positions]
    late = sum(0.58 < f < 0.74 for f in inside)
    even = sum(0.42 < f < 0.58 for f in inside)
    early = sum(0.25 < f < 0.42 for f in inside)
    return late >= 8 and late > 3 * even and late > 3 * early


def _feels(positions: list[float], *, swing: bool) -> dict[int, tuple[Fraction, ...]]:
    """For each beat the set of positions that costs least for the onsets inside it."""
    by_beat: dict[int, list[float]] = {}
    for position in positions:
        beat = int(position // 1)
        by_beat.setdefault(beat, []).append(position - beat)
    if swing:
        return dict.fromkeys(by_beat, TRIPLET)
    return {beat: min((STRAIGHT, TRIPLET), key=lambda s: _cost(inside, s)) for beat, inside in by_beat.items()}


def _cost(inside: list[float], positions: tuple[Fraction, ...]) -> float:
    total = 0.004 if positions is TRIPLET else 0.0
    for fraction in inside:
        total += min((fraction - float(p)) ** 2 + COST_PER_LEVEL[p.denominator] for p in positions)
    return total


def _placed(
    row: tuple[float, float, Note],
    feel: dict[int, tuple[Fraction, ...]],
    metre: Metre,
    errors: list[float],
    *,
    swing: bool,
) -> ScoreNote:
    onset, offset, note = row
    beat = int(onset // 1)
    slots = feel.get(beat, STRAIGHT)
    slot = min(slots, key=lambda p: (onset - beat - float(p)) ** 2 + COST_PER_LEVEL[p.denominator])
    errors.append(abs(onset - beat - float(slot)))
    length = _duration(offset - onset, triplet=slots is TRIPLET and not swing)
    start = Fraction(beat - metre.first_downbeat) + (_unswung(slot) if swing else slot)
    return ScoreNote(start, length, note.pitch, note.velocity)


def _unswung(slot: Fraction) -> Fraction:
    return Fraction(1, 2) if slot == Fraction(2, 3) else slot


def _duration(beats: float, *, triplet: bool) -> Fraction:
    """The plainest value near a played length; short ones are stretched rather than cluttered with rests."""
    allowed = [d for d in DURATIONS if (d.denominator == 3) <= triplet]
    return min(allowed, key=lambda d: abs(float(d) - beats * 1.08) / (float(d) + 0.3) + 0.02 * (d.denominator > 2))


def _written(part: Part, notes: list[ScoreNote]) -> tuple[ScoreNote, ...]:
    """Tidy a part, the hands of a keyboard each by itself: a melody is held over a moving left hand."""
    if part.instrument not in TWO_STAVES:
        alone = not part.is_drums and limits_of(part.instrument).polyphony == 1
        return _tidy(_one_at_a_time(notes) if alone else notes, drums=part.is_drums)
    by_hand = dict(zip(("right", "left"), hands(notes), strict=True))
    played = [replace(n, hand=hand) for hand, own in by_hand.items() for n in _tidy(own, drums=False)]
    return tuple(sorted(played, key=lambda n: (n.start, n.pitch)))


def _one_at_a_time(notes: list[ScoreNote]) -> list[ScoreNote]:
    """Of quick notes that fall on one place, the longest: a flute has no chords."""
    longest: dict[Fraction, ScoreNote] = {}
    for note in notes:
        if note.start not in longest or note.duration > longest[note.start].duration:
            longest[note.start] = note
    return list(longest.values())


def _tidy(notes: Sequence[ScoreNote], *, drums: bool) -> tuple[ScoreNote, ...]:
    """One note a pitch and place; a note ends where the same voice goes on, and small gaps are closed."""
    latest: dict[tuple[Fraction, int], ScoreNote] = {}
    for note in notes:
        key = (note.start, note.pitch)
        if key not in latest or note.duration > latest[key].duration:
            latest[key] = note
    ordered = sorted(latest.values(), key=lambda n: (n.start, n.pitch))
    starts = sorted({n.start for n in ordered})
    following = dict(itertools.pairwise(starts))
    done: list[ScoreNote] = []
    for note in ordered:
        room = following.get(note.start)
        duration = note.duration
        if room is not None:
            gap = room - note.start
            if drums or duration > gap or gap - duration <= Fraction(1, 4) or (gap <= 1 and 2 * duration >= gap):
                duration = min(gap, Fraction(1)) if drums else gap if gap <= duration * 2 else duration
        done.append(ScoreNote(note.start, duration, note.pitch, note.velocity))
    return tuple(done)
