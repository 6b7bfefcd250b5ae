"""Small acts on samples: mix down, level, trim, fit."""

from __future__ import annotations

import numpy as np

from instrunet.audio.sound import Samples


def to_mono(x: Samples) -> Samples:
    """The mean of the channels; (channels, n) -> (n,). Mono passes through.

    >>> to_mono(np.array([[1.0, 0.0], [0.0, 0.0]], np.float32)).tolist()
    [0.5, 0.0]
    """
    return x if x.ndim == 1 else x.mean(axis=0, dtype=np.float32)


def peak_normalise(x: Samples, *, peak: float = 1.0) -> Samples:
    """Scale so that the largest magnitude is ``peak``; silence stays silence.

    >>> peak_normalise(np.array([0.1, -0.2], np.float32)).tolist()
    [0.5, -1.0]
    """
    loudest = float(np.max(np.abs(x), initial=0.0))
    return x if loudest == 0.0 else (x * np.float32(peak / loudest)).astype(np.float32)


def trim_silence(x: Samples, *, top_db: float = 60.0, frame_length: int = 2048, hop_length: int = 512) -> Samples:
    """Cut the quiet lead-in and tail: the frames more than ``top_db`` below the loudest one.

    The frames and the rule are librosa's ``effects.trim``; for several channels the loudest channel decides. What is
    silent throughout is returned whole, because nothing in it is quieter than the rest.

    >>> x = np.concatenate([np.zeros(4096), np.ones(4096), np.zeros(4096)]).astype(np.float32)
    >>> len(x), len(trim_silence(x))
    (12288, 5632)
    """
    level = _frame_power(x, frame_length, hop_length)
    floor = level.max(initial=0.0) * 10 ** (-top_db / 10)
    loud = np.flatnonzero(level > floor)
    if not len(loud):
        return x
    start = int(loud[0]) * hop_length
    return x[..., start : min(x.shape[-1], (int(loud[-1]) + 1) * hop_length)]


def _frame_power(x: Samples, frame_length: int, hop_length: int) -> np.ndarray:
    """Mean square of centred, zero-padded frames, the loudest channel of each; (n_frames,)."""
    half = frame_length // 2
    n = x.shape[-1]
    total = np.zeros((*x.shape[:-1], n + 1))
    np.cumsum(np.square(x, dtype=np.float64), axis=-1, out=total[..., 1:])
    centres = np.arange(0, n + 1, hop_length)
    power = total[..., np.minimum(centres + half, n)] - total[..., np.maximum(centres - half, 0)]
    return (power / frame_length).reshape(-1, len(centres)).max(axis=0)


def first_above(x: Samples, level: float) -> int:
    """The index of the first sample whose magnitude exceeds ``level``; 0 if there is none.

    >>> first_above(np.array([0.0, 0.001, -0.2, 0.1], np.float32), 0.01)
    2
    """
    loud = np.atleast_2d(np.abs(x) > level).any(axis=0)
    return int(np.argmax(loud)) if loud.any() else 0


def fit(x: Samples, n: int) -> Samples:
    """Cut the end off, or pad it with zeros, so that the last axis holds ``n`` samples.

    >>> fit(np.ones(3, np.float32), 5).tolist()
    [1.0, 1.0, 1.0, 0.0, 0.0]
    """
    if x.shape[-1] >= n:
        return x[..., :n]
    return np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, n - x.shape[-1])])
