"""Notes that are bowed again: a held tone that swells anew is two notes, even where no onset was heard.

Slow bows begin so softly that the onset of a repeated note is lost under the end of the one before. What is left of it
is a dip in all partials at once. A vibrato dips as well, but again and again; only a dip that stands by itself counts.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from instrunet.features.spectrum import SpectrumConfig, analyse
from instrunet.transcription.notes import Note

Samples = NDArray[np.float32]
Curve = NDArray[np.float64]


@dataclass(frozen=True)
class ReattackConfig:
    """What counts as a new bow.

    Attributes:
        depth_db: How far the partials must fall and rise again.
        ripple_db: Smaller dips than these are not looked at.
        reach_s: How far to either side of a dip the level is taken.
        apart_s: Two dips nearer than this are a vibrato.
        n_partials: Partials whose mean level is followed.
        spectrum: A short window, so that a dip is not smeared.
    """

    depth_db: float = 5.0
    ripple_db: float = 2.0
    reach_s: float = 0.25
    apart_s: float = 0.22
    n_partials: int = 8
    spectrum: SpectrumConfig = field(default_factory=lambda: SpectrumConfig(n_fft=1024, hop=128))


def bowed_again(
    notes: Sequence[Note], stem: Samples, sample_rate_hz: int, config: ReattackConfig | None = None
) -> tuple[Note, ...]:
    """Cut notes where the stem of the instrument swells anew."""
    from instrunet.audio import resample

    config = config or ReattackConfig()
    rate = config.spectrum.sample_rate_hz
    done: list[Note] = []
    for note in notes:
        if note.duration_s < 2 * config.reach_s:
            done.append(note)
            continue
        first, last = (round(t * sample_rate_hz) for t in (note.onset_s, note.offset_s))
        sound = resample(stem[max(0, first) : last], sample_rate_hz, rate)
        cuts = [note.onset_s + t for t in dips(level_db(sound, note.pitch, config), config)]
        bounds = [note.onset_s, *cuts, note.offset_s]
        done += [replace(note, onset_s=a, offset_s=b) for a, b in itertools.pairwise(bounds)]
    return tuple(sorted(done))


def level_db(sound: Samples, pitch: int, config: ReattackConfig) -> Curve:
    """The level of a note's partials, frame by frame: their mean in decibels, strong partials weighing more."""
    f0 = 440.0 * 2 ** ((pitch - 69) / 12)
    rate = config.spectrum.sample_rate_hz
    partials = np.arange(1, config.n_partials + 1) * f0
    bins = np.round(partials[partials < 0.36 * rate] * config.spectrum.n_fft / rate).astype(int)
    magnitude = np.abs(analyse(sound, config.spectrum))
    near = np.stack([magnitude[bins - 1], magnitude[bins], magnitude[bins + 1]]).max(0)
    levels = 20 * np.log10(near + 1e-6)
    levels = np.maximum(levels, levels.max(1, keepdims=True) - 30)
    weights = np.sqrt(near.max(1))
    mean = (levels * weights[:, None]).sum(0) / max(float(weights.sum()), 1e-9)
    return np.convolve(np.pad(mean, 3, mode="edge"), np.full(7, 1 / 7), mode="valid")


def dips(level: Curve, config: ReattackConfig) -> list[float]:
    """Where the tone ends and begins anew (seconds): half way down into each dip that stands by itself."""
    frame_s = config.spectrum.hop / config.spectrum.sample_rate_hz
    ripples = [(i, _depth(level, i, round(0.5 * config.reach_s / frame_s))[0]) for i in _minima(level)]
    places = np.array([i for i, depth in ripples if depth >= config.ripple_db]) * frame_s
    found = []
    for i, _ in ripples:
        depth, half = _depth(level, i, round(config.reach_s / frame_s))
        others = np.abs(places - i * frame_s)
        alone = not (others[others > 0] < config.apart_s).any()
        if depth >= config.depth_db and alone:
            found.append(half * frame_s)
    return found


def _minima(level: Curve, reach: int = 10) -> list[int]:
    return [i for i in range(3, len(level) - 3) if level[i] <= level[max(0, i - reach) : i + reach + 1].min()]


def _depth(level: Curve, at: int, reach: int) -> tuple[float, int]:
    """How far the level rises on the lower side of a minimum, and the frame half way down into it."""
    start = max(0, at - reach)
    fall = float(level[start : at + 1].max() - level[at])
    rise = float(level[at : at + reach + 1].max() - level[at])
    high = np.flatnonzero(level[start : at + 1] >= level[at] + fall / 2)
    return min(fall, rise), start + int(high[-1])
