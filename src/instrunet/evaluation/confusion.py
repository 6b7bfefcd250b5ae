"""What is taken for what: a confusion matrix over the clips in which exactly one instrument plays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from instrunet.evaluation.metrics import single_label_clips
from instrunet.evaluation.trial import Trial

NO_PREDICTION = "no prediction"


@dataclass(frozen=True)
class Confusion:
    """``counts[i][j]``: clips of ``rows[i]`` taken for ``columns[j]``; the last column is :data:`NO_PREDICTION`."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    @property
    def n_clips(self) -> int:
        """How many single-label clips there are."""
        return sum(sum(row) for row in self.counts)

    @property
    def n_right(self) -> int:
        """How many stand on the diagonal."""
        return sum(row[i] for i, row in enumerate(self.counts))

    def most_confused(self, n: int = 10) -> tuple[tuple[str, str, int], ...]:
        """The most frequent mistakes as (true, taken for, how often); clips without a prediction do not count.

        >>> Confusion(("a", "b"), ("a", "b", "no prediction"), ((3, 1, 0), (2, 4, 0))).most_confused(1)
        (('b', 'a', 2),)
        """
        n_labels = len(self.rows)
        pairs = [
            (self.rows[i], self.columns[j], self.counts[i][j])
            for i in range(n_labels)
            for j in range(n_labels)
            if i != j and self.counts[i][j]
        ]
        return tuple(sorted(pairs, key=lambda pair: -pair[2])[:n])


def confusion(tried: Trial, predicted: NDArray[np.bool_]) -> Confusion:
    """Count the single-label clips by true label and by the highest-scoring label among the predicted ones."""
    rows = single_label_clips(tried.y, tried.mask)
    n_labels = len(tried.labels)
    said = predicted[rows] & tried.mask[rows]
    truth = tried.positives[rows].argmax(axis=1)
    best = np.where(said, tried.scores[rows], -1.0).argmax(axis=1)
    taken_for = np.where(said.any(axis=1), best, n_labels)
    table = np.bincount(truth * (n_labels + 1) + taken_for, minlength=n_labels * (n_labels + 1))
    return Confusion(
        rows=tried.labels,
        columns=(*tried.labels, NO_PREDICTION),
        counts=tuple(tuple(int(k) for k in row) for row in table.reshape(n_labels, n_labels + 1)),
    )
