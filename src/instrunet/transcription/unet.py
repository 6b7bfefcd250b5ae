"""Our own separator: a trained U-Net that is told which instruments play, served by ONNX Runtime."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instrunet.bundles import Bundle, BundleError, bundled_models
from instrunet.errors import UsageError
from instrunet.features.bands import BandConfig, band_magnitude, to_bins
from instrunet.features.spectrum import SpectrumConfig, analyse, synthesise
from instrunet.transcription.separation import Samples, Stems, summing_to

Matrix = NDArray[np.float32]

NAME = "separator"
PIECE_FRAMES = 640
OVERLAP_FRAMES = 64


class UnetSeparator:
    """Masks from the network for the whole list of instruments at once; what they leave over is the rest."""

    name = "unet"

    def __init__(self, bundle: Bundle) -> None:
        if bundle.kind != "separator":
            raise BundleError(f"{bundle.path}: is a {bundle.kind}, not a separator")
        self.bundle = bundle
        self.labels: tuple[str, ...] = tuple(bundle.body["labels"])
        self.frame_multiple = int(bundle.body["frame_multiple"])
        body = dict(bundle.body["bands"])
        self.bands = BandConfig(**{**body, "spectrum": SpectrumConfig(**body["spectrum"])})

    @classmethod
    def load(cls, path_or_name: str | Path = NAME) -> UnetSeparator:
        """Open a separator bundle, by default the one inside the package."""
        return cls(Bundle.load(path_or_name))

    @classmethod
    def available(cls) -> bool:
        """Whether a separator came with the package."""
        return NAME in bundled_models()

    @cached_property
    def _session(self) -> Any:
        import onnxruntime

        return onnxruntime.InferenceSession(self.bundle.read("model.onnx"), providers=["CPUExecutionProvider"])

    def separate(self, mix: Samples, sample_rate_hz: int, instruments: tuple[str, ...]) -> Stems:
        """Give a stem an instrument; pieces overlap and fade, so memory does not grow with the length."""
        from instrunet.audio import resample

        rate = self.bands.spectrum.sample_rate_hz
        signal = mix if sample_rate_hz == rate else resample(mix, sample_rate_hz, rate)
        hop = self.bands.spectrum.hop
        length, step = PIECE_FRAMES * hop, (PIECE_FRAMES - OVERLAP_FRAMES) * hop
        out = {name: np.zeros(len(signal), np.float32) for name in instruments}
        weight = np.zeros(len(signal), np.float32)
        for start in range(0, max(1, len(signal) - OVERLAP_FRAMES * hop), step):
            piece = signal[start : start + length]
            fade = _fade(len(piece), length - step, first=start == 0, last=start + length >= len(signal))
            for name, stem in zip(instruments, self._piece(piece, instruments), strict=True):
                out[name][start : start + len(piece)] += stem * fade
            weight[start : start + len(piece)] += fade
        weight = np.maximum(weight, np.float32(1e-6))
        stems = {}
        for name in instruments:  # one at a time: the others are let go of as they are done
            stem = out.pop(name) / weight
            stems[name] = stem if sample_rate_hz == rate else resample(stem, rate, sample_rate_hz)
        return summing_to(mix, stems, sample_rate_hz)

    def _piece(self, piece: Samples, instruments: tuple[str, ...]) -> list[Samples]:
        spectrum = analyse(piece, self.bands.spectrum)
        magnitude = band_magnitude(spectrum, self.bands)
        n_frames = magnitude.shape[1]
        scaled = magnitude / max(float(magnitude.mean()), 1e-6)
        padded = np.pad(scaled, ((0, 0), (0, -n_frames % self.frame_multiple)))[None, None].astype(np.float32)
        masks = self._masks(padded, instruments)[:, :, :n_frames]
        return [synthesise(spectrum * to_bins(mask, self.bands), len(piece), self.bands.spectrum) for mask in masks]

    def _masks(self, magnitude: Matrix, names: tuple[str, ...]) -> NDArray[np.float32]:
        """(1, 1, bands, frames) -> (instruments, bands, frames)."""
        rows = np.zeros((1, max(2, len(names)), len(self.labels)), np.float32)
        for row, name in enumerate(names):
            if name not in self.labels:
                raise UsageError(f"the separator in {self.bundle.path} does not know {name!r}")
            rows[0, row, self.labels.index(name)] = 1.0
        masks = self._session.run(["masks"], {"mix": magnitude, "instruments": rows})[0][0, : len(names)]
        return np.asarray(masks, np.float32)


def _fade(n: int, overlap: int, *, first: bool, last: bool) -> Samples:
    fade = np.ones(n, np.float32)
    ramp = min(overlap, n)
    if not first:
        fade[:ramp] = np.linspace(0, 1, ramp, endpoint=False, dtype=np.float32)
    if not last:
        fade[-ramp:] *= np.linspace(1, 0, ramp, endpoint=False, dtype=np.float32)
    return fade
