"""Integrated loudness in LUFS (ITU-R BS.1770): K-weighting, blocks of 0.4 s, two gates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BLOCK_S, STEP_S = 0.4, 0.1
ABSOLUTE_GATE, RELATIVE_GATE = -70.0, -10.0
SILENCE = -70.0


def integrated_loudness(x: NDArray[np.float32], sample_rate_hz: int) -> float:
    """The loudness of mono sound; ``SILENCE`` where nothing passes the gate.

    >>> t = np.arange(3 * 48000) / 48000
    >>> round(integrated_loudness(np.sin(2 * np.pi * 997 * t).astype(np.float32), 48000), 1)
    -3.0
    """
    from scipy.signal import sosfilt

    weighted = sosfilt(_k_weighting(sample_rate_hz), x)
    block, step = round(BLOCK_S * sample_rate_hz), round(STEP_S * sample_rate_hz)
    if len(x) < block:
        weighted = np.pad(weighted, (0, block - len(x)))
    total = np.concatenate([[0.0], np.cumsum(weighted**2)])
    starts = np.arange(0, len(weighted) - block + 1, step)
    power = (total[starts + block] - total[starts]) / block
    loud = -0.691 + 10 * np.log10(power + 1e-12)
    passed = power[loud > ABSOLUTE_GATE]
    if not len(passed):
        return SILENCE
    gate = -0.691 + 10 * np.log10(passed.mean()) + RELATIVE_GATE
    return float(-0.691 + 10 * np.log10(power[(loud > ABSOLUTE_GATE) & (loud > gate)].mean()))


def _k_weighting(rate_hz: int) -> NDArray[np.float64]:
    """The shelf (+4 dB above 1.7 kHz) and the high-pass (38 Hz) of the recommendation, for any sample rate."""
    shelf_k = np.tan(np.pi * min(1681.974450955533, 0.45 * rate_hz) / rate_hz)
    high, q = 10 ** (3.999843853973347 / 20), 0.7071752369554196
    middle = high**0.4996667741545416
    a0 = 1 + shelf_k / q + shelf_k**2
    shelf = [
        (high + middle * shelf_k / q + shelf_k**2) / a0,
        2 * (shelf_k**2 - high) / a0,
        (high - middle * shelf_k / q + shelf_k**2) / a0,
        1.0,
        2 * (shelf_k**2 - 1) / a0,
        (1 - shelf_k / q + shelf_k**2) / a0,
    ]
    k, q = np.tan(np.pi * 38.13547087602444 / rate_hz), 0.5003270373238773
    a0 = 1 + k / q + k**2
    return np.array([shelf, [1.0, -2.0, 1.0, 1.0, 2 * (k**2 - 1) / a0, (1 - k / q + k**2) / a0]])
