"""Metrics of scores, masked everywhere: a label nobody observed counts neither for nor against the model.

Each function takes ``scores``, ``y`` and ``mask`` of one shape, (clips, classes); NaN means "not defined here".
Where everything is observed they equal scikit-learn's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from instrunet.evaluation.ranking import rank, ranking_scores

PAIRS_AT_ONCE = 4_000_000


def average_precision(scores: ArrayLike, y: ArrayLike, mask: ArrayLike) -> NDArray[np.float64]:
    """Average precision of each class, (classes,); NaN for a class without an observed positive.

    >>> average_precision([[0.9], [0.8], [0.1]], [[1], [0], [1]], np.ones((3, 1)))
    array([0.8333...])
    """
    return _each_class(scores, y, mask)[0]


def roc_auc(scores: ArrayLike, y: ArrayLike, mask: ArrayLike) -> NDArray[np.float64]:
    """Area under the ROC curve of each class, (classes,); NaN for a class with only one kind of clip.

    >>> roc_auc([[0.9], [0.8], [0.1]], [[1], [0], [1]], np.ones((3, 1)))
    array([0.5])
    """
    return _each_class(scores, y, mask)[1]


def ranking_per_class(scores: ArrayLike, y: ArrayLike, mask: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    """Average precision and ROC area of each class in one sort."""
    return _each_class(scores, y, mask)


def micro_ranking(scores: ArrayLike, y: ArrayLike, mask: ArrayLike) -> tuple[float, float]:
    """Average precision and ROC area over all observed (clip, class) pairs taken as one list."""
    s, t, m = _arrays(scores, y, mask)
    ap, auc = ranking_scores(rank(s.ravel(), t.ravel(), m.ravel()))
    return float(ap[0]), float(auc[0])


def lrap_per_clip(scores: ArrayLike, y: ArrayLike, mask: ArrayLike) -> NDArray[np.float64]:
    """Label ranking average precision of each clip over its observed classes, (clips,).

    1 where nothing or everything observed is present (any order is right then); NaN where nothing is observed.
    """
    s, t, m = _arrays(scores, y, mask)
    result = np.full(len(s), np.nan)
    rows_at_once = max(1, PAIRS_AT_ONCE // max(1, s.shape[1] ** 2))
    for first in range(0, len(s), rows_at_once):
        part = slice(first, first + rows_at_once)
        result[part] = _lrap(np.where(m[part], s[part], -np.inf), t[part], m[part])
    return result


def lrap(scores: ArrayLike, y: ArrayLike, mask: ArrayLike) -> float:
    """Label ranking average precision: the mean of :func:`lrap_per_clip`.

    >>> lrap([[0.75, 0.5, 1.0]], [[1, 0, 0]], np.ones((1, 3)))
    0.5
    """
    return mean_of_known(lrap_per_clip(scores, y, mask))


def cross_entropy(scores: ArrayLike, y: ArrayLike, mask: ArrayLike, *, smallest: float = 1e-7) -> NDArray[np.float64]:
    """Binary cross-entropy of every element in nats, (clips, classes); 0 where not observed.

    Scores are kept ``smallest`` away from 0 and 1, as training libraries do.
    """
    s, t, m = _arrays(scores, y, mask)
    p = np.clip(s, smallest, 1 - smallest)
    return np.where(m, -np.log(np.where(t, p, 1 - p)), 0.0)


def bce(scores: ArrayLike, y: ArrayLike, mask: ArrayLike) -> float:
    """Mean binary cross-entropy over the observed elements.

    >>> round(bce([[0.5, 0.1]], [[1, 1]], [[1, 0]]), 4)
    0.6931
    """
    n_observed = np.count_nonzero(mask)
    return float(cross_entropy(scores, y, mask).sum() / n_observed) if n_observed else float("nan")


def binary_accuracy(scores: ArrayLike, y: ArrayLike, mask: ArrayLike, thresholds: ArrayLike = 0.5) -> float:
    """Share of the observed elements that are decided rightly.

    >>> binary_accuracy([[0.9, 0.9]], [[1, 0]], [[1, 1]])
    0.5
    """
    s, t, m = _arrays(scores, y, mask)
    right = ((s >= np.asarray(thresholds, np.float64)) == t) & m
    return float(right.sum() / m.sum()) if m.any() else float("nan")


def subset_accuracy(scores: ArrayLike, y: ArrayLike, mask: ArrayLike, thresholds: ArrayLike = 0.5) -> float:
    """Share of the clips of which every observed class is decided rightly; clips with none observed are left out.

    >>> subset_accuracy([[0.9, 0.9], [0.9, 0.1]], [[1, 0], [1, 0]], [[1, 1], [1, 1]])
    0.5
    """
    s, t, m = _arrays(scores, y, mask)
    judged = m.any(axis=1)
    right = (((s >= np.asarray(thresholds, np.float64)) == t) | ~m).all(axis=1)
    return float(right[judged].mean()) if judged.any() else float("nan")


def single_label_clips(y: ArrayLike, mask: ArrayLike) -> NDArray[np.bool_]:
    """Clips with exactly one positive among classes that are all observed, (clips,).

    Classes observed in no clip at all are out of play and do not make a clip incomplete.
    """
    t, m = np.asarray(y) >= 0.5, np.asarray(mask) > 0
    in_play = m.any(axis=0)
    return m[:, in_play].all(axis=1) & ((t & m).sum(axis=1) == 1)


def top_k(scores: ArrayLike, y: ArrayLike, mask: ArrayLike, k: int) -> float:
    """Share of the single-label clips whose label is among the ``k`` highest scores; NaN without such clips.

    A class that ties with the label counts as above it, so a constant model gains nothing.

    >>> top_k([[0.2, 0.7, 0.1], [0.5, 0.3, 0.2]], [[1, 0, 0], [1, 0, 0]], np.ones((2, 3)), 1)
    0.5
    """
    s, t, m = _arrays(scores, y, mask)
    rows = single_label_clips(t, m)
    if not rows.any():
        return float("nan")
    s, t = np.where(m[rows], s[rows], -np.inf), t[rows] & m[rows]
    own = s[t][:, None]
    return float(((s >= own).sum(axis=1) <= k).mean())


def mean_of_known(values: NDArray[Any]) -> float:
    """Mean of what is not NaN; NaN if all is.

    >>> mean_of_known(np.array([1.0, np.nan]))
    1.0
    """
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")


def _arrays(
    scores: ArrayLike, y: ArrayLike, mask: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    known = np.asarray(mask) > 0
    return np.asarray(scores, dtype=np.float64), (np.asarray(y) >= 0.5) & known, known


def _each_class(scores: ArrayLike, y: ArrayLike, mask: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    s, t, m = _arrays(scores, y, mask)
    pairs = [ranking_scores(rank(s[:, j], t[:, j], m[:, j])) for j in range(s.shape[1])]
    return np.array([ap[0] for ap, _ in pairs]), np.array([auc[0] for _, auc in pairs])


def _lrap(s: NDArray[np.float64], t: NDArray[np.bool_], m: NDArray[np.bool_]) -> NDArray[np.float64]:
    # (clips, this label, other label): the other label stands at or above this one
    above = (s[:, None, :] >= s[:, :, None]) & m[:, None, :]
    rank_of = np.maximum(above.sum(axis=2), 1)
    relevant_above = (above & t[:, None, :]).sum(axis=2)
    n_relevant, n_observed = t.sum(axis=1), m.sum(axis=1)
    value = np.where(t, relevant_above / rank_of, 0.0).sum(axis=1) / np.maximum(n_relevant, 1)
    value = np.where((n_relevant == 0) | (n_relevant == n_observed), 1.0, value)
    return np.where(n_observed > 0, value, np.nan)
