"""Telling what a model says in the words that the user asked for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from instrunet.bundles import TaggerSpec
from instrunet.errors import UsageError
from instrunet.labels import projection, vocabulary


class Wording:
    """Scores of a model in a vocabulary.

    Args:
        spec: the model.
        vocabulary_name: the words to use; the model's own if None.
        threshold: one number for all, or ``tuned`` for those of the model.

    Attributes:
        labels: the words that the model can tell of.
        unknown: those that it cannot.
    """

    def __init__(self, spec: TaggerSpec, vocabulary_name: str | None, threshold: float | str) -> None:
        own = vocabulary(spec.vocabulary)
        self._places = [own.index(label) for label in spec.labels]
        self._projection = projection(spec.vocabulary, vocabulary_name or spec.vocabulary)
        self.name = self._projection.target.name
        self._thresholds_of = _thresholds(spec, threshold)
        # tells[i, j]: class i of the model tells of word j
        tells = self.project(np.eye(len(spec.labels), dtype=np.float32)) > 0.5
        self._known: NDArray[np.bool_] = np.asarray(tells.any(axis=0))
        self._tells = tells[:, self._known]
        self.words = self._projection.target.labels
        self.labels = tuple(w for w, known in zip(self.words, self._known, strict=True) if known)
        self.unknown = tuple(w for w, known in zip(self.words, self._known, strict=True) if not known)
        if not self.labels:
            raise UsageError(f"the model, whose labels are {', '.join(spec.labels)}, has no word of {self.name}")

    def project(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scores (..., classes of the model) to (..., all words), NaN for the unknown ones."""
        full = np.full((*scores.shape[:-1], len(self._projection.source)), np.nan, np.float32)
        full[..., self._places] = scores
        return np.asarray(self._projection.scores(full), np.float32)

    def known(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scores (..., classes of the model) to (..., labels): the known words only."""
        return self.project(scores)[..., self._known]

    def thresholds(self, scores: NDArray[np.float32]) -> NDArray[np.float64]:
        """The threshold of each label, for a recording with these scores of the model's classes.

        A word for several classes takes the threshold of the most confident class that reaches its own, or of the
        most confident one if none does; so the word is detected exactly if one of its classes is.
        """
        thresholds = self._thresholds_of(scores)
        reached = scores >= thresholds
        rank = np.where(self._tells, (scores + 2.0 * reached)[:, None], -np.inf)
        return thresholds[rank.argmax(axis=0)]


def _thresholds(spec: TaggerSpec, threshold: float | str) -> Callable[[NDArray[np.float32]], NDArray[np.float64]]:
    if threshold == "tuned":
        return spec.thresholds_of
    try:
        number = float(threshold)
    except ValueError:
        raise UsageError(f"threshold {threshold!r} is neither a number nor 'tuned'") from None
    if not 0 < number <= 1:
        raise UsageError(f"threshold {number:g} must lie above 0 and not above 1")
    same = np.full(len(spec.labels), number)
    return lambda scores: same
