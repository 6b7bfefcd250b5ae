"""The mel image: a recording of any length as a small square picture with values from 0 to 1."""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instrunet.errors import InstrunetError
from instrunet.features.log_mel import LogMelConfig, log_mel

_PICTURE_MEL = LogMelConfig(
    sample_rate_hz=16_000,
    n_fft=1024,
    win_length=1024,
    hop_length=256,
    fmin_hz=0.0,
    fmax_hz=8_000.0,
    scale="db",
    floor=1e-10,
    reference="max",
    top_db=80.0,
    offset=0.0,
    divisor=1.0,
)


@dataclass(frozen=True)
class MelImageConfig:
    """A mel spectrogram in decibels below its peak, and the size it is scaled to.

    >>> MelImageConfig.from_dict(MelImageConfig(width=64).to_dict()).width
    64
    """

    mel: LogMelConfig = field(default_factory=lambda: _PICTURE_MEL)
    height: int = 128
    width: int = 128

    def __post_init__(self) -> None:
        if self.mel.scale != "db" or self.mel.reference != "max" or not self.mel.top_db:
            raise InstrunetError("a mel image needs decibels below the peak: scale 'db', reference 'max' and a top_db")

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as they stand in a bundle."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> MelImageConfig:
        """The inverse of :meth:`to_dict`."""
        return cls(**{**values, "mel": LogMelConfig.from_dict(values["mel"])})


def mel_image(x: NDArray[np.floating], config: MelImageConfig | None = None) -> NDArray[np.float32]:
    """The picture of mono samples, float32 of shape (height, width) in 0..1; row 0 is the lowest band.

    Silence has no peak to measure from and is all 0.

    >>> picture = mel_image(np.sin(np.arange(16_000) / 5).astype(np.float32))
    >>> picture.shape, float(picture.max()) <= 1.0
    ((128, 128), True)
    """
    config = config or MelImageConfig()
    if not np.any(x):
        return np.zeros((config.height, config.width), np.float32)
    top_db = float(config.mel.top_db or 80.0)
    levels = log_mel(x, config.mel).astype(np.float64) / top_db + 1.0
    rows, columns = scaling(levels.shape[0], config.height), scaling(levels.shape[1], config.width)
    return np.clip(rows @ levels @ columns.T, 0.0, 1.0).astype(np.float32)


@functools.lru_cache(maxsize=64)
def scaling(n_from: int, n_to: int) -> NDArray[np.float64]:
    """Weights (n_to, n_from): a triangle as wide as a target pixel, and never narrower than a source pixel."""
    step = n_from / n_to
    reach = max(1.0, step)
    centres = (np.arange(n_to) + 0.5) * step
    distance = np.abs(np.arange(n_from) + 0.5 - centres[:, None]) / reach
    weights = np.maximum(0.0, 1.0 - distance)
    return weights / weights.sum(axis=1, keepdims=True)
