"""Time stretch and pitch shift of samples: a phase vocoder, and resampling on top of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from instrunet.audio import resample

Samples = NDArray[np.float32]

_N_FFT = 1024
_HOP = 256
_PITCH_GRID_HZ = 1000  # resolution of the resampling ratio


def stretched(x: Samples, rate: float) -> Samples:
    """Play ``rate`` times as fast at the same pitch: n samples become about n / rate.

    >>> len(stretched(np.zeros(8000, np.float32), 2.0))
    4000
    """
    if rate == 1.0 or len(x) < _N_FFT:
        return x
    window = np.hanning(_N_FFT + 1)[:-1]
    padded = np.pad(np.asarray(x, np.float64), (_N_FFT // 2, _N_FFT))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _N_FFT)[::_HOP] * window
    spectra = np.fft.rfft(frames, axis=1)  # (frames, bins)
    times = np.arange(0, len(spectra) - 1, rate)
    return _overlapped(_vocoded(spectra, times), window, round(len(x) / rate))


def shifted(x: Samples, semitones: float, sample_rate_hz: int) -> Samples:
    """Raise the pitch by so many semitones, the length unchanged.

    >>> len(shifted(np.zeros(8000, np.float32), 3.0, 16_000))
    8000
    """
    if semitones == 0.0 or len(x) < _N_FFT:
        return x
    factor = 2.0 ** (semitones / 12)
    slower = stretched(x, 1 / factor)
    back = resample(slower.astype(np.float32), round(_PITCH_GRID_HZ * factor), _PITCH_GRID_HZ)
    return np.pad(back, (0, max(0, len(x) - len(back))))[: len(x)].astype(np.float32)


def _vocoded(spectra: NDArray[np.complex128], times: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Spectra at fractional frame times: magnitudes interpolated, phases advanced as the frames' phases advance."""
    first = times.astype(np.int64)
    fraction = (times - first)[:, None]
    here, after = spectra[first], spectra[first + 1]
    magnitudes = (1 - fraction) * np.abs(here) + fraction * np.abs(after)
    expected = 2 * np.pi * _HOP * np.arange(spectra.shape[1]) / _N_FFT
    deviation = np.angle(after) - np.angle(here) - expected
    advance = expected + deviation - 2 * np.pi * np.round(deviation / (2 * np.pi))
    phases = np.angle(spectra[0]) + np.concatenate([np.zeros((1, spectra.shape[1])), np.cumsum(advance, axis=0)[:-1]])
    return magnitudes * np.exp(1j * phases)


def _overlapped(spectra: NDArray[np.complex128], window: NDArray[np.float64], n: int) -> Samples:
    """Add the frames up again, each weighed by the window, and divide by the windows' sum."""
    frames = np.fft.irfft(spectra, n=_N_FFT, axis=1) * window
    total = np.zeros(_HOP * len(frames) + _N_FFT)
    weight = np.full_like(total, 1e-8)
    for i, frame in enumerate(frames):
        total[i * _HOP : i * _HOP + _N_FFT] += frame
        weight[i * _HOP : i * _HOP + _N_FFT] += window**2
    sound = (total / np.maximum(weight, 1e-2))[_N_FFT // 2 :][:n]
    return np.pad(sound, (0, max(0, n - len(sound)))).astype(np.float32)
