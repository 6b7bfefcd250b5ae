"""Windows of samples to calibrated scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from instrunet.bundles import TaggerSpec
from instrunet.bundles.network import FrontEnd, Scorer
from instrunet.tagging.windows import Window

BATCH_WINDOWS = 4
SILENCE_PEAK = 1e-4
"""A window that never exceeds this (-80 dB of full scale) holds nothing that could be heard."""
SILENT_LOGIT = -20.0


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
        attended: the sum of attention times logit, and the sum of attention, (2, classes); None without attention.
    """

    start: int
    n_samples: int
    n_heard: int
    clip: NDArray[np.float32]
    frames: NDArray[np.float32]
    attended: NDArray[np.float64] | None


def spectrogram(window: Window, front_end: FrontEnd) -> Spectrogram:
    """The front end, on one window."""
    silent = not len(window.samples) or float(np.max(np.abs(window.samples))) < SILENCE_PEAK
    return Spectrogram(window.start, len(window.samples), window.n_heard, silent, front_end.seen(window.samples))


def scored(network: Scorer, windows: Iterable[Sequence[Spectrogram]]) -> Iterator[WindowScores]:
    """Run batches through the network; windows of unlike length go one by one."""
    for batch in windows:
        for _, alike in groupby(batch, key=lambda window: window.mel.shape):
            yield from _run(network, list(alike))


def _run(network: Scorer, batch: list[Spectrogram]) -> Iterator[WindowScores]:
    found = network(np.stack([window.mel for window in batch]))
    clip = calibrated(found["clip"], network.spec)
    frames = calibrated(found["frames"], network.spec) if "frames" in found else clip[:, :, None]
    for i, window in enumerate(batch):
        attended = None
        if "attention" in found:
            logits = np.where(window.silent, SILENT_LOGIT, frames[i])
            attended = np.stack([(logits * found["attention"][i]).sum(axis=1), found["attention"][i].sum(axis=1)])
        yield WindowScores(
            start=window.start,
            n_samples=window.n_samples,
            n_heard=window.n_heard,
            clip=_heard(clip[i], window),
            frames=_heard(frames[i], window),
            attended=attended,
        )


def _heard(logits: NDArray[np.float32], window: Spectrogram) -> NDArray[np.float32]:
    return np.zeros_like(logits) if window.silent else probability(logits)


def probability(logits: NDArray[np.floating]) -> NDArray[np.float32]:
    """The logistic function.

    >>> probability(np.array([-1e9, 0.0])).tolist()
    [0.0, 0.5]
    """
    with np.errstate(over="ignore"):
        return (1.0 / (1.0 + np.exp(-logits))).astype(np.float32)


def calibrated(logits: NDArray[np.float32], spec: TaggerSpec) -> NDArray[np.float32]:
    """Logits (batch, classes, ...) with the calibration of the model."""
    shape = (1, -1) + (1,) * (logits.ndim - 2)
    scale = np.asarray(spec.calibration_scale, np.float32).reshape(shape)
    bias = np.asarray(spec.calibration_bias, np.float32).reshape(shape)
    return scale * logits + bias
