"""The same numbers for parts of the test set: by how many instruments play, and by where the clip comes from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from instrunet.evaluation.counts import count, per_clip
from instrunet.evaluation.metrics import average_precision, mean_of_known, subset_accuracy
from instrunet.evaluation.trial import Trial

MOST_INSTRUMENTS = 6


@dataclass(frozen=True)
class Slice:
    """A part of the test set and how the model did on it."""

    name: str
    n_clips: int
    micro_precision: float
    micro_recall: float
    micro_f1: float
    macro_f1: float
    samples_f1: float
    map: float
    subset_accuracy: float
    mean_true: float
    mean_predicted: float


def by_polyphony(tried: Trial, thresholds: NDArray[np.float64]) -> tuple[Slice, ...]:
    """Slices by the number of instruments known to play; from six on together. Empty ones are left out."""
    n_true = np.minimum(tried.positives.sum(axis=1), MOST_INSTRUMENTS)
    judged = tried.mask.any(axis=1)
    slices = []
    for n in range(MOST_INSTRUMENTS + 1):
        rows = (n_true == n) & judged
        if rows.any():
            slices.append(slice_of(tried, rows, thresholds, f"{n} or more" if n == MOST_INSTRUMENTS else str(n)))
    return tuple(slices)


def by_source(tried: Trial, thresholds: NDArray[np.float64]) -> tuple[Slice, ...]:
    """Slices by the clip's source (mix, stem, raw, note, synthetic); none where the sources are not known."""
    sources = np.array(tried.facts.sources, dtype=str)
    return tuple(
        slice_of(tried, sources == source, thresholds, source or "(not named)")
        for source in dict.fromkeys(tried.facts.sources)
    )


def slice_of(tried: Trial, rows: NDArray[np.bool_], thresholds: NDArray[np.float64], name: str) -> Slice:
    """The numbers of some clips; macro-F1 is over the classes that occur among them.

    Where no instrument is known to play, nothing can be found: recall and F1 are NaN.
    """
    part = tried.take(rows)
    thresholds = thresholds if thresholds.ndim == 1 else thresholds[rows]
    predicted = part.scores >= thresholds
    counts = count(predicted, part.y, part.mask)
    micro = counts.micro()
    some = 1.0 if part.positives.any() else float("nan")
    return Slice(
        name=name,
        n_clips=part.n_clips,
        micro_precision=float(micro.precision),
        micro_recall=some * float(micro.recall),
        micro_f1=some * float(micro.f1),
        macro_f1=some * float(counts.macro_present().f1),
        samples_f1=some * mean_of_known(per_clip(predicted, part.y, part.mask).f1),
        map=mean_of_known(average_precision(part.scores, part.y, part.mask)),
        subset_accuracy=subset_accuracy(part.scores, part.y, part.mask, thresholds),
        mean_true=float(part.positives.sum(axis=1).mean()),
        mean_predicted=float((predicted & part.mask).sum(axis=1).mean()),
    )
