"""All that follows once scores have become decisions: one table per set of thresholds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from instrunet.evaluation.counts import AVERAGES, Counts, Prf, count, per_clip
from instrunet.evaluation.metrics import binary_accuracy, mean_of_known, subset_accuracy
from instrunet.evaluation.trial import Trial


@dataclass(frozen=True)
class ClassDecision:
    """One class under one threshold; NaN where the class was never observed."""

    label: str
    threshold: float
    precision: float
    recall: float
    f1: float
    accuracy: float
    support: int
    n_observed: int
    tp: int
    fp: int
    fn: int
    tn: int


@dataclass(frozen=True)
class Average:
    """Precision, recall and F1 averaged one way: micro, macro, macro_present, weighted or samples."""

    name: str
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Decision:
    """Everything at one threshold for all classes (named ``0.2``) or at one per class (named ``tuned``)."""

    name: str
    classes: tuple[ClassDecision, ...]
    averages: tuple[Average, ...]
    binary_accuracy: float
    subset_accuracy: float

    def average(self, name: str) -> Average:
        """One of the averages by name."""
        return next(average for average in self.averages if average.name == name)

    def numbers(self) -> dict[str, float]:
        """Every averaged number by name, such as ``macro_f1@0.5``."""
        found = {f"{a.name}_{part}": getattr(a, part) for a in self.averages for part in ("precision", "recall", "f1")}
        found |= {"binary_accuracy": self.binary_accuracy, "subset_accuracy": self.subset_accuracy}
        return {f"{name}@{self.name}": value for name, value in found.items()}


def decide(tried: Trial, thresholds: NDArray[np.float64]) -> NDArray[np.bool_]:
    """What is predicted: a score at or above its class's threshold, (clips, classes).

    ``thresholds`` are those of the classes (classes,), or every clip has its own (clips, classes).
    """
    return np.asarray(tried.scores >= thresholds)


def judge_decisions(tried: Trial, name: str, thresholds: NDArray[np.float64]) -> Decision:
    """Count and average the decisions that ``thresholds``, as in :func:`decide`, lead to."""
    predicted = decide(tried, thresholds)
    counts = count(predicted, tried.y, tried.mask)
    return Decision(
        name=name,
        classes=_classes(tried.labels, thresholds, counts),
        averages=tuple(_average(kind, counts, predicted, tried) for kind in AVERAGES),
        binary_accuracy=binary_accuracy(tried.scores, tried.y, tried.mask, thresholds),
        subset_accuracy=subset_accuracy(tried.scores, tried.y, tried.mask, thresholds),
    )


def _classes(labels: tuple[str, ...], thresholds: NDArray[np.float64], counts: Counts) -> tuple[ClassDecision, ...]:
    """The counts of each class; where every clip has thresholds of its own, the highest stands for all."""
    each = counts.per_class()
    highest = np.atleast_2d(thresholds).max(axis=0)
    return tuple(
        ClassDecision(
            label=label,
            threshold=float(highest[j]),
            precision=float(each.precision[j]),
            recall=float(each.recall[j]),
            f1=float(each.f1[j]),
            accuracy=float(counts.accuracy[j]),
            support=int(counts.support[j]),
            n_observed=int(counts.observed[j]),
            tp=int(counts.tp[j]),
            fp=int(counts.fp[j]),
            fn=int(counts.fn[j]),
            tn=int(counts.tn[j]),
        )
        for j, label in enumerate(labels)
    )


def _average(kind: str, counts: Counts, predicted: NDArray[np.bool_], tried: Trial) -> Average:
    if kind == "samples":
        clips = per_clip(predicted, tried.y, tried.mask)
        return Average(kind, *(mean_of_known(part) for part in (clips.precision, clips.recall, clips.f1)))
    prf: Prf = getattr(counts, kind)()
    return Average(kind, float(prf.precision), float(prf.recall), float(prf.f1))
