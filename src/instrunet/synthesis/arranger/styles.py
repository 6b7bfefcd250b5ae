"""Styles: tempo, metre, feel, and how many play."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Style:
    """What pieces of one style share.

    Attributes:
        tempo: beats a minute, from and to.
        beats: possible numbers of beats in a bar.
        swing: how late the second half of a beat comes (0 = straight, 0.33 = triplets), from and to.
        families: families of progressions.
        players: how many instruments, from and to.
        drums, bass, voice: how often a piece has them.
        busy: how many notes there are, from and to (0–1).
        drum_pattern: which pattern, see `instrunet.synthesis.arranger.drums`.
    """

    name: str
    tempo: tuple[float, float]
    beats: tuple[int, ...]
    swing: tuple[float, float]
    families: tuple[str, ...]
    players: tuple[int, int]
    drums: float
    bass: float
    voice: float
    busy: tuple[float, float]
    drum_pattern: tuple[str, ...]


STYLES = (
    Style("pop", (85, 130), (4,), (0, 0.05), ("major", "minor"),
          (3, 7), 0.9, 0.9, 0.6, (0.4, 0.8), ("rock", "four")),
    Style("rock", (100, 165), (4,), (0, 0.02), ("minor", "major", "blues"),
          (3, 6), 0.95, 0.95, 0.5, (0.5, 0.9), ("rock", "half")),
    Style("ballad", (55, 85), (4, 3), (0, 0.05), ("major", "minor"),
          (2, 6), 0.5, 0.6, 0.55, (0.2, 0.5), ("half", "brush")),
    Style("jazz", (90, 210), (4, 3), (0.2, 0.33), ("major", "blues"),
          (2, 6), 0.75, 0.85, 0.25, (0.4, 0.9), ("swing", "brush")),
    Style("blues", (60, 130), (4,), (0.2, 0.33), ("blues",),
          (2, 6), 0.75, 0.85, 0.5, (0.4, 0.8), ("swing", "rock")),
    Style("funk", (90, 120), (4,), (0, 0.12), ("minor", "blues"),
          (4, 8), 0.95, 0.95, 0.35, (0.6, 1.0), ("funk",)),
    Style("latin", (90, 140), (4,), (0, 0.03), ("minor", "major"),
          (3, 8), 0.6, 0.8, 0.4, (0.5, 0.9), ("latin",)),
    Style("folk", (75, 140), (4, 3, 2), (0, 0.1), ("major", "minor"),
          (1, 5), 0.25, 0.4, 0.5, (0.4, 0.8), ("brush", "half")),
    Style("bluegrass", (100, 150), (4, 2), (0, 0.05), ("major",),
          (2, 6), 0.1, 0.7, 0.4, (0.7, 1.0), ("brush",)),
    Style("waltz", (80, 180), (3,), (0, 0.05), ("major", "minor"),
          (2, 6), 0.3, 0.6, 0.25, (0.3, 0.7), ("brush",)),
    Style("chamber", (55, 130), (4, 3), (0, 0), ("major", "minor"),
          (1, 5), 0.0, 0.3, 0.15, (0.3, 0.8), ("rock",)),
    Style("orchestra", (55, 140), (4, 3), (0, 0), ("minor", "major"),
          (5, 10), 0.15, 0.5, 0.2, (0.3, 0.7), ("march",)),
    Style("electronic", (95, 140), (4,), (0, 0.1), ("minor",),
          (2, 6), 0.9, 0.7, 0.3, (0.5, 1.0), ("four", "half")),
    Style("march", (100, 130), (4, 2), (0, 0), ("major",),
          (4, 9), 0.8, 0.7, 0.1, (0.4, 0.8), ("march",)),
    Style("ambient", (45, 80), (4,), (0, 0), ("minor", "major"),
          (1, 4), 0.1, 0.3, 0.3, (0.1, 0.35), ("brush",)),
)  # fmt: skip


def draw_style(rng: np.random.Generator) -> Style:
    """One of the styles, each as likely as the others."""
    return STYLES[int(rng.integers(len(STYLES)))]
