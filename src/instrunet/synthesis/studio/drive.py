"""Warmth and dirt: saturation, and a guitar or bass amplifier with its cabinet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from instrunet.synthesis.studio.tone import Band, Channel, Equaliser, band_limit, equalise

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Saturation:
    """A soft ceiling: ``drive_db`` pushes into it, ``lean`` makes the halves unequal, ``wet`` blends."""

    drive_db: float
    lean: float = 0.0
    wet: float = 1.0

    @classmethod
    def draw(cls, rng: np.random.Generator, *, least_db: float = 0.0, most_db: float = 12.0) -> Saturation:
        """From barely warm to ``most_db`` of drive."""
        return cls(
            drive_db=float(rng.uniform(least_db, most_db)),
            lean=float(rng.uniform(0, 0.3)),
            wet=float(rng.uniform(0.4, 1.0)),
        )


def saturate(x: Samples, sample_rate_hz: int, saturation: Saturation) -> Samples:
    """Push ``x`` (peak near 1) into the soft ceiling; the loudness stays about the same.

    >>> x = np.sin(np.arange(3200) * 0.05).astype(np.float32)
    >>> y = saturate(x, 32000, Saturation(drive_db=12))
    >>> bool(abs(float(y.std() / x.std()) - 1) < 0.05)
    True
    """
    if not len(x):
        return x
    level = float(np.sqrt(np.mean(x**2)))
    if level < 1e-6:
        return x
    pushed = _ceiling_twice_sampled(x, 10 ** (saturation.drive_db / 20), saturation.lean)
    pushed *= np.float32(level / max(1e-9, float(np.sqrt(np.mean(pushed**2)))))
    return (saturation.wet * pushed + (1 - saturation.wet) * x).astype(np.float32)


def _ceiling_twice_sampled(x: Samples, drive: float, lean: float) -> Samples:
    """Tanh at twice the rate, because its overtones would fold back."""
    import soxr

    double = soxr.resample(x, 1, 2, quality="LQ")
    shaped = np.tanh(np.float32(drive) * double + np.float32(lean)) - np.float32(np.tanh(lean))
    back = soxr.resample(shaped.astype(np.float32), 2, 1, quality="LQ")
    out = np.zeros(len(x), np.float32)
    out[: min(len(x), len(back))] = back[: len(x)]
    return out


@dataclass(frozen=True)
class Amplifier:
    """Drive into a cabinet: what a loudspeaker in a box, close to a microphone, leaves of the sound."""

    saturation: Saturation
    cabinet: Channel
    voicing: Equaliser

    @classmethod
    def draw(cls, rng: np.random.Generator, *, bass: bool = False) -> Amplifier:
        """Clean, crunchy or heavily distorted for guitars; milder and darker for basses."""
        most_db = 14.0 if bass else float(rng.choice([8.0, 22.0, 38.0]))
        low_hz, high_hz = (
            (rng.uniform(30, 60), rng.uniform(2500, 6000)) if bass else (rng.uniform(70, 120), rng.uniform(3500, 6500))
        )
        voicing = Equaliser(
            (
                Band("peak", float(rng.uniform(80, 200)), float(rng.uniform(-2, 5)), 1.0),
                Band("peak", float(rng.uniform(350, 900)), float(rng.uniform(-7, 3)), 0.9),
                Band("peak", float(rng.uniform(1800, 3500)), float(rng.uniform(-1, 8)), 1.2),
            )
        )
        saturation = Saturation.draw(rng, least_db=most_db - 8, most_db=most_db)
        return cls(saturation, Channel(float(low_hz), float(high_hz), order=4), voicing)


def amplify(x: Samples, sample_rate_hz: int, amplifier: Amplifier) -> Samples:
    """Play ``x`` through the amplifier and its cabinet."""
    driven = saturate(x, sample_rate_hz, amplifier.saturation)
    return band_limit(equalise(driven, sample_rate_hz, amplifier.voicing), sample_rate_hz, amplifier.cabinet)
