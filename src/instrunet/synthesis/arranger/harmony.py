"""Harmony: keys, chords and progressions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "blues": (0, 3, 5, 6, 7, 10),
    "pentatonic": (0, 2, 4, 7, 9),
}
QUALITIES = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "dim": (0, 3, 6),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "m7": (0, 3, 7, 10),
    "sus4": (0, 5, 7),
    "5": (0, 7),
    "9": (0, 4, 7, 10, 14),
}
PROGRESSIONS: dict[str, tuple[tuple[tuple[int, str], ...], ...]] = {
    "major": (
        ((0, ""), (7, ""), (9, "m"), (5, "")),
        ((0, ""), (9, "m"), (5, ""), (7, "")),
        ((0, ""), (5, ""), (0, ""), (7, "")),
        ((0, ""), (4, "m"), (5, ""), (7, "sus4")),
        ((2, "m7"), (7, "7"), (0, "maj7"), (0, "maj7")),
        ((0, "maj7"), (9, "m7"), (2, "m7"), (7, "7")),
        ((0, ""), (2, "m"), (7, ""), (0, "")),
    ),
    "minor": (
        ((0, "m"), (8, ""), (3, ""), (10, "")),
        ((0, "m"), (5, "m"), (7, "m"), (0, "m")),
        ((0, "m"), (10, ""), (8, ""), (7, "7")),
        ((0, "m7"), (5, "9"), (0, "m7"), (5, "9")),
        ((0, "m"), (3, ""), (5, "m"), (7, "7")),
        ((0, "5"), (3, "5"), (5, "5"), (10, "5")),
    ),
    "blues": (
        ((0, "7"),) * 4 + ((5, "7"),) * 2 + ((0, "7"),) * 2 + ((7, "7"), (5, "7"), (0, "7"), (7, "7")),
        ((0, "7"), (5, "7"), (0, "7"), (0, "7"), (5, "9"), (5, "9"), *((0, "7"), (9, "7"), (2, "m7"), (7, "7")) * 2)[
            :12
        ],
    ),
}
MODES = {"major": ("major", "mixolydian", "pentatonic"), "minor": ("minor", "dorian"), "blues": ("blues", "mixolydian")}


@dataclass(frozen=True)
class Chord:
    """A root (pitch class 0–11) and the intervals above it.

    >>> Chord(9, (0, 3, 7)).pitch_classes
    (9, 0, 4)
    """

    root: int
    intervals: tuple[int, ...]

    @property
    def pitch_classes(self) -> tuple[int, ...]:
        """The notes of the chord without octave."""
        return tuple((self.root + step) % 12 for step in self.intervals)


@dataclass(frozen=True)
class Harmony:
    """A key and the chord of every bar; the chords repeat for ever."""

    tonic: int
    scale: tuple[int, ...]
    chords: tuple[Chord, ...]

    @classmethod
    def draw(cls, rng: np.random.Generator, *, tonic: int, family: str) -> Harmony:
        """A progression of a family (major, minor or blues) in a key."""
        rows = PROGRESSIONS[family]
        chords = tuple(
            Chord((tonic + step) % 12, QUALITIES[quality]) for step, quality in rows[int(rng.integers(len(rows)))]
        )
        scale = SCALES[MODES[family][int(rng.integers(len(MODES[family])))]]
        return cls(tonic, scale, chords)

    def chord(self, bar: int) -> Chord:
        """The chord of a bar."""
        return self.chords[bar % len(self.chords)]

    def scale_notes(self, low: int, high: int) -> list[int]:
        """The notes of the key within a range; never empty.

        >>> Harmony(0, SCALES["pentatonic"], ()).scale_notes(60, 67)
        [60, 62, 64, 67]
        """
        return [p for p in range(low, high + 1) if (p - self.tonic) % 12 in self.scale] or [low]


def chord_notes(chord: Chord, low: int, high: int) -> list[int]:
    """All notes of a chord within a range; never empty."""
    return [p for p in range(low, high + 1) if p % 12 in chord.pitch_classes] or [low]


def voicing(chord: Chord, centre: float, size: int, *, low: int, high: int) -> list[int]:
    """``size`` chord notes as close around ``centre`` as the range allows, lowest first.

    >>> voicing(Chord(0, (0, 4, 7)), 60, 3, low=40, high=80)
    [55, 60, 64]
    """
    notes = chord_notes(chord, low, high)
    return sorted(sorted(notes, key=lambda p: (abs(p - centre), p))[:size])
