"""From (scores, truth, mask) to an :class:`Evaluation`: every number that a report shows."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from instrunet.evaluation.bootstrap import BootstrapConfig, Interval, Replicates, interval, replicates
from instrunet.evaluation.calibration import Reliability, reliability, with_temperature
from instrunet.evaluation.clips import ClipResult, clip_results
from instrunet.evaluation.confusion import Confusion, confusion
from instrunet.evaluation.decision import Decision, decide, judge_decisions
from instrunet.evaluation.metrics import bce, lrap, mean_of_known, micro_ranking, ranking_per_class, top_k
from instrunet.evaluation.slices import Slice, by_polyphony, by_source
from instrunet.evaluation.thresholds import Tuning, f1_by_threshold
from instrunet.evaluation.trial import ClipFacts, EvaluationError, Trial, trial

if TYPE_CHECKING:
    from instrunet.evaluation.ranges import RangeScores

TUNED = "tuned"
CURVE = tuple(round(0.02 * k, 2) for k in range(1, 50))


@dataclass(frozen=True)
class EvaluationConfig:
    """How to evaluate.

    ``decision`` names the thresholds that confusion, clip tables and slices use: one of ``thresholds`` or "tuned".
    ``tuning`` comes from :func:`instrunet.evaluation.tune` on validation clips. ``own_thresholds`` (clips, classes) are
    what a model that decides clip by clip went by; they are the thresholds named "tuned" then.
    """

    name: str = "model"
    dataset: str = ""
    thresholds: tuple[float, ...] = (0.2, 0.3, 0.5)
    decision: float | str = 0.5
    tuning: Tuning | None = None
    own_thresholds: ArrayLike | None = field(default=None, compare=False, repr=False)
    bootstrap: BootstrapConfig = field(default_factory=BootstrapConfig)


@dataclass(frozen=True)
class ClassRanking:
    """One class without any threshold; NaN where not defined."""

    label: str
    support: int
    n_observed: int
    ap: float
    roc_auc: float


@dataclass(frozen=True)
class ThresholdCurve:
    """F1 as one threshold for all classes moves."""

    thresholds: tuple[float, ...]
    micro_f1: tuple[float, ...]
    macro_f1: tuple[float, ...]


@dataclass(frozen=True)
class Calibration:
    """Reliability of the scores as they are and, where a temperature was fitted on validation, after it."""

    as_is: Reliability
    temperature: float | None = None
    scaled: Reliability | None = None
    scaled_bce: float | None = None


@dataclass(frozen=True)
class Evaluation:
    """How a model did on a test set. ``numbers()`` is the flat view, ``to_dict()`` the whole for JSON."""

    config: EvaluationConfig
    labels: tuple[str, ...]
    not_scored: tuple[str, ...]
    n_clips: int
    n_groups: int
    n_observed: int
    n_complete: int
    overall: Mapping[str, float]
    classes: tuple[ClassRanking, ...]
    decisions: tuple[Decision, ...]
    intervals: Mapping[str, Interval]
    class_intervals: Mapping[str, tuple[Interval, ...]]
    curve: ThresholdCurve
    confusion: Confusion
    by_polyphony: tuple[Slice, ...]
    by_source: tuple[Slice, ...]
    calibration: Calibration
    clips: tuple[ClipResult, ...]
    trial: Trial
    resampled: Replicates
    windows: Evaluation | None = None
    ranges: RangeScores | None = None

    @property
    def decision(self) -> Decision:
        """The decision that confusion, clips and slices use."""
        return self.decision_named(str(self.config.decision))

    def decision_named(self, name: str) -> Decision:
        """A decision by its name, ``0.2`` or ``tuned``."""
        return next(decision for decision in self.decisions if decision.name == name)

    def numbers(self) -> dict[str, float]:
        """Every overall number by name: ``map``, ``roc_auc``, ``bce``, ``macro_f1@0.5``, and so on."""
        found = dict(self.overall)
        for decision in self.decisions:
            found |= decision.numbers()
        return found

    def with_windows(self, windows: Evaluation) -> Evaluation:
        """The same evaluation with the window-level one beside it."""
        return dataclasses.replace(self, windows=windows)

    def with_ranges(self, ranges: RangeScores) -> Evaluation:
        """The same evaluation with the range-level scores beside it."""
        return dataclasses.replace(self, ranges=ranges)

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, strings, lists and dicts, without the single clips; NaN becomes None.

        >>> evaluate([[0.9], [0.2]], [[1], [0]], None, ["piano"]).to_dict()["overall"]["map"]
        1.0
        """
        left_out = {"trial", "clips", "windows", "config", "resampled"}
        found = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.name not in left_out}
        found["config"] = dataclasses.replace(self.config, tuning=None, own_thresholds=None)
        found["tuning"] = self.config.tuning.to_dict() if self.config.tuning else None
        found["numbers"] = self.numbers()
        found["calibration_error"] = self.calibration.as_is.ece
        plain: dict[str, Any] = as_plain(found)
        plain["windows"] = self.windows.to_dict() if self.windows else None
        return plain


