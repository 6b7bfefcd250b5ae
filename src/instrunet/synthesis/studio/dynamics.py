"""Loudness over time: a compressor and a limiter, each as a curve of gain.

The curves are separate from their use, so that a mix bus can shape every stem by the curve of the sum
and the stems still add up to the mix.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

STEP_S = 0.0025
"""The compressor measures the level once a step and draws straight lines between."""


@dataclass(frozen=True)
class Compressor:
    """Above ``threshold_db`` (RMS, re full scale) the level rises ``ratio`` times more slowly."""

    threshold_db: float
    ratio: float
    attack_ms: float = 10.0
    release_ms: float = 120.0

    @classmethod
    def draw(cls, rng: np.random.Generator, *, most_ratio: float = 6.0) -> Compressor:
        """A threshold of −32…−12 dB, to be used on sound whose peak is near full scale."""
        return cls(
            threshold_db=float(rng.uniform(-32, -12)),
            ratio=float(rng.uniform(1.5, most_ratio)),
            attack_ms=float(np.exp(rng.uniform(np.log(2), np.log(40)))),
            release_ms=float(np.exp(rng.uniform(np.log(50), np.log(400)))),
        )


def compression_gain(x: Samples, sample_rate_hz: int, compressor: Compressor) -> Samples:
    """The gain at each sample, never above 1.

    >>> loud = np.full(3200, 0.9, np.float32)
    >>> gain = compression_gain(loud, 32000, Compressor(threshold_db=-20, ratio=4))
    >>> bool(gain[-1] < 0.3 < gain[0])
    True
    """
    step = max(1, round(STEP_S * sample_rate_hz))
    n_steps = -(-len(x) // step)
    if not n_steps:
        return np.ones(0, np.float32)
    padded = np.zeros(n_steps * step, np.float32)
    padded[: len(x)] = x
    power = np.mean(padded.reshape(n_steps, step) ** 2, axis=1)
    level_db = 10 * np.log10(power + 1e-10)
    wanted_db = -np.maximum(0.0, level_db - compressor.threshold_db) * (1 - 1 / compressor.ratio)
    smooth_db = _follow(wanted_db, compressor.attack_ms, compressor.release_ms)
    gain = np.exp(np.concatenate([[0.0], smooth_db]) * (np.log(10) / 20)).astype(np.float32)
    rise = np.diff(gain)[:, None] * np.linspace(0, 1, step, endpoint=False, dtype=np.float32)
    drawn: Samples = (gain[:-1, None] + rise).reshape(-1)[: len(x)]
    return drawn


def _follow(wanted_db: NDArray[np.float64], attack_ms: float, release_ms: float) -> NDArray[np.float64]:
    """Move towards the wanted gain, quickly downwards and slowly upwards; one turn a step, not a sample."""
    attack, release = (float(np.exp(-1000 * STEP_S / ms)) for ms in (attack_ms, release_ms))
    now, followed = 0.0, []
    for wanted in wanted_db.tolist():
        keep = attack if wanted < now else release
        now = keep * now + (1 - keep) * wanted
        followed.append(now)
    return np.array(followed)


def compress(x: Samples, sample_rate_hz: int, compressor: Compressor) -> Samples:
    """Compress, then bring the peak back to where it was.

    >>> x = np.sin(np.arange(32000) * 0.1).astype(np.float32) * np.linspace(0.05, 1, 32000, dtype=np.float32)
    >>> y = compress(x, 32000, Compressor(threshold_db=-24, ratio=4))
    >>> bool(np.abs(y).mean() > np.abs(x).mean())
    True
    """
    peak = float(np.max(np.abs(x), initial=0.0))
    squeezed = x * compression_gain(x, sample_rate_hz, compressor)
    now = float(np.max(np.abs(squeezed), initial=0.0))
    return squeezed * np.float32(peak / now) if now > 0 else squeezed


def limiting_gain(x: Samples, sample_rate_hz: int, *, ceiling: float = 0.97, look_s: float = 0.004) -> Samples:
    """The gain that keeps ``|x|`` at or below ``ceiling``, smooth over ``look_s``.

    >>> x = np.zeros(3200, np.float32)
    >>> x[1600] = 2.0
    >>> bool(np.max(np.abs(x * limiting_gain(x, 32000, ceiling=0.5))) <= 0.5)
    True
    """
    from scipy.ndimage import minimum_filter1d, uniform_filter1d

    width = 2 * max(1, round(look_s * sample_rate_hz)) + 1
    needed = np.minimum(1.0, ceiling / np.maximum(np.abs(x), 1e-9)).astype(np.float64)
    if not len(x) or float(needed.min()) >= 1.0:
        return np.ones(len(x), np.float32)
    held = minimum_filter1d(needed, width, mode="nearest")
    smooth = np.minimum(uniform_filter1d(held, width, mode="nearest"), needed)
    return (smooth * (1 - 1e-6)).astype(np.float32)


def limit(x: Samples, sample_rate_hz: int, *, ceiling: float = 0.97) -> Samples:
    """Keep ``|x|`` at or below ``ceiling`` without clipping."""
    return x * limiting_gain(x, sample_rate_hz, ceiling=ceiling)
