"""How many play at once, how often each class occurs in each split, and what balancing would make of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from instrunet.insight.occurrences import Occurrences

WHOLE = "all"
CROWDED = 0.02
"""The part of the recordings, those with the most words, that :func:`crowded_share` looks at."""


@dataclass(frozen=True)
class ClassDistribution:
    """Occurrences of each class in each split.

    Attributes:
        words: the classes, most frequent first.
        splits: the splits; ``all`` where the recordings have none.
        counts: (n_words, n_splits) recordings.
        sizes: recordings in each split.
        balanced: (n_words, n_splits) expected occurrences among as many draws as the split has recordings, drawn with
            the weights of :func:`balancing_weights`.
    """

    words: tuple[str, ...]
    splits: tuple[str, ...]
    counts: NDArray[np.int64]
    sizes: tuple[int, ...]
    balanced: NDArray[np.float64]


def polyphony_histogram(occurrences: Occurrences) -> NDArray[np.int64]:
    """Count the recordings with 0, 1, 2, … words.

    >>> y = np.array([[1, 1], [1, 0], [0, 1]], bool)
    >>> polyphony_histogram(Occurrences(("a", "b"), y, np.ones_like(y), ("",) * 3, ("",) * 3)).tolist()
    [0, 2, 1]
    """
    return np.bincount(occurrences.polyphony)


def crowded_share(polyphony: NDArray[np.int64]) -> float:
    """Which part of all pairs of words comes from the most crowded few of the recordings.

    >>> crowded_share(np.array([2] * 98 + [20, 20]))
    0.7949790794979079
    """
    pairs = np.sort(polyphony * (polyphony - 1) // 2)
    n_crowded = max(1, round(CROWDED * len(pairs)))
    return float(pairs[-n_crowded:].sum() / max(1, pairs.sum()))


def balancing_weights(present: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Weigh each recording so that every class is drawn as often as any other, as balanced training does.

    First a class is drawn, evenly, then one of its recordings; recordings without any class are a class of their own.

    >>> balancing_weights(np.array([[1, 0], [1, 0], [1, 1]], bool)).round(3).tolist()
    [0.167, 0.167, 0.667]
    """
    classes = np.column_stack([present, ~present.any(axis=1)])
    counts = classes.sum(axis=0)
    weights = (classes[:, counts > 0] / counts[counts > 0]).sum(axis=1)
    return np.asarray(weights / max(weights.sum(), 1e-12))


def class_distribution(occurrences: Occurrences) -> ClassDistribution:
    """Count each class in each split, as it is and as balancing would draw it."""
    order = np.argsort(-occurrences.present.sum(axis=0), kind="stable")
    known = ("train", "validation", "test")
    there = set(occurrences.splits) - {""}
    splits = (*(s for s in known if s in there), *sorted(there - set(known))) or (WHOLE,)
    of_split = [np.array([s == split or split == WHOLE for s in occurrences.splits]) for split in splits]
    present = [occurrences.present[rows][:, order] for rows in of_split]
    drawn = [len(p) * (balancing_weights(p) @ p) for p in present]
    return ClassDistribution(
        words=tuple(occurrences.words[i] for i in order),
        splits=splits,
        counts=np.stack([p.sum(axis=0) for p in present], axis=1),
        sizes=tuple(len(p) for p in present),
        balanced=np.stack(drawn, axis=1),
    )
