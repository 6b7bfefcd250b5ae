"""Does 0.8 mean eight times in ten? Reliability, expected calibration error, and one temperature to mend it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from instrunet.evaluation.counts import ratio

LOG_TEMPERATURES = (-4.0, 4.0)


@dataclass(frozen=True)
class Reliability:
    """Scores in equal bins of [0, 1]: how many fell there, their mean score, and the share that was truly positive."""

    edges: tuple[float, ...]
    n: tuple[int, ...]
    mean_score: tuple[float, ...]
    share_positive: tuple[float, ...]

    @property
    def ece(self) -> float:
        """Expected calibration error: the mean gap between score and truth, weighted by how many fell in each bin."""
        n = np.array(self.n, float)
        gaps = np.abs(np.array(self.mean_score) - np.array(self.share_positive))
        return float(np.nansum(n * gaps) / n.sum()) if n.sum() else float("nan")

    @property
    def largest_gap(self) -> float:
        """The gap of the worst bin."""
        gaps = np.abs(np.array(self.mean_score) - np.array(self.share_positive))
        return float(np.nanmax(gaps)) if np.isfinite(gaps).any() else float("nan")


def reliability(scores: ArrayLike, y: ArrayLike, mask: ArrayLike, *, n_bins: int = 15) -> Reliability:
    """Bin the observed elements by score; empty bins hold NaN.

    >>> round(reliability([[0.8], [0.8]], [[1], [0]], [[1], [1]]).ece, 3)
    0.3
    """
    m = np.asarray(mask) > 0
    s, t = np.asarray(scores, np.float64)[m], (np.asarray(y) >= 0.5)[m]
    which = np.minimum((s * n_bins).astype(int), n_bins - 1)
    n = np.bincount(which, minlength=n_bins)
    empty = np.where(n > 0, 0.0, np.nan)
    return Reliability(
        edges=tuple(float(edge) for edge in np.linspace(0, 1, n_bins + 1)),
        n=tuple(int(k) for k in n),
        mean_score=tuple(float(v) for v in ratio(np.bincount(which, s, n_bins), n) + empty),
        share_positive=tuple(float(v) for v in ratio(np.bincount(which, t, n_bins), n) + empty),
    )


def fit_temperature(scores: ArrayLike, y: ArrayLike, mask: ArrayLike, *, n_steps: int = 40) -> float:
    """The temperature T for which sigmoid(logit / T) has the lowest cross-entropy on these (validation) clips.

    T > 1 makes the scores more modest, T < 1 bolder. The loss has one minimum in log T, which a golden-section search
    finds; 1.0 if nothing is observed.
    """
    m = np.asarray(mask) > 0
    if not m.any():
        return 1.0
    x, t = _logit(np.asarray(scores, np.float64)[m]), (np.asarray(y) >= 0.5)[m]
    signed = np.where(t, -x, x)

    def loss(log_temperature: float) -> float:
        return float(np.logaddexp(0.0, signed * np.exp(-log_temperature)).mean())

    return float(np.exp(_lowest(loss, *LOG_TEMPERATURES, n_steps)))


def with_temperature(scores: ArrayLike, temperature: float) -> NDArray[np.float64]:
    """The scores after dividing their logits by ``temperature``.

    >>> with_temperature([0.5, 0.9], 2.0)
    array([0.5 , 0.75])
    """
    return np.asarray(1.0 / (1.0 + np.exp(-_logit(np.asarray(scores, np.float64)) / temperature)))


def _lowest(loss: Callable[[float], float], low: float, high: float, n_steps: int) -> float:
    """Where a loss with one valley is lowest; each step keeps the golden part, so that one of two losses is known."""
    golden = (5**0.5 - 1) / 2
    first, second = high - golden * (high - low), low + golden * (high - low)
    at_first, at_second = loss(first), loss(second)
    for _ in range(n_steps):
        if at_first <= at_second:
            high, second, at_second = second, first, at_first
            first = high - golden * (high - low)
            at_first = loss(first)
        else:
            low, first, at_first = first, second, at_second
            second = low + golden * (high - low)
            at_second = loss(second)
    return (low + high) / 2


def _logit(p: NDArray[np.float64]) -> NDArray[np.float64]:
    p = np.clip(p, 1e-7, 1 - 1e-7)
    return np.asarray(np.log(p) - np.log1p(-p))
