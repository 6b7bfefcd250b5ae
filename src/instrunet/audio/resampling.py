"""Changing the sample rate, whole or piece by piece with the same result."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import soxr

from instrunet.audio.sound import Samples

QUALITY = "HQ"
WIDEST_RATIO = 200


def resample(x: Samples, from_hz: int, to_hz: int) -> Samples:
    """Resample the last axis; the length becomes ``n * to_hz / from_hz``, rounded.

    >>> resample(np.zeros((2, 44_100), np.float32), 44_100, 32_000).shape
    (2, 32000)
    """
    x = np.asarray(x, np.float32)
    y = x if x.ndim == 1 else np.ascontiguousarray(x.T)
    for rates in pairwise(_stages(from_hz, to_hz)):
        y = soxr.resample(y, *rates, quality=QUALITY)
    return y if x.ndim == 1 else np.ascontiguousarray(y.T)


def _stages(from_hz: int, to_hz: int) -> list[int]:
    """The rates to go through: in one stage over the widest ratios the filter takes hundreds of megabytes.

    >>> _stages(44_100, 32_000), _stages(1, 32_000)
    ([44100, 32000], [1, 200, 32000])
    """
    if from_hz == to_hz:
        return [from_hz]
    rates = [from_hz]
    while to_hz > WIDEST_RATIO * rates[-1]:
        rates.append(WIDEST_RATIO * rates[-1])
    return [*rates, to_hz]


class Resampler:
    """The same, in pieces: what comes out, joined, equals :func:`resample` of the whole.

    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal(44_100).astype(np.float32)
    >>> pieces = Resampler(44_100, 32_000)
    >>> y = np.concatenate([pieces.push(x[:1000]), pieces.push(x[1000:]), pieces.finish()])
    >>> bool(np.allclose(y, resample(x, 44_100, 32_000), atol=1e-6))
    True
    """

    def __init__(self, from_hz: int, to_hz: int, *, channels: int = 1) -> None:
        kind = {"num_channels": channels, "dtype": "float32", "quality": QUALITY}
        self._streams = [soxr.ResampleStream(*rates, **kind) for rates in pairwise(_stages(from_hz, to_hz))]
        self._nothing = np.zeros(0 if channels == 1 else (0, channels), np.float32)

    def push(self, frames: Samples) -> Samples:
        """Take frames, (n,) or (n, channels), and give what is ready, of the same kind."""
        for stream in self._streams:
            frames = stream.resample_chunk(frames)
        return frames

    def finish(self) -> Samples:
        """What was still held back; nothing may be pushed after it."""
        rest = self._nothing
        for stream in self._streams:
            rest = stream.resample_chunk(rest, last=True)
        return rest
