"""Instruments in time: truth per window for the same metrics as clips, and scores of whole ranges (onset, offset)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray

from instrunet.evaluation.bootstrap import BootstrapConfig, Interval, draws, interval
from instrunet.evaluation.counts import Counts, Prf


@dataclass(frozen=True)
class Event:
    """An instrument from its onset to its offset."""

    start_s: float
    end_s: float
    label: str


Events = Mapping[str, Sequence[Event]]


@dataclass(frozen=True)
class RangeConfig:
    """When an estimated range counts as found.

    Its onset lies within ``onset_tolerance_s`` of the true one, and its offset within ``offset_tolerance_s`` or
    ``offset_ratio`` of the true length, whichever is larger; ``offsets=False`` asks for the onset alone. Ranges of one
    label with a pause of at most ``longest_pause_s`` between them are one range, in the truth and in what was said.
    """

    onset_tolerance_s: float = 0.5
    offset_tolerance_s: float = 0.5
    offset_ratio: float = 0.2
    offsets: bool = True
    longest_pause_s: float = 0.0


@dataclass(frozen=True)
class ClassRanges:
    """One class at range level: how many ranges there are, were said, and match."""

    label: str
    n_true: int
    n_said: int
    n_matched: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class RangeScores:
    """Range-level scores: per class, and micro and macro averages over them; intervals where they were asked for."""

    config: RangeConfig
    classes: tuple[ClassRanges, ...]
    micro_precision: float
    micro_recall: float
    micro_f1: float
    macro_f1: float
    intervals: Mapping[str, Interval] = field(default_factory=dict)


def window_truth(
    events: Sequence[Event],
    starts_s: ArrayLike,
    window_s: float,
    labels: Sequence[str],
    *,
    smallest_share: float = 0.0,
) -> NDArray[np.float64]:
    """Which labels sound in which window, (windows, labels): 1 where ranges cover more than ``smallest_share`` of it.

    >>> window_truth([Event(0.5, 2.0, "piano")], [0.0, 1.0, 2.0], 1.0, ["piano"], smallest_share=0.6).ravel()
    array([0., 1., 0.])
    """
    starts = np.asarray(starts_s, np.float64)
    covered = np.zeros((len(starts), len(labels)))
    column = {label: j for j, label in enumerate(labels)}
    for label, spans in _merged(events).items():
        if label not in column:
            continue
        for start_s, end_s in spans:
            overlap = np.minimum(starts + window_s, end_s) - np.maximum(starts, start_s)
            covered[:, column[label]] += np.maximum(overlap, 0.0)
    return (covered > smallest_share * window_s + 1e-9).astype(np.float64)


def score_ranges(
    estimated: Events,
    reference: Events,
    labels: Sequence[str],
    *,
    config: RangeConfig | None = None,
    groups: Mapping[str, str] | None = None,
    bootstrap: BootstrapConfig | None = None,
) -> RangeScores:
    """Match estimated ranges to true ones, recording by recording and label by label, each used at most once.

    ``reference`` says which recordings count; as many pairs as possible are matched. A label that neither occurs nor
    is said is left out of the macro average. With ``bootstrap`` recordings (or whole ``groups`` of them, by recording)
    are resampled for intervals.

    >>> truth = {"song": [Event(0.0, 2.0, "piano"), Event(3.0, 4.0, "piano")]}
    >>> found = score_ranges({"song": [Event(0.1, 2.1, "piano")]}, truth, ["piano"])
    >>> found.micro_precision, found.micro_recall
    (1.0, 0.5)
    """
    config = config or RangeConfig()
    each = np.stack([_counted(estimated.get(name, ()), true, labels, config) for name, true in reference.items()])
    n_true, n_said, n_matched = each.sum(axis=0)
    counts = _counts(each.sum(axis=0))
    micro = counts.micro()
    return RangeScores(
        config=config,
        classes=_classes(labels, n_true, n_said, n_matched, counts.per_class()),
        micro_precision=float(micro.precision),
        micro_recall=float(micro.recall),
        micro_f1=float(micro.f1),
        macro_f1=float(counts.macro().f1),
        intervals=_intervals(each, [(groups or {}).get(name, name) for name in reference], bootstrap),
    )


def _counted(
    said: Sequence[Event], true: Sequence[Event], labels: Sequence[str], config: RangeConfig
) -> NDArray[np.float64]:
    """True, said and matched ranges of one recording, (3, labels)."""
    said_by_label, true_by_label = (_joined(events, config.longest_pause_s) for events in (said, true))
    counted = np.zeros((3, len(labels)))
    for j, label in enumerate(labels):
        ours, theirs = said_by_label.get(label, []), true_by_label.get(label, [])
        counted[:, j] = len(theirs), len(ours), _n_matched(ours, theirs, config)
    return counted


def _counts(summed: NDArray[np.float64]) -> Counts:
    """(3, …, labels) of true, said and matched ranges as counts of decisions."""
    n_true, n_said, n_matched = summed
    return Counts(tp=n_matched, fp=n_said - n_matched, fn=n_true - n_matched, tn=np.zeros_like(n_matched))


def _intervals(
    each: NDArray[np.float64], groups: Sequence[str], bootstrap: BootstrapConfig | None
) -> dict[str, Interval]:
    if bootstrap is None or not bootstrap.n_resamples:
        return {}
    weights = np.concatenate(list(draws(len(each), groups, bootstrap))).astype(np.float64)
    counts = _counts(np.einsum("br,rkl->kbl", weights, each))
    micro = counts.micro()
    drawn = {"micro_precision": micro.precision, "micro_recall": micro.recall, "micro_f1": micro.f1}
    drawn["macro_f1"] = counts.macro().f1
    return {name: interval(values, bootstrap.confidence) for name, values in drawn.items()}


def _classes(
    labels: Sequence[str],
    n_true: NDArray[np.float64],
    n_said: NDArray[np.float64],
    n_matched: NDArray[np.float64],
    each: Prf,
) -> tuple[ClassRanges, ...]:
    return tuple(
        ClassRanges(
            label,
            int(n_true[j]),
            int(n_said[j]),
            int(n_matched[j]),
            float(each.precision[j]),
            float(each.recall[j]),
            float(each.f1[j]),
        )
        for j, label in enumerate(labels)
    )


def _by_label(events: Sequence[Event]) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = defaultdict(list)
    for event in sorted(events, key=lambda event: (event.start_s, event.end_s)):
        found[event.label].append(event)
    return found


def _joined(events: Sequence[Event], longest_pause_s: float) -> dict[str, list[Event]]:
    """Ranges of each label in their order, those with a short pause between them made one."""
    if not longest_pause_s:
        return _by_label(events)
    spans = _merged(events, longest_pause_s=longest_pause_s)
    return {label: [Event(start_s, end_s, label) for start_s, end_s in found] for label, found in spans.items()}


def _merged(events: Sequence[Event], *, longest_pause_s: float = 0.0) -> dict[str, list[tuple[float, float]]]:
    """Spans of each label without overlaps, so that nothing is covered twice."""
    found: dict[str, list[tuple[float, float]]] = {}
    for label, same in _by_label(events).items():
        spans: list[tuple[float, float]] = []
        for event in same:
            if spans and event.start_s <= spans[-1][1] + longest_pause_s:
                spans[-1] = (spans[-1][0], max(spans[-1][1], event.end_s))
            else:
                spans.append((event.start_s, event.end_s))
        found[label] = spans
    return found


def _fits(said: Event, true: Event, config: RangeConfig) -> bool:
    if abs(said.start_s - true.start_s) > config.onset_tolerance_s + 1e-9:
        return False
    slack = max(config.offset_tolerance_s, config.offset_ratio * (true.end_s - true.start_s))
    return not config.offsets or abs(said.end_s - true.end_s) <= slack + 1e-9


def _n_matched(said: Sequence[Event], true: Sequence[Event], config: RangeConfig) -> int:
    """The size of the largest matching: each true range looks for a free partner, or moves another one on."""
    fitting = [[j for j, other in enumerate(said) if _fits(other, event, config)] for event in true]
    partner: dict[int, int] = {}

    def settle(i: int, tried: set[int]) -> bool:
        for j in fitting[i]:
            if j in tried:
                continue
            tried.add(j)
            if j not in partner or settle(partner[j], tried):
                partner[j] = i
                return True
        return False

    return sum(settle(i, set()) for i in range(len(true)))
