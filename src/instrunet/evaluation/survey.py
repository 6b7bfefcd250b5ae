"""Predictions without truth: how often each class is found, how sure the model is, and of which files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from instrunet.evaluation.assessment import CURVE, as_plain
from instrunet.evaluation.thresholds import Tuning
from instrunet.evaluation.trial import ClipFacts, EvaluationError

N_BINS = 20


@dataclass(frozen=True)
class SurveyConfig:
    """The threshold for every class, or tuned ones per class, and how many certain and uncertain files to name.

    ``own_thresholds`` (files, classes) are what a model that decides file by file went by, in place of the tuned ones.
    """

    name: str = "model"
    dataset: str = ""
    threshold: float = 0.2
    tuning: Tuning | None = None
    own_thresholds: ArrayLike | None = field(default=None, compare=False, repr=False)
    n_files: int = 12


@dataclass(frozen=True)
class ClassSurvey:
    """One class over all files. ``histogram`` counts scores in twenty equal bins of [0, 1].

    ``n_by_threshold`` says in how many files it would be found at each threshold of the survey's ``curve``.
    """

    label: str
    threshold: float
    n_found: int
    share: float
    mean_score: float
    highest_score: float
    histogram: tuple[int, ...]
    n_by_threshold: tuple[int, ...]


@dataclass(frozen=True)
class FileSurvey:
    """One file: what is predicted, every score with its threshold, their mean entropy in bits (0 sure, 1 no idea)."""

    row: int
    id: str
    predicted: tuple[str, ...]
    scores: tuple[float, ...]
    thresholds: tuple[float, ...]
    entropy: float


@dataclass(frozen=True)
class Survey:
    """What a model predicts for files whose truth nobody knows."""

    config: SurveyConfig
    labels: tuple[str, ...]
    n_files: int
    classes: tuple[ClassSurvey, ...]
    files: tuple[FileSurvey, ...]
    n_by_count: tuple[int, ...]
    curve: tuple[float, ...]
    mean_count_by_threshold: tuple[float, ...]
    facts: ClipFacts

    @property
    def most_certain(self) -> tuple[FileSurvey, ...]:
        """The files with the lowest entropy."""
        return tuple(sorted(self.files, key=lambda file: file.entropy)[: self.config.n_files])

    @property
    def least_certain(self) -> tuple[FileSurvey, ...]:
        """The files with the highest entropy."""
        return tuple(sorted(self.files, key=lambda file: -file.entropy)[: self.config.n_files])

    @property
    def n_empty(self) -> int:
        """Files in which nothing is predicted."""
        return self.n_by_count[0]

    def to_dict(self) -> dict[str, Any]:
        """For JSON, without the single files."""
        left_out = ("files", "facts", "config")
        plain: dict[str, Any] = as_plain(
            {f.name: getattr(self, f.name) for f in fields(self) if f.name not in left_out}
        )
        plain |= {"name": self.config.name, "dataset": self.config.dataset, "threshold": self.config.threshold}
        return plain


def survey(
    scores: ArrayLike, labels: Sequence[str], *, facts: ClipFacts | None = None, config: SurveyConfig | None = None
) -> Survey:
    """Describe scores (files, classes) that have no truth; a score at or above the threshold is a prediction.

    >>> found = survey([[0.9, 0.1], [0.3, 0.2]], ["piano", "flute"])
    >>> [(c.label, c.n_found) for c in found.classes], found.n_by_count
    ([('piano', 2), ('flute', 1)], (0, 1, 1))

    Raises:
        EvaluationError: the scores are no probabilities or do not fit the labels.
    """
    config = config or SurveyConfig()
    values, names = np.asarray(scores, np.float64), tuple(labels)
    if values.ndim != 2 or 0 in values.shape or values.shape[1] != len(names):
        raise EvaluationError(
            f"scores have the shape {values.shape}; expected (files, {len(names)}), at least one file"
        )
    if not ((values >= 0) & (values <= 1)).all():
        raise EvaluationError("scores must be probabilities in [0, 1] (apply the sigmoid to logits)")
    of_classes = config.tuning.for_labels(names) if config.tuning else np.full(len(names), config.threshold)
    thresholds = np.asarray(of_classes if config.own_thresholds is None else config.own_thresholds, np.float64)
    if thresholds.shape not in (values.shape, values.shape[1:]):
        raise EvaluationError(f"thresholds have the shape {thresholds.shape}, scores {values.shape}")
    thresholds = np.broadcast_to(thresholds, values.shape)
    by_threshold = np.stack([(values >= threshold).sum(axis=0) for threshold in CURVE])
    known = (facts or ClipFacts()).named(len(values))
    return Survey(
        config=config,
        labels=names,
        n_files=len(values),
        classes=tuple(_class(j, names, values, thresholds, by_threshold) for j in range(len(names))),
        files=_files(values, names, thresholds, known.ids),
        n_by_count=tuple(int(n) for n in np.bincount((values >= thresholds).sum(axis=1))),
        curve=CURVE,
        mean_count_by_threshold=tuple(float(n) for n in by_threshold.sum(axis=1) / len(values)),
        facts=known,
    )


def _class(
    j: int,
    names: tuple[str, ...],
    values: NDArray[np.float64],
    thresholds: NDArray[np.float64],
    by_threshold: NDArray[np.int_],
) -> ClassSurvey:
    column = values[:, j]
    n_found = int((column >= thresholds[:, j]).sum())
    return ClassSurvey(
        label=names[j],
        threshold=float(thresholds[:, j].max()),
        n_found=n_found,
        share=n_found / len(column),
        mean_score=float(column.mean()),
        highest_score=float(column.max()),
        histogram=tuple(int(n) for n in np.histogram(column, bins=N_BINS, range=(0, 1))[0]),
        n_by_threshold=tuple(int(n) for n in by_threshold[:, j]),
    )


def _files(
    values: NDArray[np.float64], names: tuple[str, ...], thresholds: NDArray[np.float64], ids: Sequence[str]
) -> tuple[FileSurvey, ...]:
    p = np.clip(values, 1e-12, 1 - 1e-12)
    entropy = -(p * np.log2(p) + (1 - p) * np.log2(1 - p)).mean(axis=1)
    labels = np.array(names, dtype=object)
    return tuple(
        FileSurvey(
            row=i,
            id=ids[i],
            predicted=tuple(labels[values[i] >= thresholds[i]]),
            scores=tuple(float(v) for v in values[i]),
            thresholds=tuple(float(v) for v in thresholds[i]),
            entropy=float(entropy[i]),
        )
        for i in range(len(values))
    )