def evaluate(
    scores: ArrayLike,
    y: ArrayLike,
    mask: ArrayLike | None,
    labels: Sequence[str],
    *,
    facts: ClipFacts | None = None,
    config: EvaluationConfig | None = None,
) -> Evaluation:
    """Evaluate scores (clips, classes) against truth and mask of the same shape.

    >>> result = evaluate([[0.9, 0.4], [0.2, 0.8]], [[1, 0], [0, 1]], None, ["piano", "flute"])
    >>> result.numbers()["macro_f1@0.5"], result.numbers()["map"]
    (1.0, 1.0)

    Raises:
        EvaluationError: what was given does not fit together.
    """
    config = config or EvaluationConfig()
    tried = trial(scores, y, mask, labels, facts=facts)
    thresholds = threshold_sets(config.thresholds, config.tuning, tried.labels)
    if config.own_thresholds is not None:
        thresholds[TUNED] = np.asarray(config.own_thresholds, np.float64)
        if thresholds[TUNED].shape != tried.scores.shape:
            raise EvaluationError(
                f"thresholds have the shape {thresholds[TUNED].shape}, scores {tried.scores.shape}; give one a score"
            )
    if str(config.decision) not in thresholds:
        raise EvaluationError(f"no decision named {config.decision!r}; there are {', '.join(thresholds)}")
    primary = thresholds[str(config.decision)]
    overall, classes = _ranking(tried)
    decisions = {name: decide(tried, values) for name, values in thresholds.items()}
    resampled = replicates(tried, decisions, config.bootstrap)
    intervals, class_intervals = _intervals(resampled, config.bootstrap.confidence)
    curve = f1_by_threshold(tried.scores, tried.y, tried.mask, CURVE)
    return Evaluation(
        config=config,
        labels=tried.labels,
        not_scored=tried.not_scored,
        n_clips=tried.n_clips,
        n_groups=len(set(tried.facts.units)),
        n_observed=int(tried.mask.sum()),
        n_complete=int(tried.complete.sum()),
        overall=overall,
        classes=classes,
        decisions=tuple(judge_decisions(tried, name, values) for name, values in thresholds.items()),
        intervals=intervals,
        class_intervals=class_intervals,
        curve=ThresholdCurve(CURVE, *(tuple(float(v) for v in values) for values in curve)),
        confusion=confusion(tried, decisions[str(config.decision)]),
        by_polyphony=by_polyphony(tried, primary),
        by_source=by_source(tried, primary),
        calibration=_calibration(tried, config.tuning),
        clips=clip_results(tried, decisions[str(config.decision)]),
        trial=tried,
        resampled=resampled,
    )


def threshold_sets(
    thresholds: Sequence[float], tuning: Tuning | None, labels: Sequence[str]
) -> dict[str, NDArray[np.float64]]:
    """Thresholds per class by name: one set a fixed threshold, and the tuned one.

    >>> threshold_sets([0.5], None, ["piano", "flute"])
    {'0.5': array([0.5, 0.5])}
    """
    sets = {str(value): np.full(len(labels), float(value)) for value in thresholds}
    if tuning is not None:
        sets[TUNED] = tuning.for_labels(labels)
    if not sets:
        raise EvaluationError("no threshold given; name at least one or tune on validation clips")
    return sets


def as_plain(value: Any) -> Any:
    """Dataclasses, mappings and tuples as JSON has them; NaN becomes None.

    >>> as_plain({"a": (1.0, float("nan")), "b": Interval(0.1, 0.2)})
    {'a': [1.0, None], 'b': {'low': 0.1, 'high': 0.2}}
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: as_plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): as_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_plain(item) for item in value]
    if isinstance(value, float):
        return None if np.isnan(value) else float(value)
    return value


def _ranking(tried: Trial) -> tuple[dict[str, float], tuple[ClassRanking, ...]]:
    arrays = (tried.scores, tried.y, tried.mask)
    ap, auc = ranking_per_class(*arrays)
    micro_ap, micro_auc = micro_ranking(*arrays)
    overall = {
        "map": mean_of_known(ap),
        "micro_ap": micro_ap,
        "roc_auc": mean_of_known(auc),
        "micro_roc_auc": micro_auc,
        "lrap": lrap(*arrays),
        "bce": bce(*arrays),
        "top1": top_k(*arrays, 1),
        "top3": top_k(*arrays, 3),
    }
    support, observed = tried.positives.sum(axis=0), tried.mask.sum(axis=0)
    classes = tuple(
        ClassRanking(label, int(support[j]), int(observed[j]), float(ap[j]), float(auc[j]))
        for j, label in enumerate(tried.labels)
    )
    return overall, classes


def _intervals(resampled: Replicates, confidence: float) -> tuple[dict[str, Interval], dict[str, tuple[Interval, ...]]]:
    overall = {name: interval(values, confidence) for name, values in resampled.items() if values.ndim == 1}
    classes = {
        name.removeprefix("class_"): tuple(interval(column, confidence) for column in values.T)
        for name, values in resampled.items()
        if values.ndim == 2
    }
    return overall, classes


def _calibration(tried: Trial, tuning: Tuning | None) -> Calibration:
    as_is = reliability(tried.scores, tried.y, tried.mask)
    if tuning is None or tuning.temperature == 1.0:
        return Calibration(as_is)
    scaled = with_temperature(tried.scores, tuning.temperature)
    return Calibration(
        as_is,
        temperature=tuning.temperature,
        scaled=reliability(scaled, tried.y, tried.mask),
        scaled_bce=bce(scaled, tried.y, tried.mask),
    )
