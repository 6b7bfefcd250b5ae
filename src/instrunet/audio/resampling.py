"""Changing the sample rate, whole or piece by piece with the same result."""

from __future__ import annotations

import numpy as np
import soxr

from instrunet.audio.sound import Samples

QUALITY = "HQ"


def resample(x: Samples, from_hz: int, to_hz: int) -> Samples:
    """Resample the last axis; the length becomes ``n * to_hz / from_hz``, rounded.

    >>> resample(np.zeros((2, 44_100), np.float32), 44_100, 32_000).shape
    (2, 32000)
    """
    x = np.asarray(x, np.float32)
    if from_hz == to_hz:
        return x
    if x.ndim == 1:
        return soxr.resample(x, from_hz, to_hz, quality=QUALITY)
    return np.ascontiguousarray(soxr.resample(np.ascontiguousarray(x.T), from_hz, to_hz, quality=QUALITY).T)


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
        same = from_hz == to_hz
        self._stream = None if same else soxr.ResampleStream(from_hz, to_hz, channels, dtype="float32", quality=QUALITY)
        self._nothing = np.zeros(0 if channels == 1 else (0, channels), np.float32)

    def push(self, frames: Samples) -> Samples:
        """Take frames, (n,) or (n, channels), and give what is ready, of the same kind."""
        return frames if self._stream is None else self._stream.resample_chunk(frames)

    def finish(self) -> Samples:
        """What was still held back; nothing may be pushed after it."""
        return self._nothing if self._stream is None else self._stream.resample_chunk(self._nothing, last=True)
