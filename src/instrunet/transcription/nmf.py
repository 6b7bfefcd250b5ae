"""The classical baseline: non-negative matrix factorisation with fixed instrument templates and Wiener masks.

Every semitone of every named instrument is a column; the activations that explain the mix best (Kullback-Leibler
divergence, multiplicative updates) say how much of each bin belongs to whom, and a soft mask takes that much of the
mix. Long recordings go through in overlapping pieces, so memory does not grow.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from instrunet.features.spectrum import SpectrumConfig, analyse, synthesise
from instrunet.transcription.limits import limits_of
from instrunet.transcription.separation import Samples, Stems, summing_to
from instrunet.transcription.timbre import Timbre, note_spectrum, shape_spectra, timbres

Matrix = NDArray[np.float32]


@dataclass(frozen=True)
class NmfConfig:
    """Iterations, sparsity of the activations, sharpness of the masks, and the length of a piece."""

    spectrum: SpectrumConfig = field(default_factory=SpectrumConfig)
    iterations: int = 40
    sparsity: float = 0.02
    mask_exponent: float = 1.5
    piece_s: float = 20.0
    overlap_s: float = 1.0
    adaptation: int = 10


@dataclass(frozen=True)
class Templates:
    """Columns (bins, k) and, for each column, the index of the instrument that it belongs to."""

    columns: Matrix
    owner: NDArray[np.int64]


class NmfSeparator:
    """Takes a mix apart by instrument templates; needs no training and no download."""

    name = "nmf"

    def __init__(self, config: NmfConfig | None = None) -> None:
        self.config = config or NmfConfig()

    def separate(self, mix: Samples, sample_rate_hz: int, instruments: tuple[str, ...]) -> Stems:
        """Give a stem an instrument; what fits no template stays in the rest."""
        from instrunet.audio import resample

        rate = self.config.spectrum.sample_rate_hz
        signal = mix if sample_rate_hz == rate else resample(mix, sample_rate_hz, rate)
        templates = templates_for(instruments, self.config.spectrum)
        pieces = self._pieces(signal, templates, instruments)
        stems = {
            name: stem if sample_rate_hz == rate else resample(stem, rate, sample_rate_hz)
            for name, stem in pieces.items()
        }
        return summing_to(mix, stems, sample_rate_hz)

    def _pieces(self, signal: Samples, templates: Templates, instruments: tuple[str, ...]) -> dict[str, Samples]:
        rate = self.config.spectrum.sample_rate_hz
        overlap = round(self.config.overlap_s * rate)
        hop = round(self.config.piece_s * rate) - overlap
        out = {name: np.zeros(len(signal), np.float32) for name in instruments}
        weight = np.zeros(len(signal), np.float32)
        for start in range(0, max(1, len(signal) - overlap), hop):
            piece = signal[start : start + hop + overlap]
            fade = _fade(len(piece), overlap, first=start == 0, last=start + len(piece) >= len(signal))
            for name, stem in zip(instruments, self._separate_piece(piece, templates, len(instruments)), strict=True):
                out[name][start : start + len(piece)] += stem * fade
            weight[start : start + len(piece)] += fade
        return {name: (stem / np.maximum(weight, 1e-6)).astype(np.float32) for name, stem in out.items()}

    def _separate_piece(self, piece: Samples, templates: Templates, n_instruments: int) -> list[Samples]:
        spectrum = analyse(piece, self.config.spectrum)
        magnitude = np.abs(spectrum).astype(np.float32)
        columns, activations = factorise(magnitude, templates, self.config)
        shares = [
            (columns[:, templates.owner == index] @ activations[templates.owner == index]) ** self.config.mask_exponent
            for index in range(n_instruments)
        ]
        total = np.maximum(sum(shares), 1e-10)
        return [synthesise(spectrum * (share / total), len(piece), self.config.spectrum) for share in shares]


def templates_for(instruments: tuple[str, ...], spectrum: SpectrumConfig) -> Templates:
    """Draw the columns of the named instruments: a semitone each, and the unpitched shapes."""
    frequencies = spectrum.frequencies_hz
    width_hz = 1.1 * spectrum.sample_rate_hz / spectrum.n_fft
    columns: list[Matrix] = []
    owner: list[int] = []
    known = timbres()
    for index, name in enumerate(instruments):
        timbre = known.get(name, known["piano"])
        drawn = [note_spectrum(timbre, pitch, frequencies, width_hz) for pitch in _pitches(name, timbre)]
        drawn += shape_spectra(timbre, frequencies)
        columns += drawn
        owner += [index] * len(drawn)
    return Templates(np.stack(columns, axis=1), np.array(owner))


def factorise(magnitude: Matrix, templates: Templates, config: NmfConfig) -> tuple[Matrix, Matrix]:
    """Find the activations (k, frames) that explain the magnitudes; late on, let the columns bend to the recording."""
    columns = templates.columns.copy()
    scale = float(np.mean(magnitude)) + 1e-9
    target = magnitude / scale
    activations = np.full((columns.shape[1], target.shape[1]), 0.1, np.float32)
    first = config.iterations - config.adaptation
    for step in range(config.iterations):
        ratio = target / np.maximum(columns @ activations, 1e-7)
        activations *= (columns.T @ ratio) / (columns.sum(0)[:, None] + config.sparsity)
        if step >= first:
            ratio = target / np.maximum(columns @ activations, 1e-7)
            bent = columns * (ratio @ activations.T) / np.maximum(activations.sum(1), 1e-7)
            mixed = 0.7 * columns + 0.3 * np.where(templates.columns > 1e-4, bent, columns)
            columns = mixed.astype(np.float32)
            columns /= np.maximum(np.linalg.norm(columns, axis=0), 1e-9)
    return columns, activations * np.float32(scale)


def _pitches(name: str, timbre: Timbre) -> range:
    if not timbre.pitches:
        return range(0)
    limits = limits_of(name)
    return range(max(limits.low, 24), min(limits.high, 103) + 1)


def _fade(n: int, overlap: int, *, first: bool, last: bool) -> Samples:
    fade = np.ones(n, np.float32)
    ramp = min(overlap, n)
    if not first:
        fade[:ramp] = np.linspace(0, 1, ramp, endpoint=False, dtype=np.float32)
    if not last:
        fade[-ramp:] *= np.linspace(1, 0, ramp, endpoint=False, dtype=np.float32)
    return fade
