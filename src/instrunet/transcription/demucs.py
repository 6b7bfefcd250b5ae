"""Demucs as a separator: htdemucs_6s through its own package, whose weights come at run time on the user's machine.

Demucs knows six stems. An instrument that has one of its own takes it; the others are found by a second separator in
what Demucs calls "other" (and in "guitar" or "bass" where two instruments share it).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from instrunet.errors import InstrunetError, MissingExtraError
from instrunet.transcription.separation import Samples, Separator, Stems, separator, summing_to

STEM_OF = {
    "voice": "vocals", "drums": "drums", "cymbals": "drums", "hand_percussion": "drums", "electric_bass": "bass",
    "double_bass": "bass", "acoustic_guitar": "guitar", "electric_guitar": "guitar", "piano": "piano",
}  # fmt: skip
"""Canonical instrument -> the stem that holds it; every other instrument is in ``other``."""

Split = Callable[[Samples, int], dict[str, Samples]]
"""Mono samples and their rate to Demucs's stems by name."""


class DemucsSeparator:
    """htdemucs_6s, refined by another separator where it lumps instruments together.

    Args:
        further: Splits the stems that several instruments share; our trained network unless given.
        split: What runs Demucs; tests pass a stand-in, users leave it out.
        model: Name of the pretrained model.
    """

    name = "demucs"

    def __init__(
        self, further: Separator | None = None, *, split: Split | None = None, model: str = "htdemucs_6s"
    ) -> None:
        if further is None:
            further = separator("auto")
        self.further = further
        self.model = model
        self._split = split or self._run

    def separate(self, mix: Samples, sample_rate_hz: int, instruments: tuple[str, ...]) -> Stems:
        """Give a stem an instrument."""
        coarse = self._split(mix, sample_rate_hz)
        found: dict[str, Samples] = {}
        for stem, samples in coarse.items():
            wanted = tuple(name for name in instruments if STEM_OF.get(name, "other") == stem)
            if len(wanted) == 1:
                found[wanted[0]] = samples
            elif wanted:
                found |= self.further.separate(samples, sample_rate_hz, wanted).samples
        for name in instruments:
            found.setdefault(name, np.zeros(len(mix), np.float32))
        return summing_to(mix, {name: found[name] for name in instruments}, sample_rate_hz)

    @cached_property
    def _network(self) -> Any:
        try:
            from demucs.pretrained import get_model
        except ImportError as error:
            raise MissingExtraError("separate", "separation with Demucs") from error
        try:
            return get_model(self.model)
        except Exception as error:
            raise InstrunetError(f"Demucs's weights ({self.model}) could not be loaded: {error}") from error

    def _run(self, mix: Samples, sample_rate_hz: int) -> dict[str, Samples]:
        network = self._network
        import torch
        from demucs.apply import apply_model

        from instrunet.audio import resample

        rate = int(network.samplerate)
        signal = mix if sample_rate_hz == rate else resample(mix, sample_rate_hz, rate)
        stereo = torch.from_numpy(np.stack([signal, signal]))[None]
        mean, std = stereo.mean(), stereo.std() + 1e-8
        with torch.inference_mode():
            stems = apply_model(network, (stereo - mean) / std, split=True, overlap=0.25)[0] * std + mean
        mono = {name: stem.mean(0).numpy() for name, stem in zip(network.sources, stems, strict=True)}
        if sample_rate_hz == rate:
            return mono
        return {name: resample(stem.astype(np.float32), rate, sample_rate_hz) for name, stem in mono.items()}
