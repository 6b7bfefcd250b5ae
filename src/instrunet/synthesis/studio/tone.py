"""Colour: equalisers, and the limits of a narrow channel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

SHAPES = ("low_shelf", "peak", "high_shelf")


@dataclass(frozen=True)
class Band:
    """One band of an equaliser.

    >>> Band("peak", centre_hz=1000.0, gain_db=3.0).width_q
    0.8
    """

    shape: str
    centre_hz: float
    gain_db: float
    width_q: float = 0.8


@dataclass(frozen=True)
class Equaliser:
    """Bands in series; without bands the sound passes unchanged.

    >>> Equaliser.draw(np.random.default_rng(1)) == Equaliser.draw(np.random.default_rng(1))
    True
    """

    bands: tuple[Band, ...] = ()

    @classmethod
    def draw(cls, rng: np.random.Generator, *, most_db: float = 6.0) -> Equaliser:
        """A low shelf, a high shelf and up to two peaks, each within ±``most_db``."""
        bands = [
            Band("low_shelf", float(rng.uniform(80, 300)), _gain(rng, most_db)),
            Band("high_shelf", float(rng.uniform(2500, 9000)), _gain(rng, most_db)),
        ]
        for _ in range(int(rng.integers(0, 3))):
            centre_hz = float(np.exp(rng.uniform(np.log(200), np.log(6000))))
            bands.append(Band("peak", centre_hz, _gain(rng, most_db), float(rng.uniform(0.5, 2.5))))
        return cls(tuple(bands))


def _gain(rng: np.random.Generator, most_db: float) -> float:
    return float(np.clip(rng.normal(0, most_db / 2), -most_db, most_db))


def equalise(x: Samples, sample_rate_hz: int, equaliser: Equaliser) -> Samples:
    """Pass ``x`` through the bands.

    >>> bass = Equaliser((Band("low_shelf", 200.0, -6.0),))
    >>> round(float(equalise(np.ones(32000, np.float32), 32000, bass)[-1]), 2)
    0.5
    """
    bands = [band for band in equaliser.bands if band.gain_db and band.centre_hz < 0.45 * sample_rate_hz]
    if not bands:
        return x
    return _sections(x, np.array([_biquad(band, sample_rate_hz) for band in bands]))


def _sections(x: Samples, sections: NDArray[np.float64]) -> Samples:
    from scipy.signal import sosfilt

    if not len(x):
        return x
    filtered: Any = sosfilt(sections, x)
    return filtered.astype(np.float32)


def _biquad(band: Band, sample_rate_hz: int) -> list[float]:
    """Second-order section of a shelf or a peak by the bilinear transform of its analogue prototype."""
    root = 10 ** (band.gain_db / 40)
    w = 2 * np.pi * band.centre_hz / sample_rate_hz
    cos, alpha = np.cos(w), np.sin(w) / (2 * band.width_q)
    if band.shape == "peak":
        b = [1 + alpha * root, -2 * cos, 1 - alpha * root]
        a = [1 + alpha / root, -2 * cos, 1 - alpha / root]
    elif band.shape in SHAPES:
        sign = 1 if band.shape == "low_shelf" else -1
        slope = 2 * np.sqrt(root) * np.sin(w) / np.sqrt(2)
        plus, minus = root + 1, root - 1
        b = [
            root * (plus - sign * minus * cos + slope),
            sign * 2 * root * (minus - sign * plus * cos),
            root * (plus - sign * minus * cos - slope),
        ]
        a = [
            plus + sign * minus * cos + slope,
            -sign * 2 * (minus + sign * plus * cos),
            plus + sign * minus * cos - slope,
        ]
    else:
        raise ValueError(f"a band is one of {', '.join(SHAPES)}, not {band.shape!r}")
    return [value / a[0] for value in (*b, *a)]


@dataclass(frozen=True)
class Channel:
    """A narrow channel: what lies below ``low_hz`` or above ``high_hz`` is lost (0 = no limit on that side)."""

    low_hz: float = 0.0
    high_hz: float = 0.0
    order: int = 4

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Channel:
        """Mostly a low-pass between 4 and 16 kHz; now and then a telephone or a small speaker."""
        if rng.random() < 0.1:
            return cls(low_hz=float(rng.uniform(150, 400)), high_hz=float(rng.uniform(3200, 6000)))
        return cls(high_hz=float(np.exp(rng.uniform(np.log(4000), np.log(16000)))), order=int(rng.integers(2, 9)))


def band_limit(x: Samples, sample_rate_hz: int, channel: Channel) -> Samples:
    """Cut away what does not fit the channel.

    >>> hiss = np.random.default_rng(0).standard_normal(8000).astype(np.float32)
    >>> dull = band_limit(hiss, 32000, Channel(high_hz=1000.0))
    >>> bool(dull.std() < 0.4 * hiss.std())
    True
    """
    top = 0.49 * sample_rate_hz
    if channel.low_hz:
        x = _sections(x, _butter(2, channel.low_hz / sample_rate_hz, "highpass"))
    if channel.high_hz and channel.high_hz < top:
        x = _sections(x, _butter(channel.order, channel.high_hz / sample_rate_hz, "lowpass"))
    return x


@lru_cache(maxsize=256)
def _butter(order: int, cut: float, kind: str) -> NDArray[np.float64]:
    from scipy.signal import butter

    sections: NDArray[np.float64] = butter(order, 2 * cut, kind, output="sos")
    return sections
