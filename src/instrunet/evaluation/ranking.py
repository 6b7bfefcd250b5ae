"""Ranking one class: its clips ordered by score once, then average precision and ROC area under any clip weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[Any]


@dataclass(frozen=True)
class Ranking:
    """The observed clips of one class from the highest score down; clips of equal score share a step.

    ``order`` (m,) are rows of the trial, ``y`` (m,) their truth in that order, ``starts`` and ``ends`` (steps,) the
    half-open ranges of the steps.
    """

    order: NDArray[np.intp]
    y: NDArray[np.bool_]
    starts: NDArray[np.intp]
    ends: NDArray[np.intp]


def rank(scores: NDArray[np.float64], y: NDArray[np.bool_], mask: NDArray[np.bool_]) -> Ranking:
    """Order one class: scores, truth and mask are columns, (clips,).

    >>> rank(np.array([0.2, 0.9, 0.2]), np.array([1, 1, 0], bool), np.ones(3, bool)).starts
    array([0, 1])
    """
    observed = np.flatnonzero(mask)
    order = observed[np.argsort(-scores[observed], kind="stable")]
    changes = np.flatnonzero(np.diff(scores[order])) + 1
    bounds = np.concatenate([[0], changes, [len(order)]]) if len(order) else np.zeros(1, int)
    return Ranking(order=order, y=y[order].astype(bool), starts=bounds[:-1], ends=bounds[1:])


def step_counts(ranking: Ranking) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Positives and all clips at or above each step, (steps,) both."""
    return np.cumsum(ranking.y).astype(np.float64)[ranking.ends - 1], ranking.ends.astype(np.float64)


def ranking_scores(ranking: Ranking, weights: Weights | None = None) -> tuple[NDArray[Any], NDArray[Any]]:
    """Average precision and area under the ROC curve for each resample, (resamples,) both.

    ``weights`` (clips, resamples) says how often each clip was drawn; None draws each once. NaN where a score is not
    defined: no positive drawn (both), or no negative (the ROC area only).
    """
    n_resamples = 1 if weights is None else weights.shape[1]
    if not ranking.y.any():
        return np.full(n_resamples, np.nan), np.full(n_resamples, np.nan)
    drawn = np.ones((len(ranking.order), 1)) if weights is None else weights[ranking.order]
    seen = np.concatenate([np.zeros_like(drawn[:1]), np.cumsum(drawn, axis=0)])
    # only steps that hold a positive add to either area: (positive steps, resamples) from here on
    n_before = np.concatenate([[0], np.cumsum(ranking.y)])
    holds = n_before[ranking.ends] > n_before[ranking.starts]
    starts, ends = ranking.starts[holds], ranking.ends[holds]
    gained = np.add.reduceat(drawn[ranking.y], n_before[starts], axis=0)
    positive = np.cumsum(gained, axis=0)
    negative_above, negative = seen[starts] - (positive - gained), seen[ends] - positive
    n_positive, n_negative = positive[-1].astype(np.float64), (seen[-1] - positive[-1]).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        ap = _sum(gained * positive / np.maximum(seen[ends], 1e-30)) / n_positive
        # a positive beats the negatives below its step and half of those that share it
        auc = _sum(gained * (n_negative - (negative_above + negative) / 2)) / (n_positive * n_negative)
    return np.where(n_positive > 0, ap, np.nan), np.where(n_positive * n_negative > 0, auc, np.nan)


def _sum(values: Weights) -> NDArray[np.float64]:
    return values.sum(axis=0, dtype=np.float64)
