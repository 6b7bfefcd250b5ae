"""Movement: chorus, phaser, tremolo and echoes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from instrunet.synthesis.studio.tone import Channel, band_limit

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Chorus:
    """Copies whose delay sways: with ``delay_ms`` near 2 a flanger, near 20 an ensemble."""

    rate_hz: float
    depth_ms: float
    delay_ms: float
    wet: float
    n_copies: int = 1

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Chorus:
        """Anything between a slow flanger and a thick chorus."""
        return cls(
            rate_hz=float(np.exp(rng.uniform(np.log(0.1), np.log(3)))),
            depth_ms=float(rng.uniform(0.3, 2.5)),
            delay_ms=float(rng.uniform(3, 25)),
            wet=float(rng.uniform(0.15, 0.5)),
            n_copies=int(rng.integers(1, 4)),
        )


def chorus(x: Samples, sample_rate_hz: int, settings: Chorus) -> Samples:
    """Add the swaying copies.

    >>> x = np.ones(3200, np.float32)
    >>> len(chorus(x, 32000, Chorus(1.0, 1.0, 10.0, 0.5))) == len(x)
    True
    """
    n = len(x)
    wet = np.zeros(n, np.float32)
    at = np.arange(n, dtype=np.float32)
    padded = np.concatenate([x, np.zeros(1, np.float32)])
    for copy in range(settings.n_copies):
        phase = 2 * np.pi * copy / settings.n_copies
        sway = np.sin(at * np.float32(2 * np.pi * settings.rate_hz / sample_rate_hz) + np.float32(phase))
        delay = (settings.delay_ms + settings.depth_ms * sway) * (sample_rate_hz / 1000)
        back = np.maximum(delay.astype(np.float32), 0)
        whole = back.astype(np.int32)
        part = back - whole
        late = np.arange(n, dtype=np.int32) - whole
        heard = padded[np.maximum(late, 0)] * (1 - part) + padded[np.maximum(late - 1, 0)] * part
        wet += np.where(late > 0, heard, 0).astype(np.float32)
    return ((1 - settings.wet) * x + settings.wet / np.sqrt(settings.n_copies) * wet).astype(np.float32)


@dataclass(frozen=True)
class Phaser:
    """Notches that wander between ``low_hz`` and ``high_hz``."""

    rate_hz: float
    low_hz: float
    high_hz: float
    wet: float
    n_stages: int = 4

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Phaser:
        """Slow to moderately fast, two to six stages."""
        return cls(
            rate_hz=float(np.exp(rng.uniform(np.log(0.08), np.log(2)))),
            low_hz=float(rng.uniform(150, 500)),
            high_hz=float(rng.uniform(1200, 5000)),
            wet=float(rng.uniform(0.2, 0.5)),
            n_stages=int(rng.choice([2, 4, 6])),
        )


def phase(x: Samples, sample_rate_hz: int, settings: Phaser, *, step_s: float = 0.01) -> Samples:
    """All-passes whose corner moves once a step, mixed with the dry sound."""
    from scipy.signal import lfilter

    step = max(1, round(step_s * sample_rate_hz))
    state = np.zeros(settings.n_stages)
    moved = np.empty(len(x), np.float32)
    for start in range(0, len(x), step):
        sway = 0.5 - 0.5 * np.cos(2 * np.pi * settings.rate_hz * start / sample_rate_hz)
        corner_hz = min(settings.low_hz * (settings.high_hz / settings.low_hz) ** sway, 0.45 * sample_rate_hz)
        tangent = np.tan(np.pi * corner_hz / sample_rate_hz)
        pole = (tangent - 1) / (tangent + 1)
        below = np.poly(np.full(settings.n_stages, -pole))
        moved[start : start + step], state = lfilter(below[::-1], below, x[start : start + step], zi=state)
    return ((1 - settings.wet) * x + settings.wet * moved).astype(np.float32)


@dataclass(frozen=True)
class Tremolo:
    """The level sways ``rate_hz`` times a second, down by ``depth`` (0–1)."""

    rate_hz: float
    depth: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Tremolo:
        """From 2 to 8 Hz."""
        return cls(float(rng.uniform(2, 8)), float(rng.uniform(0.15, 0.7)))


def tremolo(x: Samples, sample_rate_hz: int, settings: Tremolo) -> Samples:
    """Let the level sway."""
    sway = np.cos(np.arange(len(x), dtype=np.float32) * np.float32(2 * np.pi * settings.rate_hz / sample_rate_hz))
    return (x * (1 - settings.depth * (0.5 - 0.5 * sway))).astype(np.float32)


@dataclass(frozen=True)
class Echo:
    """Repeats every ``delay_s``, each ``feedback`` times the one before and duller."""

    delay_s: float
    feedback: float
    wet: float
    dull_hz: float = 4000.0

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Echo:
        """From a slapback to a long repeat."""
        return cls(
            delay_s=float(np.exp(rng.uniform(np.log(0.07), np.log(0.6)))),
            feedback=float(rng.uniform(0.1, 0.5)),
            wet=float(rng.uniform(0.08, 0.3)),
            dull_hz=float(rng.uniform(1500, 7000)),
        )


def echo(x: Samples, sample_rate_hz: int, settings: Echo) -> Samples:
    """Add the repeats that fit, down to −40 dB.

    >>> x = np.zeros(16000, np.float32)
    >>> x[0] = 1
    >>> y = echo(x, 16000, Echo(delay_s=0.25, feedback=0.5, wet=0.3))
    >>> bool(np.abs(y[4000:4100]).max() > 0.01)
    True
    """
    delay = max(1, round(settings.delay_s * sample_rate_hz))
    out, repeat, level = x.copy(), x, settings.wet
    for turn in range(1, 12):
        if level < 0.01 or turn * delay >= len(x):
            break
        repeat = band_limit(repeat[: len(x) - turn * delay], sample_rate_hz, Channel(high_hz=settings.dull_hz, order=1))
        out[turn * delay :] += np.float32(level) * repeat
        level *= settings.feedback
    return out
