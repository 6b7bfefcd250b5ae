from __future__ import annotations

import itertools

import numpy as np
import pytest

from instrunet.insight.association import Association, co_occurrence, genre_occurrence, rarest, strongest
from instrunet.insight.occurrences import Occurrences
from instrunet.insight.ordering import clustered


def seen(y: list[list[int]], *, observed: list[list[int]] | None = None, genres: tuple[str, ...] = ()) -> Occurrences:
    present = np.array(y, bool)
    known = np.ones_like(present) if observed is None else np.array(observed, bool)
    words = tuple("abcdefgh"[: present.shape[1]])
    return Occurrences(words, present, known, genres or ("",) * len(y), ("",) * len(y))


def by_hand(y: np.ndarray, m: np.ndarray, i: int, j: int) -> tuple[int, float]:
    """Count one pair slowly: recordings where both were observed, and what chance would give."""
    both = [r for r in range(len(y)) if m[r, i] and m[r, j]]
    together = sum(bool(y[r, i] and y[r, j]) for r in both)
    alone_i, alone_j = sum(bool(y[r, i]) for r in both), sum(bool(y[r, j]) for r in both)
    return together, alone_i * alone_j / max(1, len(both))


def test_co_occurrence_agrees_with_counting_by_hand(rng: np.random.Generator) -> None:
    m = rng.random((40, 5)) < 0.7
    y = (rng.random((40, 5)) < 0.4) & m
    found = co_occurrence(Occurrences(tuple("abcde"), y, m, ("",) * 40, ("",) * 40), smoothing=0.5)
    for i in range(5):
        for j in range(5):
            count, expected = by_hand(y, m, i, j)
            assert found.counts[i, j] == count
            assert found.expected[i, j] == pytest.approx(expected)
            assert found.lift[i, j] == pytest.approx((count + 0.5) / (expected + 0.5))
    assert np.allclose(2**found.pmi, found.lift)


def test_what_was_not_observed_is_not_absence() -> None:
    y = [[1, 1], [1, 0], [1, 0], [1, 0]]
    closed = co_occurrence(seen(y))
    partly_open = co_occurrence(seen(y, observed=[[1, 1], [1, 0], [1, 0], [1, 0]]))
    assert closed.shares[0, 1] == 0.25
    assert partly_open.shares[0, 1] == 1.0


def test_independent_instruments_have_a_lift_of_one(rng: np.random.Generator) -> None:
    y = rng.random((20_000, 3)) < np.array([0.5, 0.2, 0.05])
    lift = co_occurrence(Occurrences(tuple("abc"), y, np.ones_like(y), ("",) * 20_000, ("",) * 20_000)).lift
    assert lift[np.triu_indices(3, 1)] == pytest.approx(1.0, abs=0.1)


def test_smoothing_keeps_a_single_sighting_quiet() -> None:
    y = np.zeros((100, 4), bool)
    y[0, :2] = True
    y[1:21, 2:] = True
    found = co_occurrence(Occurrences(tuple("abcd"), y, np.ones_like(y), ("",) * 100, ("",) * 100))
    raw = found.counts / found.expected.clip(1e-9)
    assert raw[0, 1] > 10 * raw[2, 3]
    assert found.lift[2, 3] > found.lift[0, 1]


def test_genre_shares_sum_to_one_and_leave_unknown_genres_out() -> None:
    found = genre_occurrence(seen([[1, 0], [1, 1], [1, 1], [1, 1]], genres=("rock", "jazz", "jazz", "")))
    assert found is not None
    assert found.counts.tolist() == [[2, 1], [2, 0]]
    assert found.shares.sum(axis=1).tolist() == [1.0, 1.0]
    assert found.expected[1].tolist() == pytest.approx([4 / 3, 2 / 3])
    assert genre_occurrence(seen([[1, 0]])) is None


def test_the_strongest_and_the_rarest_pairs_are_named_once() -> None:
    y = [[1, 1, 0]] * 8 + [[0, 0, 1]] * 8
    found = co_occurrence(seen(y))
    (best,) = strongest(found)
    assert (best.row, best.column, best.count, best.expected) == ("a", "b", 8, 4.0)
    assert [(p.row, p.column, p.count) for p in rarest(found)] == [("a", "c", 0), ("b", "c", 0)]


def test_clustering_brings_blocks_together_and_keeps_the_numbers(rng: np.random.Generator) -> None:
    block = np.repeat(np.eye(3, dtype=bool), 10, axis=0)
    y = np.concatenate([block, block], axis=1)
    words = ("a1", "b1", "c1", "a2", "b2", "c2")
    before = co_occurrence(Occurrences(words, y, np.ones_like(y), ("",) * 30, ("",) * 30))
    after = clustered(before)
    order = [word[0] for word in after.rows]
    assert after.columns == after.rows
    assert sum(x != y for x, y in itertools.pairwise(order)) == 2
    i, j = after.rows.index("a1"), after.rows.index("a2")
    assert after.counts[i, j] == before.counts[0, 3] == 10


def test_clustering_bears_rows_without_any_variation() -> None:
    empty = Association(("a", "b", "c"), ("x", "y", "z"), np.zeros((3, 3), int), np.zeros((3, 3)), np.ones((3, 3), int))
    assert sorted(clustered(empty).rows) == ["a", "b", "c"]
