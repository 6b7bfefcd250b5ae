"""Sounds whose answer is known: every test makes its audio here, from a seed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]


def tone(
    hz: float, duration_s: float, *, sample_rate_hz: int = 32_000, level: float = 0.5, partials: int = 1
) -> Samples:
    """A harmonic tone; partial k has amplitude 1/k."""
    t = np.arange(round(duration_s * sample_rate_hz)) / sample_rate_hz
    wave = sum(np.sin(2 * np.pi * hz * k * t) / k for k in range(1, partials + 1))
    return (level * np.asarray(wave) / max(1.0, float(np.max(np.abs(wave), initial=1.0)))).astype(np.float32)


def noise(duration_s: float, rng: np.random.Generator, *, sample_rate_hz: int = 32_000, level: float = 0.1) -> Samples:
    return (level * rng.standard_normal(round(duration_s * sample_rate_hz))).astype(np.float32)


def silence(duration_s: float, *, sample_rate_hz: int = 32_000) -> Samples:
    return np.zeros(round(duration_s * sample_rate_hz), np.float32)


def plucked(hz: float, duration_s: float, *, sample_rate_hz: int = 32_000, decay_s: float = 0.4) -> Samples:
    """A tone that dies away, like a string that is struck."""
    wave = tone(hz, duration_s, sample_rate_hz=sample_rate_hz, partials=6)
    t = np.arange(len(wave)) / sample_rate_hz
    return (wave * np.exp(-t / decay_s)).astype(np.float32)
