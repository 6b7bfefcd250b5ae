"""Modelled plucked strings: a travelling wave in a loop with losses, picked at a point, heard through a body."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from instrunet.synthesis.bank import SAMPLE_RATE_HZ

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class StringKind:
    """Ranges from which one instrument's character is drawn: decay, brightness, body, courses."""

    decay_s: tuple[float, float]
    dull_hz: tuple[float, float]
    body_hz: tuple[float, float]
    body_db: float
    courses: int = 1
    pickup: bool = False


STRINGS: dict[str, StringKind] = {
    "ukulele": StringKind((0.25, 0.9), (1500, 4500), (250, 900), 14.0),
    "mandolin": StringKind((0.3, 1.0), (3500, 9000), (250, 1200), 12.0, courses=2),
    "banjo": StringKind((0.12, 0.5), (4000, 10000), (350, 1600), 16.0),
    "harp": StringKind((0.8, 2.5), (1500, 5000), (120, 600), 8.0),
    "acoustic_guitar": StringKind((0.6, 2.5), (2000, 8000), (90, 450), 12.0),
    "electric_guitar": StringKind((1.0, 3.5), (2000, 6000), (800, 3500), 6.0, pickup=True),
    "electric_bass": StringKind((0.8, 2.5), (700, 3500), (60, 700), 6.0, pickup=True),
    "double_bass": StringKind((0.3, 1.2), (500, 1800), (60, 300), 10.0),
    "harpsichord": StringKind((0.5, 1.8), (6000, 14000), (200, 2500), 8.0, courses=2),
    "sitar": StringKind((1.0, 2.5), (5000, 12000), (200, 3000), 12.0),
}  # fmt: skip


def plucked_string(
    kind: StringKind, rng: np.random.Generator
) -> Callable[[float, float, np.random.Generator], Samples]:
    """Draw one instrument of a kind; the result sounds a note of (pitch, loudness)."""
    decay_s, dull_hz = float(rng.uniform(*kind.decay_s)), float(np.exp(rng.uniform(*np.log(kind.dull_hz))))
    place, sensor = float(rng.uniform(0.08, 0.35)), float(rng.uniform(0.06, 0.3))
    peaks = np.exp(rng.uniform(np.log(kind.body_hz[0]), np.log(kind.body_hz[1]), 6))
    widths, gains_db = rng.uniform(0.06, 0.4, 6), rng.uniform(-0.3, 1.0, 6) * kind.body_db
    courses_cents = rng.uniform(3, 12)

    def note(pitch: float, loudness: float, rng: np.random.Generator) -> Samples:
        n = int(2.8 * SAMPLE_RATE_HZ)
        out = np.zeros(n)
        for course in range(kind.courses):
            tuned = pitch + (course - (kind.courses - 1) / 2) * courses_cents / 100
            out += _string(tuned, decay_s * 2 ** ((55 - pitch) / 24), place, dull_hz * (0.5 + loudness), rng)
        f = np.fft.rfftfreq(n, 1 / SAMPLE_RATE_HZ)
        octaves = np.log2(np.maximum(f, 10.0)[:, None] / peaks)
        shape = 10 ** ((gains_db * np.exp(-0.5 * (octaves / widths) ** 2)).sum(1) / 20)
        if kind.pickup:
            shape = shape * np.abs(np.sin(np.pi * f * sensor / (440 * 2 ** ((pitch - 69) / 12)))) + 0.02
        out = np.fft.irfft(np.fft.rfft(out) * shape, n)
        out *= np.clip((n - np.arange(n)) / (0.05 * SAMPLE_RATE_HZ), 0, 1)
        return (0.9 * out / (np.abs(out).max() + 1e-9)).astype(np.float32)

    return note


def _string(
    pitch: float, decay_s: float, place: float, dull_hz: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """The loop itself: a burst of noise, combed by the picking point, recirculated with losses."""
    from scipy.signal import lfilter

    n = int(2.8 * SAMPLE_RATE_HZ)
    period = SAMPLE_RATE_HZ / (440 * 2 ** ((pitch - 69) / 12))
    whole = int(period - 0.5)
    part = period - 0.5 - whole
    loss = 10 ** (-3 * period / SAMPLE_RATE_HZ / (1.5 * decay_s))
    burst = np.zeros(n)
    burst[: whole + 1] = rng.uniform(-1, 1, whole + 1)
    lag = max(1, int(place * period))
    burst[lag:] -= burst[:-lag].copy()
    pole = np.exp(-2 * np.pi * dull_hz / SAMPLE_RATE_HZ)
    burst = lfilter([1 - pole], [1, -pole], burst)
    loop = np.zeros(whole + 3)  # one sample's average (two taps) and the fraction of a sample, multiplied out
    loop[0] = 1.0
    keep = 0.5 * loss
    loop[whole] -= keep * (1 - part)
    loop[whole + 1] -= keep * ((1 - part) + part)
    loop[whole + 2] -= keep * part
    return np.asarray(lfilter([1.0], loop, burst))
