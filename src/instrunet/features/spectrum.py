"""The short-time spectrum that separators share: there and back without loss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
Spectrum = NDArray[np.complex64]


@dataclass(frozen=True)
class SpectrumConfig:
    """Sample rate, window and hop; the window is a square-root Hann, so that analysis times synthesis is constant."""

    sample_rate_hz: int = 22_050
    n_fft: int = 2048
    hop: int = 512

    @property
    def n_bins(self) -> int:
        """Frequencies from 0 to half the sample rate."""
        return self.n_fft // 2 + 1

    @property
    def frequencies_hz(self) -> NDArray[np.float64]:
        """The frequency of each bin."""
        return np.arange(self.n_bins) * self.sample_rate_hz / self.n_fft


def analyse(samples: Samples, config: SpectrumConfig) -> Spectrum:
    """Give the complex spectrum (bins, frames) of a mono signal; frame i is centred on sample i * hop."""
    half = config.n_fft // 2
    n_frames = len(samples) // config.hop + 1
    padded = np.zeros(half + n_frames * config.hop + config.n_fft, np.float32)
    padded[half : half + len(samples)] = samples
    frames = np.lib.stride_tricks.sliding_window_view(padded, config.n_fft)[:: config.hop][:n_frames]
    return np.fft.rfft(frames * _window(config.n_fft), axis=1).T.astype(np.complex64)


def synthesise(spectrum: Spectrum, n_samples: int, config: SpectrumConfig) -> Samples:
    """Invert :func:`analyse` by overlap-add."""
    half = config.n_fft // 2
    n_frames = spectrum.shape[1]
    frames = np.fft.irfft(spectrum.T, n=config.n_fft, axis=1).astype(np.float32) * _window(config.n_fft)
    length = (n_frames - 1) * config.hop + config.n_fft
    out, norm = np.zeros(length, np.float32), np.zeros(length, np.float32)
    square = _window(config.n_fft) ** 2
    for index in range(n_frames):
        here = slice(index * config.hop, index * config.hop + config.n_fft)
        out[here] += frames[index]
        norm[here] += square
    out /= np.maximum(norm, 1e-6)
    result = np.zeros(n_samples, np.float32)
    kept = out[half : half + n_samples]
    result[: len(kept)] = kept
    return result


def _window(n: int) -> Samples:
    return np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)).astype(np.float32)
