"""Bands for separation: single bins at the bottom, wider above; there, and back to bins."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from instrunet.features.spectrum import Samples, Spectrum, SpectrumConfig, analyse

Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class BandConfig:
    """The spectrum, the number of bands, up to which frequency they cover single bins, and the compression."""

    spectrum: SpectrumConfig = field(default_factory=lambda: SpectrumConfig(sample_rate_hz=32_000, n_fft=3072, hop=768))
    n_bands: int = 256
    linear_to_hz: float = 1250.0
    exponent: float = 0.5


@lru_cache(maxsize=4)
def band_edges(config: BandConfig) -> tuple[int, ...]:
    """First bin of each band, and one past the last bin.

    >>> edges = band_edges(BandConfig())
    >>> len(edges), edges[:3], edges[-1]
    (257, (0, 1, 2), 1537)
    """
    n_bins = config.spectrum.n_bins
    linear = round(config.linear_to_hz / config.spectrum.sample_rate_hz * config.spectrum.n_fft)
    wide = config.n_bands - linear
    above = linear + (n_bins - linear) * (np.expm1(np.linspace(0, 1, wide + 1) * 2.2) / np.expm1(2.2))
    edges = [*range(linear), *np.round(above).astype(int).tolist()]
    for index in range(1, len(edges)):
        edges[index] = max(edges[index], edges[index - 1] + 1)
    edges[-1] = n_bins
    return tuple(edges)


def band_power(spectrum: Spectrum, config: BandConfig) -> Matrix:
    """Power in each band, summed over its bins: (bins, frames) -> (bands, frames)."""
    return _summed(spectrum.real**2 + spectrum.imag**2, config)


def band_product(one: Spectrum, other: Spectrum, config: BandConfig) -> Matrix:
    """Real part of one times the other's conjugate, summed over the bins of each band."""
    return _summed(one.real * other.real + one.imag * other.imag, config)


def band_magnitude(spectrum: Spectrum, config: BandConfig) -> Matrix:
    """Root of the power in each band, compressed: (bins, frames) -> (bands, frames)."""
    return np.asarray(band_power(spectrum, config) ** (config.exponent / 2), np.float32)


def _summed(bins: Matrix, config: BandConfig) -> Matrix:
    edges = np.asarray(band_edges(config)[:-1])
    return np.asarray(np.add.reduceat(bins, edges, axis=0), np.float32)


def to_bins(mask: Matrix, config: BandConfig) -> Matrix:
    """Spread a mask over bands onto bins: (bands, frames) -> (bins, frames), without steps where bands are wide."""
    edges = np.asarray(band_edges(config))
    centres = (edges[:-1] + edges[1:] - 1) / 2
    bins = np.arange(edges[-1])
    low = np.clip(np.searchsorted(centres, bins, side="right") - 1, 0, len(centres) - 2)
    weight = np.clip((bins - centres[low]) / (centres[low + 1] - centres[low]), 0, 1).astype(np.float32)[:, None]
    return mask[low] * (1 - weight) + mask[low + 1] * weight


def bands_of(samples: Samples, config: BandConfig) -> Matrix:
    """Samples to compressed band magnitudes."""
    return band_magnitude(analyse(samples, config.spectrum), config)
