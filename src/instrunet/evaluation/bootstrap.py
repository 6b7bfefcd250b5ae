"""How sure are the numbers? Resampling the clips (or whole songs) gives every metric an interval."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from instrunet.evaluation.counts import Counts, count, per_clip, ratio
from instrunet.evaluation.metrics import cross_entropy, lrap_per_clip, single_label_clips
from instrunet.evaluation.ranking import Ranking, rank, ranking_scores
from instrunet.evaluation.trial import Trial

RESAMPLES_AT_ONCE = 64
MOST_POOLED = 200_000
"""Up to so many observed (clip, class) pairs the pooled rankings get an interval; beyond, it would take long."""
Replicates = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Interval:
    """A percentile interval."""

    low: float
    high: float


@dataclass(frozen=True)
class BootstrapConfig:
    """How many resamples, the share that an interval holds, and the seed of the draw; 0 resamples: no intervals."""

    n_resamples: int = 400
    confidence: float = 0.95
    seed: int = 0


def draws(
    n_clips: int, groups: Sequence[str], config: BootstrapConfig, *, at_once: int = RESAMPLES_AT_ONCE
) -> Iterator[NDArray[np.float32]]:
    """How often each clip is drawn in each resample, in blocks of (resamples, clips).

    With groups, whole groups are drawn, because clips of one song are not independent. The same configuration draws
    the same clips, which is what makes a comparison of two models paired.

    >>> [block.shape for block in draws(4, (), BootstrapConfig(n_resamples=3))]
    [(3, 4)]
    """
    rng = np.random.default_rng(config.seed)
    names, member = np.unique(np.array(groups, dtype=str), return_inverse=True) if groups else (None, None)
    n_units = n_clips if names is None else len(names)
    for first in range(0, config.n_resamples, at_once):
        size = min(at_once, config.n_resamples - first)
        picked = rng.integers(0, n_units, (size, n_units))
        picked += np.arange(size)[:, None] * n_units
        times = np.bincount(picked.ravel(), minlength=size * n_units).reshape(size, n_units).astype(np.float32)
        yield times if member is None else times[:, member]


def replicates(
    tried: Trial,
    decisions: Mapping[str, NDArray[np.bool_]],
    config: BootstrapConfig,
) -> Replicates:
    """Every metric under every resample, by name: (resamples,) or (resamples, classes) for the per-class ones.

    ``decisions`` maps a threshold's name to what is predicted under it, (clips, classes). The names are those of
    ``Evaluation.numbers``, per-class metrics begin with ``class_``.
    """
    occurs = np.asarray(tried.positives.any(axis=0))
    rankings = [rank(tried.scores[:, j], tried.y[:, j], tried.mask[:, j]) for j in range(len(tried.labels))]
    pooled = _pooled(tried)
    clip_values = _per_clip_values(tried, decisions)
    blocks: list[Replicates] = []
    for weights in draws(tried.n_clips, tried.facts.units, config):
        block = {name: _mean_of_ratios(weights, *pair) for name, pair in clip_values.items()}
        for name, predicted in decisions.items():
            block |= _of_counts(count(predicted, tried.y, tried.mask, weights), name, occurs)
        columns = np.ascontiguousarray(weights.T)
        each = [ranking_scores(ranking, columns) for ranking in rankings]
        block["class_ap"] = np.stack([ap for ap, _ in each], axis=1)
        block["class_roc_auc"] = np.stack([auc for _, auc in each], axis=1)
        if pooled is not None:
            block["micro_ap"], block["micro_roc_auc"] = ranking_scores(pooled, columns)
        block["map"] = _mean_of_known(block["class_ap"])
        block["roc_auc"] = _mean_of_known(block["class_roc_auc"])
        blocks.append(block)
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]} if blocks else {}


def interval(values: NDArray[np.float64], confidence: float) -> Interval:
    """The central interval of resampled values, ignoring resamples in which the metric is not defined.

    >>> interval(np.arange(101.0), 0.5)
    Interval(low=25.0, high=75.0)
    """
    known = values[~np.isnan(values)]
    if not known.size:
        return Interval(float("nan"), float("nan"))
    tail = (1 - confidence) / 2
    low, high = np.quantile(known, [tail, 1 - tail])
    return Interval(float(low), float(high))


def _pooled(tried: Trial) -> Ranking | None:
    """All observed pairs as one ranking, each pair standing for its clip; None where there are too many."""
    if tried.mask.sum() > MOST_POOLED:
        return None
    ranking = rank(tried.scores.ravel(), tried.y.ravel(), tried.mask.ravel())
    return replace(ranking, order=ranking.order // tried.scores.shape[1])


def _per_clip_values(
    tried: Trial, decisions: Mapping[str, NDArray[np.bool_]]
) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Metrics that are a ratio of two sums over clips: (clips,) above and below."""
    observed = tried.mask.sum(axis=1).astype(np.float64)
    judged = (observed > 0).astype(np.float64)
    loss = cross_entropy(tried.scores, tried.y, tried.mask).sum(axis=1)
    values = {
        "bce": (loss, observed),
        "lrap": (np.nan_to_num(lrap_per_clip(tried.scores, tried.y, tried.mask)), judged),
    }
    single = single_label_clips(tried.y, tried.mask)
    own = np.where(tried.y & tried.mask, tried.scores, -np.inf).max(axis=1)
    place = ((tried.scores >= own[:, None]) & tried.mask).sum(axis=1)  # of the true label among all
    for k in (1, 3):
        values[f"top{k}"] = ((single & (place <= k)).astype(np.float64), single.astype(np.float64))
    for name, predicted in decisions.items():
        right = ((predicted == tried.y) & tried.mask).sum(axis=1).astype(np.float64)
        values[f"binary_accuracy@{name}"] = (right, observed)
        values[f"subset_accuracy@{name}"] = ((right == observed) * judged, judged)
        of_clips = per_clip(predicted, tried.y, tried.mask)
        for part in ("precision", "recall", "f1"):
            values[f"samples_{part}@{name}"] = (np.nan_to_num(getattr(of_clips, part)), judged)
    return values


def _of_counts(counts: Counts, name: str, occurs: NDArray[np.bool_]) -> Replicates:
    """Averages of resampled counts; a class of which a resample drew no positive is not judged in that resample."""
    missed = occurs & (counts.support == 0)
    parts = (np.where(missed, 0.0, part) for part in (counts.tp, counts.fp, counts.fn, counts.tn))
    judged = Counts(*parts)
    result: Replicates = {f"class_f1@{name}": judged.per_class().f1}
    for average in ("micro", "macro", "macro_present", "weighted"):
        prf = getattr(counts if average == "micro" else judged, average)()
        result |= {f"{average}_{part}@{name}": getattr(prf, part) for part in ("precision", "recall", "f1")}
    return result


def _mean_of_ratios(
    weights: NDArray[np.float32], above: NDArray[np.float64], below: NDArray[np.float64]
) -> NDArray[np.float64]:
    total = weights @ below
    return np.where(total > 0, ratio(weights @ above, total), np.nan)


def _mean_of_known(values: NDArray[np.float64]) -> NDArray[np.float64]:
    known = ~np.isnan(values)
    n = known.sum(axis=1)
    return np.where(n > 0, ratio(np.where(known, values, 0.0).sum(axis=1), n), np.nan)
