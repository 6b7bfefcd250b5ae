"""From windows to the recording: one score a class, and one curve a class."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from instrunet.bundles import Aggregation, TaggerSpec
from instrunet.tagging.scoring import WindowScores, probability

STEP_S = 0.1
BLOCK_STEPS = 2_048


class Gathering:
    """Takes the scores of windows one after another and keeps little of each.

    The curve has one value every ``STEP_S``; where windows overlap it is their mean.
    """

    def __init__(self, spec: TaggerSpec) -> None:
        self._spec = spec
        self._clips: list[NDArray[np.float32]] = []
        self._starts: list[int] = []
        self._end = 0
        self._attended = np.zeros((2, len(spec.labels)))  # sum of attention times logit, sum of attention
        self._curve = _Curve(len(spec.labels), spec.front_end.sample_rate_hz)

    def add(self, window: WindowScores) -> None:
        """Take one window."""
        self._clips.append(window.clip)
        self._starts.append(window.start)
        self._end = window.start + window.n_heard
        self._curve.add(window)
        if window.attended is not None:
            self._attended += window.attended

    def __len__(self) -> int:
        """How many windows were added."""
        return len(self._clips)

    @property
    def clips(self) -> NDArray[np.float32]:
        """The scores of the windows, (windows, classes)."""
        return self.clips_from(0)

    def clips_from(self, first: int) -> NDArray[np.float32]:
        """The scores of the windows from one on."""
        new = self._clips[first:]
        return np.stack(new) if new else np.zeros((0, len(self._spec.labels)), np.float32)

    @property
    def end_s(self) -> float:
        """Where the last window ends."""
        return self._end / self._spec.front_end.sample_rate_hz

    @property
    def starts_s(self) -> NDArray[np.float64]:
        """Where the windows begin."""
        return np.array(self._starts, np.float64) / self._spec.front_end.sample_rate_hz

    def recording(self) -> NDArray[np.float32]:
        """One score a class for all that was added."""
        if self._spec.aggregation.method == "model":
            total, weight = self._attended
            return probability(total / np.maximum(weight, 1e-12))
        return aggregate(self.clips, self._spec.aggregation)

    def curve(self, duration_s: float) -> Iterator[NDArray[np.float32]]:
        """The activity curves, (classes, steps), in pieces, because those of hours are long."""
        return self._curve.pieces(n_steps(duration_s))


def n_steps(duration_s: float) -> int:
    """How many steps a curve of that duration has.

    >>> n_steps(0.25), n_steps(0.01)
    (3, 1)
    """
    return max(1, int(np.ceil(duration_s / STEP_S - 1e-6)))


def aggregate(scores: NDArray[np.float32], aggregation: Aggregation) -> NDArray[np.float32]:
    """Scores of windows (windows, classes) to (classes,).

    >>> scores = np.array([[0.0], [0.5], [1.0]], np.float32)
    >>> [float(aggregate(scores, Aggregation(m, k=2))[0]) for m in ("mean", "max", "topk_mean")]
    [0.5, 1.0, 0.75]
    """
    if aggregation.method == "max":
        return scores.max(axis=0)
    if aggregation.method == "topk_mean":
        return np.sort(scores, axis=0)[-aggregation.k :].mean(axis=0, dtype=np.float64).astype(np.float32)
    return scores.mean(axis=0, dtype=np.float64).astype(np.float32)


class _Curve:
    """Sums and counts on a regular grid, kept in blocks so that a long recording needs no second copy."""

    def __init__(self, n_classes: int, sample_rate_hz: int) -> None:
        self._n_classes = n_classes
        self._rate_hz = sample_rate_hz
        self._blocks: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []

    def add(self, window: WindowScores) -> None:
        start_s, heard_s = window.start / self._rate_hz, window.n_heard / self._rate_hz
        first = int(np.ceil(start_s / STEP_S - 0.5 - 1e-6))
        last = max(first + 1, int(np.ceil((start_s + heard_s) / STEP_S - 0.5 - 1e-6)) + 1)
        middles_s = (np.arange(first, last) + 0.5) * STEP_S
        steps = window.frames.shape[1]
        at = np.clip((middles_s - start_s) / (window.n_samples / self._rate_hz) * steps - 0.5, 0, steps - 1)
        left = np.floor(at).astype(np.int64)
        part = (at - left).astype(np.float32)
        right = np.minimum(left + 1, steps - 1)
        values = window.frames[:, left] * (1 - part) + window.frames[:, right] * part
        for block in range(first // BLOCK_STEPS, (last - 1) // BLOCK_STEPS + 1):
            begin = block * BLOCK_STEPS
            a, b = max(first, begin), min(last, begin + BLOCK_STEPS)
            total, count = self._block(block)
            total[:, a - begin : b - begin] += values[:, a - first : b - first]
            count[a - begin : b - begin] += 1

    def pieces(self, n: int) -> Iterator[NDArray[np.float32]]:
        for block in range(-(-n // BLOCK_STEPS)):
            total, count = self._block(block)
            kept = min(BLOCK_STEPS, n - block * BLOCK_STEPS)
            yield np.asarray(total[:, :kept] / np.maximum(count[:kept], 1), np.float32)

    def _block(self, number: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        while len(self._blocks) <= number:
            self._blocks.append(
                (np.zeros((self._n_classes, BLOCK_STEPS), np.float32), np.zeros(BLOCK_STEPS, np.float32))
            )
        return self._blocks[number]
