"""Triangular filters on a mel scale, and the window of the Fourier transform: the constants of a front end."""

from __future__ import annotations

import functools
from typing import Literal

import numpy as np
from numpy.typing import NDArray

MelScale = Literal["slaney", "htk", "kaldi"]

_LINEAR_HZ_PER_MEL = 200 / 3
_BREAK_HZ = 1000.0
_BREAK_MEL = _BREAK_HZ / _LINEAR_HZ_PER_MEL
_LOG_STEP = np.log(6.4) / 27


def hz_to_mel(hz: NDArray[np.float64], scale: MelScale) -> NDArray[np.float64]:
    """Frequencies on the mel scale.

    ``slaney`` is linear below 1 kHz and logarithmic above; ``htk`` and ``kaldi`` are the same logarithm throughout.

    >>> hz_to_mel(np.array([0.0, 1000.0]), "slaney").round(6).tolist()
    [0.0, 15.0]
    """
    if scale == "slaney":
        above = _BREAK_MEL + np.log(np.maximum(hz, _BREAK_HZ) / _BREAK_HZ) / _LOG_STEP
        return np.where(hz < _BREAK_HZ, hz / _LINEAR_HZ_PER_MEL, above)
    return 1127.0 * np.log1p(hz / 700.0)


def mel_to_hz(mel: NDArray[np.float64], scale: MelScale) -> NDArray[np.float64]:
    """The inverse of :func:`hz_to_mel`.

    >>> mel_to_hz(np.array([15.0]), "slaney").round(6).tolist()
    [1000.0]
    """
    if scale == "slaney":
        above = _BREAK_HZ * np.exp(_LOG_STEP * (np.maximum(mel, _BREAK_MEL) - _BREAK_MEL))
        return np.where(mel < _BREAK_MEL, mel * _LINEAR_HZ_PER_MEL, above)
    return 700.0 * np.expm1(mel / 1127.0)


@functools.lru_cache(maxsize=16)
def mel_filters(
    sample_rate_hz: int, n_fft: int, n_mels: int, fmin_hz: float, fmax_hz: float, scale: MelScale
) -> NDArray[np.float64]:
    """The filter bank, shape (n_mels, n_fft // 2 + 1); read-only, because it is shared.

    With ``slaney`` and ``htk`` the triangles are straight in Hz and of equal area. With ``kaldi`` they are straight
    on the mel axis and of equal height.

    >>> mel_filters(16000, 512, 40, 0.0, 8000.0, "slaney").shape
    (40, 257)
    """
    bins_hz = np.arange(n_fft // 2 + 1, dtype=np.float64) * (sample_rate_hz / n_fft)
    low, high = hz_to_mel(np.array([fmin_hz, fmax_hz]), scale)
    corners_mel = np.linspace(low, high, n_mels + 2)
    if scale == "kaldi":
        bank = _triangles(hz_to_mel(bins_hz, scale), corners_mel)
    else:
        corners_hz = mel_to_hz(corners_mel, scale)
        bank = _triangles(bins_hz, corners_hz) * (2.0 / (corners_hz[2:] - corners_hz[:-2]))[:, None]
    bank.setflags(write=False)
    return bank


def _triangles(axis: NDArray[np.float64], corners: NDArray[np.float64]) -> NDArray[np.float64]:
    left, peak, right = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    rising = (axis - left) / (peak - left)
    falling = (right - axis) / (right - peak)
    return np.maximum(0.0, np.minimum(rising, falling))


@functools.lru_cache(maxsize=16)
def hann(length: int, *, periodic: bool = True) -> NDArray[np.float64]:
    """A Hann window; the periodic one is what a sliding transform wants.

    >>> hann(4).round(6).tolist()
    [0.0, 0.5, 1.0, 0.5]
    """
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / (length if periodic else length - 1))
    window.setflags(write=False)
    return window
