"""Cutting a long signal into windows and putting what was computed on them together again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from instrunet.audio.sound import Samples
from instrunet.errors import UsageError


def plan_windows(n_samples: int, window: int, hop: int) -> NDArray[np.int64]:
    """Where windows of ``window`` samples start, one every ``hop``, until the last sample is covered.

    Anything, however short, has one window (zero-padded by :func:`cut`); no samples have none. A start depends only
    on its index, never on the length, so a stream can be cut before its end is known.

    >>> plan_windows(25, 10, 5).tolist(), plan_windows(3, 10, 5).tolist(), plan_windows(0, 10, 5).tolist()
    ([0, 5, 10, 15], [0], [])
    """
    if window < 1 or hop < 1:
        raise UsageError(f"a window of {window} and a hop of {hop} samples: both must be at least 1")
    if n_samples <= 0:
        return np.zeros(0, np.int64)
    return np.arange(1 + max(0, -(-(n_samples - window) // hop)), dtype=np.int64) * hop


def cut(x: Samples, starts: NDArray[np.int64], window: int) -> Samples:
    """The windows themselves, zero-padded past the end; (..., n) -> (n_windows, ..., window).

    >>> cut(np.arange(5, dtype=np.float32), plan_windows(5, 4, 3), 4).tolist()
    [[0.0, 1.0, 2.0, 3.0], [3.0, 4.0, 0.0, 0.0]]
    """
    out = np.zeros((len(starts), *x.shape[:-1], window), np.float32)
    for place, start in enumerate(starts):
        piece = x[..., start : start + window]
        out[place, ..., : piece.shape[-1]] = piece
    return out


def stitch(
    pieces: NDArray[np.float32], starts: NDArray[np.int64], n_samples: int, *, taper: bool = True
) -> NDArray[np.float32]:
    """Put windows together again, (n_windows, ..., window) -> (..., n_samples); overlaps are averaged.

    Args:
        pieces: What was computed on each window.
        starts: Where each begins.
        n_samples: The length to give; where no window lies it holds zeros.
        taper: Weigh each window by a triangle, so that one fades into the next instead of stepping.

    >>> x = np.sin(np.arange(100, dtype=np.float32))
    >>> starts = plan_windows(100, 32, 16)
    >>> bool(np.allclose(stitch(cut(x, starts, 32), starts, 100), x, atol=1e-6))
    True
    """
    window = pieces.shape[-1]
    ramp = np.minimum(np.arange(1, window + 1), np.arange(window, 0, -1)) / window
    weight = ramp if taper else np.ones(window)
    total = np.zeros((*pieces.shape[1:-1], n_samples))
    weights = np.zeros(n_samples)
    for piece, start in zip(pieces, starts, strict=True):
        n = max(0, min(window, n_samples - int(start)))
        total[..., start : start + n] += piece[..., :n] * weight[:n]
        weights[start : start + n] += weight[:n]
    return (total / np.maximum(weights, 1e-12)).astype(np.float32)
