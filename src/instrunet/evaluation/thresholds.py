"""Choosing where a score becomes a decision: per-class thresholds that maximise F1, found on validation clips only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from instrunet.evaluation.calibration import fit_temperature
from instrunet.evaluation.counts import count, ratio
from instrunet.evaluation.ranking import rank, step_counts
from instrunet.evaluation.trial import EvaluationError, trial


@dataclass(frozen=True)
class Tuning:
    """What was learned from the validation clips: a threshold per label and one temperature for the scores."""

    thresholds: tuple[float, ...]
    labels: tuple[str, ...]
    temperature: float = 1.0
    n_clips: int = 0

    def for_labels(self, labels: Sequence[str]) -> NDArray[np.float64]:
        """The thresholds in the order of ``labels``.

        Raises:
            EvaluationError: a label was not tuned.
        """
        known = dict(zip(self.labels, self.thresholds, strict=True))
        missing = [label for label in labels if label not in known]
        if missing:
            raise EvaluationError(f"no tuned threshold for {', '.join(missing)}; tune on clips with the same labels")
        return np.array([known[label] for label in labels])

    def to_dict(self) -> dict[str, object]:
        """For JSON; :meth:`from_dict` reads it back."""
        return {
            "thresholds": dict(zip(self.labels, self.thresholds, strict=True)),
            "temperature": self.temperature,
            "n_clips": self.n_clips,
        }

    @classmethod
    def from_thresholds(cls, thresholds: Mapping[str, float], *, temperature: float = 1.0, n_clips: int = 0) -> Tuning:
        """Thresholds by label, as a bundle keeps them.

        >>> Tuning.from_thresholds({"piano": 0.4}).for_labels(["piano"])
        array([0.4])
        """
        return cls(tuple(float(v) for v in thresholds.values()), tuple(thresholds), temperature, n_clips)


def tune(scores: ArrayLike, y: ArrayLike, mask: ArrayLike | None, labels: Sequence[str]) -> Tuning:
    """Learn thresholds and temperature from validation clips; never give it the clips that will be reported on.

    >>> tuning = tune([[0.9], [0.4], [0.3]], [[1], [1], [0]], None, ["piano"])
    >>> [round(t, 2) for t in tuning.thresholds]
    [0.35]
    """
    tried = trial(scores, y, mask, labels)
    return Tuning(
        thresholds=tuple(float(t) for t in tune_thresholds(tried.scores, tried.y, tried.mask)),
        labels=tried.labels,
        temperature=fit_temperature(tried.scores, tried.y, tried.mask),
        n_clips=tried.n_clips,
    )


def tune_thresholds(scores: ArrayLike, y: ArrayLike, mask: ArrayLike, *, otherwise: float = 0.5) -> NDArray[np.float64]:
    """The threshold of each class with the highest F1, (classes,): halfway between the two scores it separates.

    A class with no observed positive, or no observed negative, teaches nothing and gets ``otherwise``. Of equally
    good thresholds the highest is taken, which predicts least.
    """
    s, t, m = np.asarray(scores, np.float64), np.asarray(y) >= 0.5, np.asarray(mask) > 0
    return np.array([_best_threshold(s[:, j], t[:, j], m[:, j], otherwise) for j in range(s.shape[1])])


def f1_by_threshold(
    scores: ArrayLike, y: ArrayLike, mask: ArrayLike, thresholds: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Micro-F1 and macro-F1 at each threshold, (thresholds,) both."""
    s = np.asarray(scores)
    counted = [count(s >= threshold, y, mask) for threshold in np.asarray(thresholds)]
    return np.array([c.micro().f1 for c in counted]), np.array([c.macro().f1 for c in counted])


def _best_threshold(
    scores: NDArray[np.float64], y: NDArray[np.bool_], mask: NDArray[np.bool_], otherwise: float
) -> float:
    ranking = rank(scores, y, mask)
    if not ranking.y.any() or ranking.y.all():
        return otherwise
    positive, everything = step_counts(ranking)
    f1 = ratio(2 * positive, everything + positive[-1])
    best = int(np.argmax(f1 > f1.max() - 1e-12))
    steps = scores[ranking.order][ranking.starts]
    below = steps[best + 1] if best + 1 < len(steps) else 0.0
    return float((steps[best] + below) / 2)
