"""What a miniature knows of itself: the clips that it wrote and their truth, in the data set's own words."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from instrunet.synthesis.miniatures.sounds import phrase, play
from instrunet.synthesis.miniatures.timbres import timbre_of

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Clip:
    """One sound file of a miniature and what plays in it.

    Attributes:
        path: the file, relative to the miniature's folder, with forward slashes.
        labels: the data set's own words for what is present.
        split: train, validation or test ("" where the data set has none).
        absent: the words that the data set observed to be absent (where it says so).
    """

    path: str
    labels: tuple[str, ...]
    split: str = ""
    absent: tuple[str, ...] = ()


@dataclass(frozen=True)
class Miniature:
    """A data set in small, as written.

    Attributes:
        name: the data set.
        folder: where it lies; the data set's root.
        seed: what every byte of it follows from.
        clips: its sound files with their truth.
    """

    name: str
    folder: Path
    seed: int
    clips: tuple[Clip, ...]


def generator(seed: int, *names: str | int) -> np.random.Generator:
    """Give the random numbers of one thing in a miniature, whatever else the miniature holds.

    >>> generator(7, "a").random() == generator(7, "a").random() != generator(7, "b").random()
    True
    """
    return np.random.default_rng([seed, zlib.crc32("/".join(map(str, names)).encode())])


def solo(source: str, word: str, duration_s: float, *, sample_rate_hz: int, rng: np.random.Generator) -> Samples:
    """Play a phrase on the instrument that a data set calls ``word``."""
    timbre = timbre_of(source, word)
    notes = phrase(timbre, duration_s, rng)
    return play(timbre, notes, duration_s, sample_rate_hz=sample_rate_hz, rng=rng)


def mixture(
    source: str, words: tuple[str, ...], duration_s: float, *, sample_rate_hz: int, rng: np.random.Generator
) -> Samples:
    """Play a phrase on each instrument at once, with a peak of at most 0.8."""
    parts = [solo(source, word, duration_s, sample_rate_hz=sample_rate_hz, rng=rng) for word in words]
    return levelled(np.sum(parts, axis=0))


def levelled(samples: Samples, peak: float = 0.8) -> Samples:
    """Scale down what is louder than ``peak``."""
    loudest = float(np.max(np.abs(samples), initial=0.0))
    return samples if loudest <= peak else samples * np.float32(peak / loudest)


def stereo(samples: Samples, pan: float) -> Samples:
    """Give (n, 2) with the sound moved to the left (0), the middle (0.5) or the right (1)."""
    sides = np.sqrt(np.array([2 * (1 - pan), 2 * pan], np.float32)).clip(0.0, 1.0)
    return samples[:, None] * sides
