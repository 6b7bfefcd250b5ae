"""Rhythms: cells of which lines are made, and the patterns of drums and percussion, in steps of a bar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Rhythm = tuple[tuple[float, float], ...]
"""(start, length) in beats."""

CELLS: tuple[Rhythm, ...] = (
    ((0, 1),),
    ((0, 0.5), (0.5, 0.5)),
    ((0, 0.75), (0.75, 0.25)),
    ((0.5, 0.5),),
    ((0, 0.25), (0.25, 0.25), (0.5, 0.5)),
    ((0, 0.5), (0.5, 0.25), (0.75, 0.25)),
    ((0, 0.25), (0.25, 0.25), (0.5, 0.25), (0.75, 0.25)),
    ((0, 1 / 3), (1 / 3, 1 / 3), (2 / 3, 1 / 3)),
)
CALM = (0, 0, 1, 3)


def draw_rhythm(rng: np.random.Generator, beats: int, busy: float, *, rest: float = 0.15) -> Rhythm:
    """A bar of cells: calm ones when ``busy`` is near 0, any when it is near 1; notes may reach over beats.

    >>> draw_rhythm(np.random.default_rng(0), 4, 0.0, rest=0.0)[0][0]
    0.0
    """
    notes: list[tuple[float, float]] = []
    beat = 0
    while beat < beats:
        draw = rng.random()
        if draw < rest:
            beat += 1
            continue
        if draw > 0.35 + 0.65 * busy and beat + 2 <= beats:
            held = 2 if rng.random() < 0.7 else min(4, beats - beat)
            notes.append((float(beat), float(held)))
            beat += held
            continue
        number = int(rng.integers(len(CELLS))) if rng.random() < busy else CALM[int(rng.integers(len(CALM)))]
        notes += [(beat + start, length) for start, length in CELLS[number]]
        beat += 1
    return tuple(notes)


def swung(beat: float, swing: float) -> float:
    """Where a time in beats falls when the second half of every beat comes late.

    >>> swung(1.5, 0.33), swung(2.0, 0.33)
    (1.665, 2.0)
    """
    whole, part = divmod(beat, 1.0)
    warped = part * (1 + swing) if part < 0.5 else 1 - (1 - part) * (1 - swing)
    return float(whole + warped)


@dataclass(frozen=True)
class Pattern:
    """Strokes in sixteenths of a four-beat bar; a number stands for how loud (9 = full), a dot for nothing."""

    kick: str
    snare: str
    steady: str


PATTERNS = {
    "rock": Pattern("9.......8.6.....", "....9.......9...", "7.5.7.5.7.5.7.5."),
    "four": Pattern("9...9...9...9...", "....9.......9...", "..7...7...7...7."),
    "half": Pattern("9.....6.........", "........9.......", "6.4.6.4.6.4.6.4."),
    "funk": Pattern("9..6......8..5..", "....9.3..3..9..3", "7454745474547454"),
    "swing": Pattern("5.......4.......", "....4.......4...", "8...7..58...7..5"),
    "brush": Pattern("4.......3.......", "..3.5.3...3.5.3.", "5...5...5...5..."),
    "latin": Pattern("9..7..8...9..7..", "...7..7...7..7..", "7.6.7.6.7.6.7.6."),
    "march": Pattern("9...8...9...8...", "7.447.447.447777", "................"),
}
HAND_PATTERNS = (
    "9..6..9.9..6..9.",
    "8.5.8.5.8.5.8.5.",
    "7454745474547454",
    "..8...8...8...8.",
    "9.....7...9.7...",
    "....9.......9...",
)
