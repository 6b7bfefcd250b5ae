"""Windows of samples to calibrated scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from instrunet.bundles import TaggerSpec
from instrunet.bundles.network import Network
from instrunet.features import log_mel
from instrunet.tagging.windows import Window

BATCH_WINDOWS = 4
SILENCE_PEAK = 1e-4
"""A window that never exceeds this (-80 dB of full scale) holds nothing that could be heard."""


@dataclass(frozen=True)
class Spectrogram:
    """A window on its way to the network: log-mel values instead of samples."""

    start: int
    n_samples: int
    n_heard: int
    silent: bool
    mel: NDArray[np.float32]


@dataclass(frozen=True)
class WindowScores:
    """What the network says of one window; everything calibrated, 0 to 1.

    Attributes:
        start: index of its first sample.
        n_samples: its length with the silence that fills it up.
        n_heard: its length without.
        clip: (classes,)
        frames: (classes, steps), steps equally long over the window; one step if the network gives no frames.
        attention: (classes, steps), or None.
    """

    start: int
    n_samples: int
    n_heard: int
    clip: NDArray[np.float32]
    frames: NDArray[np.float32]
    attention: NDArray[np.float32] | None


def spectrogram(window: Window, spec: TaggerSpec) -> Spectrogram:
    """The front end, on one window."""
    silent = not len(window.samples) or float(np.max(np.abs(window.samples))) < SILENCE_PEAK
    mel = log_mel(window.samples, spec.front_end)
    return Spectrogram(window.start, len(window.samples), window.n_heard, silent, mel)


def scored(network: Network, windows: Iterable[Sequence[Spectrogram]]) -> Iterator[WindowScores]:
    """Run batches through the network; windows of unlike length go one by one."""
    for batch in windows:
        for _, alike in groupby(batch, key=lambda window: window.mel.shape):
            yield from _run(network, list(alike))


def _run(network: Network, batch: list[Spectrogram]) -> Iterator[WindowScores]:
    found = network(np.stack([window.mel for window in batch]))
    clip = calibrated(found["clip"], network.spec)
    frames = calibrated(found["frames"], network.spec) if "frames" in found else clip[:, :, None]
    attention = found.get("attention")
    for i, window in enumerate(batch):
        loud = np.float32(not window.silent)
        yield WindowScores(
            start=window.start,
            n_samples=window.n_samples,
            n_heard=window.n_heard,
            clip=clip[i] * loud,
            frames=frames[i] * loud,
            attention=None if attention is None else attention[i],
        )


def calibrated(logits: NDArray[np.float32], spec: TaggerSpec) -> NDArray[np.float32]:
    """Logits (batch, classes, ...) to probabilities."""
    shape = (1, -1) + (1,) * (logits.ndim - 2)
    scale = np.asarray(spec.calibration_scale, np.float32).reshape(shape)
    bias = np.asarray(spec.calibration_bias, np.float32).reshape(shape)
    with np.errstate(over="ignore"):
        return (1.0 / (1.0 + np.exp(-(scale * logits + bias)))).astype(np.float32)
