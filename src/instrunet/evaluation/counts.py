"""Counting decisions: true and false positives and negatives per class, and the averages taken over them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

AVERAGES = ("micro", "macro", "macro_present", "weighted", "samples")


@dataclass(frozen=True)
class Prf:
    """Precision, recall and F1; each a number or an array of the same shape."""

    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]


@dataclass(frozen=True)
class Counts:
    """How often a decision was right or wrong, (…, classes) each; leading axes are resamples.

    A ratio of nothing to nothing is 0, as in scikit-learn's reports; a class with no observation at all is NaN.
    """

    tp: NDArray[np.float64]
    fp: NDArray[np.float64]
    fn: NDArray[np.float64]
    tn: NDArray[np.float64]

    @property
    def support(self) -> NDArray[np.float64]:
        """Observed positives."""
        return self.tp + self.fn

    @property
    def observed(self) -> NDArray[np.float64]:
        """Observed elements."""
        return self.tp + self.fp + self.fn + self.tn

    @property
    def accuracy(self) -> NDArray[np.float64]:
        """Share decided rightly; NaN without observations."""
        return self._known(ratio(self.tp + self.tn, self.observed))

    def per_class(self) -> Prf:
        """Precision, recall and F1 of each class.

        >>> counts = count([[1], [1]], [[1], [0]], [[1], [1]])
        >>> counts.per_class().f1
        array([0.6666...])
        """
        return Prf(
            precision=self._known(ratio(self.tp, self.tp + self.fp)),
            recall=self._known(ratio(self.tp, self.tp + self.fn)),
            f1=self._known(ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)),
        )

    def micro(self) -> Prf:
        """All classes counted together."""
        tp, fp, fn = (part.sum(axis=-1) for part in (self.tp, self.fp, self.fn))
        return Prf(ratio(tp, tp + fp), ratio(tp, tp + fn), ratio(2 * tp, 2 * tp + fp + fn))

    def macro(self) -> Prf:
        """The mean over the classes with an observation, as scikit-learn takes it."""
        return self._mean(np.ones_like(self.tp))

    def macro_present(self) -> Prf:
        """The mean over the classes that occur, that is with an observed positive."""
        return self._mean((self.support > 0).astype(float))

    def weighted(self) -> Prf:
        """The mean over classes, each weighted by its observed positives."""
        return self._mean(self.support)

    def _known(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(self.observed > 0, values, np.nan)

    def _mean(self, weights: NDArray[np.float64]) -> Prf:
        each = self.per_class()
        known = np.where(self.observed > 0, weights, 0.0)

        def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
            return ratio((np.nan_to_num(values) * known).sum(axis=-1), known.sum(axis=-1))

        return Prf(mean(each.precision), mean(each.recall), mean(each.f1))


def count(predicted: ArrayLike, y: ArrayLike, mask: ArrayLike, weights: NDArray[Any] | None = None) -> Counts:
    """Count decisions per class; ``weights`` (resamples, clips) count each clip as often as it was drawn.

    >>> count([[1, 0]], [[1, 1]], [[1, 0]]).fn
    array([0., 0.])
    """
    m = np.asarray(mask) > 0
    said, is_there = np.asarray(predicted) > 0, np.asarray(y) >= 0.5
    parts = (said & is_there & m, said & ~is_there & m, ~said & is_there & m, ~said & ~is_there & m)
    if weights is None:
        return Counts(*(part.sum(axis=0).astype(np.float64) for part in parts))
    return Counts(*(np.asarray(weights @ part.astype(weights.dtype), np.float64) for part in parts))


def per_clip(predicted: ArrayLike, y: ArrayLike, mask: ArrayLike) -> Prf:
    """Precision, recall and F1 of each clip over its observed classes, (clips,); NaN where nothing is observed."""
    m = np.asarray(mask) > 0
    said, is_there = (np.asarray(predicted) > 0) & m, (np.asarray(y) >= 0.5) & m
    tp = (said & is_there).sum(axis=1).astype(np.float64)
    n_said, n_there = said.sum(axis=1), is_there.sum(axis=1)
    judged = m.any(axis=1)

    def known(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(judged, values, np.nan)

    return Prf(known(ratio(tp, n_said)), known(ratio(tp, n_there)), known(ratio(2 * tp, n_said + n_there)))


def ratio(above: NDArray[Any], below: NDArray[Any]) -> NDArray[np.float64]:
    """``above / below``, and 0 where ``below`` is 0.

    >>> ratio(np.array([1.0, 0.0]), np.array([2.0, 0.0]))
    array([0.5, 0. ])
    """
    above, below = np.asarray(above, np.float64), np.asarray(below, np.float64)
    return np.divide(above, below, out=np.zeros(np.broadcast(above, below).shape), where=below != 0)
