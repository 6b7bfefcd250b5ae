"""How often things go together: counts, shares, and lift against chance, over what was observed of both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from instrunet.insight.occurrences import Occurrences

Matrix = NDArray[np.float64]
SMOOTHING = 1.0
STRIKING = 1.1
"""A lift nearer to 1 than this is not worth naming."""


@dataclass(frozen=True)
class Association:
    """Rows against columns.

    Attributes:
        rows: names of the rows.
        columns: names of the columns.
        counts: recordings in which both hold.
        expected: recordings in which both would hold if they did not know of each other.
        totals: recordings of the row in which the column was observed; what a share is a share of.
        smoothing: imagined recordings, as expected by chance, that are added to both sides of the lift: a pair seen
            once among rare instruments says little, and this keeps it from shouting.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: NDArray[np.int64]
    expected: Matrix
    totals: NDArray[np.int64]
    smoothing: float = SMOOTHING

    @property
    def shares(self) -> Matrix:
        """Row-normalised: of the row's recordings, the part in which the column holds too; 0 where there are none."""
        return np.asarray(self.counts / np.maximum(self.totals, 1))

    @property
    def lift(self) -> Matrix:
        """How many times as often as by chance: 1 is chance, 2 twice as often."""
        return np.asarray((self.counts + self.smoothing) / (self.expected + self.smoothing))

    @property
    def pmi(self) -> Matrix:
        """Pointwise mutual information in bits: the binary logarithm of the lift."""
        return np.asarray(np.log2(self.lift))

    @property
    def square(self) -> bool:
        """Whether rows and columns are the same things."""
        return self.rows == self.columns

    @property
    def row_sizes(self) -> NDArray[np.int64]:
        """How many recordings each row stands for."""
        return np.asarray(self.counts.diagonal() if self.square else self.counts.sum(axis=1))

    def ordered(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Association:
        """Give the same with rows and columns in another order."""
        place = np.ix_(rows, columns)
        return Association(
            tuple(self.rows[i] for i in rows),
            tuple(self.columns[j] for j in columns),
            self.counts[place],
            self.expected[place],
            self.totals[place],
            self.smoothing,
        )


def co_occurrence(occurrences: Occurrences, *, smoothing: float = SMOOTHING) -> Association:
    """Instrument × instrument; the diagonal counts the instrument itself.

    Only recordings in which both were observed speak of a pair.

    >>> y = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1], [0, 0, 1]], bool)
    >>> seen = Occurrences(("a", "b", "c"), y, np.ones_like(y), ("",) * 4, ("",) * 4)
    >>> found = co_occurrence(seen)
    >>> found.counts[0].tolist(), found.shares[0].tolist()
    ([2, 2, 0], [1.0, 1.0, 0.0])
    >>> found.lift[0].round(2).tolist()
    [1.5, 1.5, 0.5]
    """
    y, m = (flags.astype(np.int64) for flags in (occurrences.present, occurrences.observed))
    present_where_observed = y.T @ m
    both_observed = np.maximum(m.T @ m, 1)
    expected = present_where_observed * present_where_observed.T / both_observed
    words = occurrences.words
    return Association(words, words, y.T @ y, expected, present_where_observed, smoothing)


def genre_occurrence(occurrences: Occurrences, *, smoothing: float = SMOOTHING) -> Association | None:
    """Instrument × genre over the recordings whose genre is known; None where none is.

    >>> y = np.array([[1, 0], [1, 0], [1, 1], [0, 1]], bool)
    >>> seen = Occurrences(("drums", "cello"), y, np.ones_like(y), ("rock", "rock", "classical", ""), ("",) * 4)
    >>> found = genre_occurrence(seen)
    >>> found.columns, found.counts.tolist()
    (('classical', 'rock'), [[1, 2], [1, 0]])
    """
    genres = tuple(sorted({genre for genre in occurrences.genres if genre}))
    if not genres:
        return None
    of_genre = np.array([[genre == name for name in genres] for genre in occurrences.genres], np.int64)
    known = of_genre.any(axis=1)
    y = occurrences.present[known].astype(np.int64)
    m = occurrences.observed[known].astype(np.int64)
    counts = y.T @ of_genre[known]
    observed = m.T @ of_genre[known]
    rate = counts.sum(axis=1) / np.maximum(observed.sum(axis=1), 1)
    totals = np.repeat(counts.sum(axis=1)[:, None], len(genres), axis=1)
    return Association(occurrences.words, genres, counts, rate[:, None] * observed, totals, smoothing)


@dataclass(frozen=True)
class Pair:
    """Two things that go together more, or less, than chance has it."""

    row: str
    column: str
    count: int
    expected: float
    lift: float


def strongest(association: Association, *, at_least: int = 3, limit: int = 12) -> tuple[Pair, ...]:
    """Name the pairs that go together most beyond chance, among those seen at least that often."""
    pairs = [pair for pair in _pairs(association, association.counts >= at_least) if pair.lift > STRIKING]
    return tuple(sorted(pairs, key=lambda p: (-p.lift, -p.count, p.row, p.column))[:limit])


def rarest(association: Association, *, at_least: float = 3.0, limit: int = 12) -> tuple[Pair, ...]:
    """Name the pairs that avoid each other most, among those that chance would bring at least that often."""
    pairs = [pair for pair in _pairs(association, association.expected >= at_least) if pair.lift < 1 / STRIKING]
    return tuple(sorted(pairs, key=lambda p: (p.lift, -p.expected, p.row, p.column))[:limit])


def _pairs(association: Association, wanted: NDArray[np.bool_]) -> list[Pair]:
    """A pair of a square association is named once, and nothing is paired with itself."""
    lift = association.lift
    return [
        Pair(
            association.rows[i],
            association.columns[j],
            int(association.counts[i, j]),
            float(association.expected[i, j]),
            float(lift[i, j]),
        )
        for i, j in np.argwhere(wanted)
        if not association.square or i < j
    ]
