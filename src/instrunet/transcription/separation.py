"""Taking a mix apart: one protocol for every separator, stems that sum to the mix, and how good they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from instrunet.errors import UsageError

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Stems:
    """One waveform per instrument, plus ``rest``: what no instrument claimed. Together they are the mix."""

    samples: dict[str, Samples]
    rest: Samples
    sample_rate_hz: int

    def sum(self) -> Samples:
        """Add everything up again."""
        total = self.rest.copy()
        for stem in self.samples.values():
            total += stem
        return total


class Separator(Protocol):
    """Anything that takes a mono mix apart into the instruments it is told are there."""

    name: str

    def separate(self, mix: Samples, sample_rate_hz: int, instruments: tuple[str, ...]) -> Stems:
        """Give a stem for each instrument; stems and rest sum to the mix."""
        ...


SEPARATORS = ("auto", "nmf", "unet", "demucs")


def separator(name: str = "auto") -> Separator:
    """Open a separator by name; ``auto`` takes our trained network where one came with the package, else ``nmf``.

    Raises:
        UsageError: there is no such separator.
    """
    if name in ("auto", "unet"):
        from instrunet.transcription.unet import UnetSeparator

        if name == "unet" or UnetSeparator.available():
            return UnetSeparator.load()
        name = "nmf"
    if name == "nmf":
        from instrunet.transcription.nmf import NmfSeparator

        return NmfSeparator()
    if name == "demucs":
        from instrunet.transcription.demucs import DemucsSeparator

        return DemucsSeparator()
    raise UsageError(f"there is no separator {name!r}; choose one of {', '.join(SEPARATORS)}")


def summing_to(mix: Samples, stems: dict[str, Samples], sample_rate_hz: int) -> Stems:
    """Put what is missing into ``rest``, so that the stems sum to the mix exactly."""
    fitted = {name: _fitted(stem, len(mix)) for name, stem in stems.items()}
    rest = mix.astype(np.float32, copy=True)
    for stem in fitted.values():
        rest -= stem
    return Stems(fitted, rest, sample_rate_hz)


def si_sdr_db(estimate: Samples, truth: Samples) -> float:
    """Scale-invariant signal-to-distortion ratio; higher is better, identical signals give a large number.

    >>> rng = np.random.default_rng(0)
    >>> x = rng.standard_normal(1000).astype(np.float32)
    >>> round(si_sdr_db(x + 0.1 * rng.standard_normal(1000).astype(np.float32), x))
    20
    """
    truth = truth - truth.mean()
    estimate = estimate - estimate.mean()
    energy = float(truth @ truth)
    if energy <= 0:
        return float("nan")
    target = (float(estimate @ truth) / energy) * truth
    error = estimate - target
    return float(10 * np.log10((float(target @ target) + 1e-12) / (float(error @ error) + 1e-12)))


def leakage_db(estimate: Samples, others: Samples, truth: Samples) -> float:
    """How much of the other instruments is left in a stem, against its own energy; lower is better."""
    own = float(truth @ truth)
    foreign = float(others @ others)
    if own <= 0 or foreign <= 0:
        return float("nan")
    basis = np.stack([truth, others])
    weights, *_ = np.linalg.lstsq(basis.T.astype(np.float64), estimate.astype(np.float64), rcond=None)
    return float(10 * np.log10((weights[1] ** 2 * foreign + 1e-12) / (weights[0] ** 2 * own + 1e-12)))


def _fitted(stem: Samples, n: int) -> Samples:
    if len(stem) == n:
        return stem
    out = np.zeros(n, np.float32)
    out[: min(n, len(stem))] = stem[:n]
    return out
