"""Two hands at a keyboard: which of them plays a note."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from instrunet.transcription.quantise import ScoreNote

TWO_STAVES = frozenset({"piano", "electric_piano", "organ", "harpsichord", "harp", "accordion", "synthesizer"})
SPAN = 12
MOST_FINGERS = 5
KEPT = 12
"""How many ways of playing what came so far are kept in mind."""


@dataclass(frozen=True)
class _Hand:
    """Where a hand is (mean pitch of what it last played) and until when it holds it."""

    centre: float
    until: Fraction = Fraction(0)


@dataclass(frozen=True)
class _Way:
    """A way of playing everything so far: its cost, both hands, and how many notes the left took at each start."""

    cost: float
    left: _Hand
    right: _Hand
    taken: tuple[int, Any] | None = None


def hands(notes: Sequence[ScoreNote]) -> tuple[tuple[ScoreNote, ...], tuple[ScoreNote, ...]]:
    """Share a keyboard part out between right and left hand.

    Of the notes that begin together the left hand takes the lowest, from none to all. The cheapest way through the
    whole part is sought, where it costs to stretch, to leap, to cross, to go far into the other's half, and to begin a
    note beside one that the same hand holds.
    """
    groups = [list(group) for _, group in groupby(sorted(notes, key=lambda n: (n.start, n.pitch)), lambda n: n.start)]
    ways = [_Way(0.0, _Hand(50.0), _Hand(72.0))]
    for group in groups:
        longer = [_played(way, group, taken) for way in ways for taken in range(len(group) + 1)]
        ways = sorted(longer, key=lambda way: way.cost)[:KEPT]
    right: list[ScoreNote] = []
    left: list[ScoreNote] = []
    step = ways[0].taken
    for group in reversed(groups):
        assert step is not None
        taken, step = step
        left += group[:taken]
        right += group[taken:]
    return tuple(sorted(right, key=_place)), tuple(sorted(left, key=_place))


def _place(note: ScoreNote) -> tuple[Fraction, int]:
    return note.start, note.pitch


def _played(way: _Way, group: list[ScoreNote], taken: int) -> _Way:
    low, high = group[:taken], group[taken:]
    cost = way.cost + _effort(way.left, low) + _effort(way.right, high)
    cost += sum(0.04 * max(0, n.pitch - 66) for n in low) + sum(0.04 * max(0, 54 - n.pitch) for n in high)
    if low and not high:
        cost += 0.08 * max(0.0, low[-1].pitch - way.right.centre)
    if high and not low:
        cost += 0.08 * max(0.0, way.left.centre - high[0].pitch)
    return _Way(cost, _moved(way.left, low), _moved(way.right, high), (taken, way.taken))


def _effort(hand: _Hand, notes: list[ScoreNote]) -> float:
    if not notes:
        return 0.0
    span = notes[-1].pitch - notes[0].pitch
    leap = abs(_mean(notes) - hand.centre)
    still_held = 1.0 if hand.until - notes[0].start > Fraction(1, 4) else 0.0
    return 0.4 * max(0, span - SPAN) + 0.06 * min(leap, 24.0) + 2.0 * max(0, len(notes) - MOST_FINGERS) + still_held


def _moved(hand: _Hand, notes: list[ScoreNote]) -> _Hand:
    return _Hand(_mean(notes), max(hand.until, *(n.start + n.duration for n in notes))) if notes else hand


def _mean(notes: list[ScoreNote]) -> float:
    return sum(n.pitch for n in notes) / len(notes)
