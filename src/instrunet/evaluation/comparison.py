"""Two models on the same clips: differences with paired intervals, and gains per class."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instrunet.evaluation.assessment import Evaluation, as_plain, evaluate
from instrunet.evaluation.bootstrap import interval
from instrunet.evaluation.trial import EvaluationError


@dataclass(frozen=True)
class Difference:
    """One number of both models; ``gain`` is second less first, with its paired interval.

    ``p_value`` is two-sided: twice the smaller share of resamples in which the gain has the other sign.
    """

    name: str
    first: float
    second: float
    gain: float
    low: float
    high: float
    p_value: float

    @property
    def clear(self) -> bool:
        """The interval leaves zero out."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Agreement:
    """How many observed decisions each model got right that the other did not."""

    both_right: int
    only_first: int
    only_second: int
    both_wrong: int


@dataclass(frozen=True)
class Comparison:
    """Two evaluations of the same clips; ``gains`` holds a difference per class and metric (``f1@0.5``, ``ap``)."""

    first: Evaluation
    second: Evaluation
    differences: tuple[Difference, ...]
    gains: dict[str, tuple[Difference, ...]]
    agreement: Agreement

    @property
    def main_gains(self) -> tuple[Difference, ...]:
        """The F1 gains per class at the thresholds both models decide with."""
        return self.gains[f"f1@{self.first.config.decision}"]

    def to_dict(self) -> dict[str, Any]:
        """For JSON: names, differences, gains and agreement, and both evaluations."""
        own = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("first", "second")}
        plain: dict[str, Any] = as_plain(own)
        plain["models"] = [self.first.config.name, self.second.config.name]
        plain["evaluations"] = [self.first.to_dict(), self.second.to_dict()]
        return plain


def compare(first: Evaluation, second: Evaluation) -> Comparison:
    """Compare two evaluations of the same clips, made with the same bootstrap configuration.

    A class that only one of the two models can say is left out of both.

    >>> from instrunet.evaluation import evaluate
    >>> y = [[1], [0]]
    >>> better = compare(evaluate([[0.4], [0.2]], y, None, ["a"]), evaluate([[0.9], [0.2]], y, None, ["a"]))
    >>> next(d.gain for d in better.differences if d.name == "micro_f1@0.5")
    1.0

    Raises:
        EvaluationError: labels, truth or resampling differ, so that the two cannot be paired.
    """
    first, second = _on_shared_classes(first, second)
    _check_pair(first, second)
    ours, theirs = first.numbers(), second.numbers()
    differences = tuple(_difference(name, ours[name], theirs[name], first, second) for name in ours if name in theirs)
    decisions = [d.name for d in first.decisions if d.name in {other.name for other in second.decisions}]
    gains = {f"f1@{name}": _gains(first, second, f"f1@{name}") for name in decisions}
    gains |= {name: _gains(first, second, name) for name in ("ap", "roc_auc")}
    return Comparison(first, second, differences, gains, _agreement(first, second))


def class_values(evaluation: Evaluation, metric: str) -> tuple[float, ...]:
    """A metric of each class: ``ap``, ``roc_auc``, or a decided one such as ``f1@0.5``."""
    name, _, decision = metric.partition("@")
    rows: tuple[Any, ...] = evaluation.decision_named(decision).classes if decision else evaluation.classes
    return tuple(float(getattr(row, name)) for row in rows)


def _on_shared_classes(first: Evaluation, second: Evaluation) -> tuple[Evaluation, Evaluation]:
    unsaid = {*first.not_scored, *second.not_scored}
    if first.labels != second.labels or {*first.not_scored} == {*second.not_scored}:
        return first, second
    left_out = [label in unsaid for label in first.labels]

    def narrowed(one: Evaluation) -> Evaluation:
        scores = np.where(left_out, np.nan, one.trial.scores)
        tried = one.trial
        return evaluate(scores, tried.y, tried.mask, one.labels, facts=tried.facts, config=one.config)

    return narrowed(first), narrowed(second)


def _check_pair(first: Evaluation, second: Evaluation) -> None:
    if first.labels != second.labels:
        raise EvaluationError("the two evaluations have different labels; project both onto one vocabulary first")
    same_truth = (
        first.trial.y.shape == second.trial.y.shape
        and np.array_equal(first.trial.mask, second.trial.mask)
        and np.array_equal(first.trial.y, second.trial.y)
    )
    if not same_truth:
        raise EvaluationError(
            "the two evaluations are not of the same clips with the same truth; evaluate both on one test set"
        )
    if first.config.bootstrap != second.config.bootstrap or first.trial.facts.units != second.trial.facts.units:
        raise EvaluationError("the two evaluations drew different resamples; use one bootstrap configuration for both")
    if str(first.config.decision) != str(second.config.decision):
        raise EvaluationError("the two evaluations decide at different thresholds; give both the same decision")


def _difference(name: str, ours: float, theirs: float, first: Evaluation, second: Evaluation) -> Difference:
    drawn = None
    if name in first.resampled and name in second.resampled:
        drawn = second.resampled[name] - first.resampled[name]
    return _with_interval(name, ours, theirs, drawn, first.config.bootstrap.confidence)


def _gains(first: Evaluation, second: Evaluation, metric: str) -> tuple[Difference, ...]:
    name, confidence = f"class_{metric}", first.config.bootstrap.confidence
    drawn = second.resampled[name] - first.resampled[name] if name in first.resampled else None
    pairs = zip(first.labels, class_values(first, metric), class_values(second, metric), strict=True)
    return tuple(
        _with_interval(label, one, other, None if drawn is None else drawn[:, j], confidence)
        for j, (label, one, other) in enumerate(pairs)
    )


def _with_interval(
    name: str, one: float, other: float, drawn: NDArray[np.float64] | None, confidence: float
) -> Difference:
    known = np.array([]) if drawn is None else drawn[~np.isnan(drawn)]
    if not known.size:
        nothing = float("nan")
        return Difference(name, one, other, other - one, nothing, nothing, nothing)
    span = interval(known, confidence)
    # zero speaks against either sign; the one that is added stands for the data themselves
    against = min(np.count_nonzero(known <= 0), np.count_nonzero(known >= 0)) + 1
    p_value = min(1.0, 2 * against / (len(known) + 1))
    return Difference(name, one, other, other - one, span.low, span.high, p_value)


def _agreement(first: Evaluation, second: Evaluation) -> Agreement:
    mask, y = first.trial.mask, first.trial.y
    right = []
    for one in (first, second):
        thresholds = np.array([c.threshold for c in one.decision.classes])
        right.append(((one.trial.scores >= thresholds) == y)[mask])
    return Agreement(
        both_right=int((right[0] & right[1]).sum()),
        only_first=int((right[0] & ~right[1]).sum()),
        only_second=int((~right[0] & right[1]).sum()),
        both_wrong=int((~right[0] & ~right[1]).sum()),
    )
