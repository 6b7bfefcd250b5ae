"""Iterative stratification of multi-label groups: rare labels first, each group whole, then small improvements."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

IMPROVING_PASSES = 8


def stratify_groups(
    counts: NDArray[np.float64], fractions: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Give each group a split so that every label, and the number of clips, comes close to its share.

    The method is Sechidis' iterative stratification carried over from clips to groups: the label with the fewest
    occurrences left is served first, its largest groups first, each going to the split that lacks most of that label.
    Then groups move one by one as long as that brings the whole closer.

    Args:
        counts: (n_groups, n_labels + 1): occurrences of each label in each group, and the group's clips last.
        fractions: share of each split, in sum 1.
        rng: decides between equals.

    Returns:
        The split of each group, (n_groups,).

    >>> counts = np.array([[2.0, 2.0], [2.0, 2.0], [0.0, 2.0], [0.0, 2.0]])
    >>> splits = stratify_groups(counts, np.array([0.5, 0.5]), np.random.default_rng(7))
    >>> sorted(splits[:2].tolist()), sorted(splits[2:].tolist())
    ([0, 1], [0, 1])
    """
    wanted = np.outer(fractions, counts.sum(axis=0))  # (n_splits, n_labels + 1)
    lacking = wanted.copy()
    splits = np.full(len(counts), -1, np.int64)
    luck = rng.permutation(len(counts))
    left = counts.sum(axis=0)[:-1].copy()
    while (splits < 0).any():
        open_groups = splits < 0
        alive = np.flatnonzero(left > 0)
        column = int(alive[np.argmin(left[alive])]) if alive.size else counts.shape[1] - 1
        takers = np.flatnonzero(open_groups & (counts[:, column] > 0))
        if not takers.size:
            takers = np.flatnonzero(open_groups)
        for group in takers[np.lexsort((luck[takers], -counts[takers, column]))]:
            split = _most_lacking(lacking, column, fractions, rng)
            splits[group] = split
            lacking[split] -= counts[group]
            left -= counts[group, :-1]
        if alive.size:
            left[column] = 0
    return _improved(splits, counts, wanted, rng)


def _most_lacking(
    lacking: NDArray[np.float64], column: int, fractions: NDArray[np.float64], rng: np.random.Generator
) -> int:
    relative = lacking[:, column]
    best = np.flatnonzero(np.isclose(relative, relative.max()))
    if len(best) > 1:
        clips = lacking[best, -1] / fractions[best]
        best = best[np.isclose(clips, clips.max())]
    return int(rng.choice(best))


def _improved(
    splits: NDArray[np.int64], counts: NDArray[np.float64], wanted: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Move single groups while the sum of squared relative deviations falls."""
    n_splits = len(wanted)
    scale = 1 / np.maximum(counts.sum(axis=0), 1)
    held = np.stack([counts[splits == split].sum(axis=0) for split in range(n_splits)])
    members = np.bincount(splits, minlength=n_splits)
    for _ in range(IMPROVING_PASSES):
        moved = False
        for group in rng.permutation(len(counts)):
            here = splits[group]
            if members[here] == 1:
                continue
            without = held[here] - counts[group]
            now = _cost(held, wanted, scale)
            gain_away = now[here] - _cost(without[None], wanted[here][None], scale)[0]
            with_it = _cost(held + counts[group], wanted, scale) - now
            with_it[here] = np.inf
            there = int(np.argmin(with_it))
            if with_it[there] < gain_away - 1e-12:
                held[here], held[there] = without, held[there] + counts[group]
                members[here], members[there] = members[here] - 1, members[there] + 1
                splits[group], moved = there, True
        if not moved:
            break
    return splits


def _cost(held: NDArray[np.float64], wanted: NDArray[np.float64], scale: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((((held - wanted) * scale) ** 2).sum(axis=1))
