"""What surrounds the music: tape hiss, hum, vinyl, a murmuring crowd, applause."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from instrunet.synthesis.studio.tone import Channel, band_limit

Samples = NDArray[np.float32]

KINDS = ("hiss", "hum", "vinyl", "crowd", "applause")


@dataclass(frozen=True)
class Surroundings:
    """One kind of noise at ``level_db`` below the music's loudness, made from ``seed``."""

    kind: str
    level_db: float
    seed: int

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Surroundings:
        """Tape and vinyl often and softly, people seldom and louder."""
        kind = str(rng.choice(KINDS, p=[0.35, 0.15, 0.25, 0.15, 0.1]))
        loudest = -14.0 if kind in ("crowd", "applause") else -28.0
        return cls(kind, float(rng.uniform(loudest - 25, loudest)), int(rng.integers(2**31)))


def surround(x: Samples, sample_rate_hz: int, surroundings: Surroundings) -> Samples:
    """Add the noise beneath ``x``; silence gets noise at an absolute level.

    >>> x = np.ones(8000, np.float32) * 0.1
    >>> y = surround(x, 16000, Surroundings("hiss", -20.0, seed=1))
    >>> bool(0.005 < (y - x).std() < 0.02)
    True
    """
    noise = surrounding_noise(len(x), sample_rate_hz, surroundings)
    loudness = float(np.sqrt(np.mean(x**2))) if len(x) else 0.0
    scale = 10 ** (surroundings.level_db / 20) * max(loudness, 1e-3)
    return (x + np.float32(scale) * noise).astype(np.float32)


def surrounding_noise(n_samples: int, sample_rate_hz: int, surroundings: Surroundings) -> Samples:
    """The noise alone, of unit loudness (RMS)."""
    rng = np.random.default_rng(surroundings.seed)
    makers = {"hiss": _hiss, "hum": _hum, "vinyl": _vinyl, "crowd": _crowd, "applause": _applause}
    if surroundings.kind not in makers:
        raise ValueError(f"surroundings are one of {', '.join(KINDS)}, not {surroundings.kind!r}")
    noise = makers[surroundings.kind](n_samples, sample_rate_hz, rng)
    return (noise / max(1e-9, float(np.sqrt(np.mean(noise**2))) if n_samples else 1.0)).astype(np.float32)


def _white(n: int, rng: np.random.Generator) -> Samples:
    return rng.standard_normal(n, dtype=np.float32)


def _hiss(n: int, rate_hz: int, rng: np.random.Generator) -> Samples:
    return band_limit(_white(n, rng), rate_hz, Channel(low_hz=float(rng.uniform(50, 1500)), high_hz=14000, order=2))


def _hum(n: int, rate_hz: int, rng: np.random.Generator) -> Samples:
    mains_hz = float(rng.choice([50.0, 60.0]))
    t = np.arange(n, dtype=np.float32) / np.float32(rate_hz)
    wave = sum(
        np.float32(rng.uniform(0, 1 / k)) * np.sin(np.float32(2 * np.pi * mains_hz * k) * t) for k in (1, 2, 3, 5, 7)
    )
    return np.asarray(wave + 0.1 * _white(n, rng), np.float32)


def _vinyl(n: int, rate_hz: int, rng: np.random.Generator) -> Samples:
    rumble = band_limit(_white(n, rng), rate_hz, Channel(high_hz=120, order=2))
    clicks = _scattered(n, rate_hz, rng, per_s=float(rng.uniform(5, 60)), decay_s=0.0006)
    return (rumble + 0.15 * _white(n, rng) + 3 * clicks).astype(np.float32)


def _crowd(n: int, rate_hz: int, rng: np.random.Generator) -> Samples:
    murmur = np.zeros(n, np.float32)
    for _ in range(4):
        low_hz = float(rng.uniform(150, 700))
        voice = band_limit(_white(n, rng), rate_hz, Channel(low_hz, 2.5 * low_hz, order=2))
        murmur += voice * _slow(n, rate_hz, rng, hz=4.0)
    return murmur


def _applause(n: int, rate_hz: int, rng: np.random.Generator) -> Samples:
    claps = _scattered(n, rate_hz, rng, per_s=float(rng.uniform(40, 300)), decay_s=0.006)
    shaped = band_limit(claps, rate_hz, Channel(low_hz=500, high_hz=float(rng.uniform(2500, 6000)), order=2))
    return shaped * _slow(n, rate_hz, rng, hz=0.5)


def _scattered(n: int, rate_hz: int, rng: np.random.Generator, *, per_s: float, decay_s: float) -> Samples:
    """Impulses at random times with random levels, each a short burst of noise."""
    from scipy.signal import oaconvolve

    impulses = np.zeros(n, np.float32)
    count = int(rng.poisson(per_s * n / rate_hz)) if n else 0
    if count:
        impulses[rng.integers(0, n, size=count)] = rng.exponential(1.0, size=count).astype(np.float32)
    length = max(2, round(6 * decay_s * rate_hz))
    burst = _white(length, rng) * np.exp(-np.arange(length, dtype=np.float32) / np.float32(decay_s * rate_hz))
    if not n:
        return impulses
    return oaconvolve(impulses, burst)[:n].astype(np.float32)


def _slow(n: int, rate_hz: int, rng: np.random.Generator, *, hz: float) -> Samples:
    """A level that wanders between 0.2 and 1 about ``hz`` times a second."""
    knots = rng.uniform(0.2, 1.0, size=max(2, int(n / rate_hz * hz) + 2))
    return np.interp(np.linspace(0, len(knots) - 1, n), np.arange(len(knots)), knots).astype(np.float32)
