"""Splits: official, by plain fractions, or stratified; groups kept whole unless a published protocol did not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instrunet.datasets.description import PRESENT_FROM
from instrunet.datasets.leaks import Leak, group_leak
from instrunet.datasets.manifest import Manifest
from instrunet.datasets.stratification import stratify_groups
from instrunet.errors import MissingExtraError, UsageError

NAMES = {2: ("train", "test"), 3: ("train", "validation", "test")}


@dataclass(frozen=True)
class SplitPlan:
    """How to split.

    Attributes:
        fractions: shares of train and test, or of train, validation and test; in sum 1.
        stratify: balance the labels by iterative stratification.
        by_group: keep every group whole; False only to repeat published work that did not.
        seed: what the chance follows from.
    """

    fractions: tuple[float, ...] = (0.8, 0.1, 0.1)
    stratify: bool = False
    by_group: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        if len(self.fractions) not in NAMES:
            raise UsageError(
                f"say two fractions (train, test) or three (train, validation, test), not {len(self.fractions)}"
            )
        if min(self.fractions) <= 0 or abs(sum(self.fractions) - 1) > 1e-3:
            raise UsageError(
                f"fractions are positive and add up to 1, not {' + '.join(f'{f:g}' for f in self.fractions)}"
            )


@dataclass(frozen=True)
class LabelShare:
    """Where the positives of one label went: their number, and their share of each split against the share wanted."""

    label: str
    n_positive: int
    shares: tuple[float, ...]
    deviation: float


@dataclass(frozen=True)
class SplitReport:
    """How close a split came.

    Attributes:
        clip_shares: share of the clips in each split.
        labels: each label's shares, and how far the farthest is from what was wanted (0.05 is five points).
        leak: the groups that cross splits.
    """

    names: tuple[str, ...]
    fractions: tuple[float, ...]
    clip_shares: tuple[float, ...]
    labels: tuple[LabelShare, ...]
    leak: Leak

    @property
    def mean_deviation(self) -> float:
        """Mean over the labels that occur."""
        there = [entry.deviation for entry in self.labels if entry.n_positive]
        return float(np.mean(there)) if there else 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self) | {"mean_deviation": self.mean_deviation}


def split(manifest: Manifest, plan: SplitPlan) -> Manifest:
    """Give every clip a split; the same manifest, plan and seed give the same splits.

    Raises:
        UsageError: fewer groups than splits.
    """
    rng = np.random.default_rng(plan.seed)
    groups = manifest.column("group") if plan.by_group else list(map(str, range(len(manifest))))
    names, member_of = np.unique(np.array(groups, dtype=object).astype(str), return_inverse=True)
    if len(names) < len(plan.fractions):
        raise UsageError(f"{len(names)} groups cannot fill {len(plan.fractions)} splits with every group whole")
    fractions = np.array(plan.fractions) / sum(plan.fractions)
    positive = manifest.mask() & (manifest.y() >= PRESENT_FROM)
    sizes = np.bincount(member_of)
    if not plan.stratify:
        chosen = _plain(sizes, fractions, rng)
    elif plan.by_group:
        chosen = stratify_groups(_counts(positive, member_of, len(names)), fractions, rng)
    else:
        return _named(manifest, plan, _ungrouped(positive, fractions, plan.seed))
    return _named(manifest, plan, _without_empty(chosen, sizes, len(fractions))[member_of])


def _named(manifest: Manifest, plan: SplitPlan, splits: NDArray[np.int64]) -> Manifest:
    names = NAMES[len(plan.fractions)]
    return manifest.with_column("split", [names[index] for index in splits])


def _counts(positive: NDArray[np.bool_], member_of: NDArray[np.int64], n_groups: int) -> NDArray[np.float64]:
    counts = np.zeros((n_groups, positive.shape[1] + 1))
    np.add.at(counts[:, :-1], member_of, positive.astype(np.float64))
    counts[:, -1] = np.bincount(member_of, minlength=n_groups)
    return counts


def _plain(sizes: NDArray[np.int64], fractions: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Shuffle the groups and cut where the clips counted so far pass each share."""
    order = rng.permutation(len(sizes))
    middle = np.cumsum(sizes[order]) - sizes[order] / 2
    cut = np.searchsorted(np.cumsum(fractions)[:-1] * sizes.sum(), middle, side="right")
    chosen = np.empty(len(sizes), np.int64)
    chosen[order] = cut
    return chosen


def _without_empty(chosen: NDArray[np.int64], sizes: NDArray[np.int64], n_splits: int) -> NDArray[np.int64]:
    """Give a split without any group the smallest group of the split that has most."""
    filled = chosen.copy()
    for index in range(n_splits):
        if not (filled == index).any():
            fullest = np.flatnonzero(filled == np.argmax(np.bincount(filled, minlength=n_splits)))
            filled[fullest[np.argmin(sizes[fullest])]] = index
    return filled


def _ungrouped(positive: NDArray[np.bool_], fractions: NDArray[np.float64], seed: int) -> NDArray[np.int64]:
    """Split clip by clip as published work does: training apart first, then what is left once more."""
    try:
        from iterstrat.ml_stratifiers import MultilabelStratifiedShuffleSplit
    except ImportError as error:
        raise MissingExtraError("data", "iterative stratification") from error
    splits = np.zeros(len(positive), np.int64)
    rest = np.arange(len(positive))
    left = 1.0
    for index, fraction in enumerate(fractions[:-1]):
        share = 1 - fraction / left
        way = MultilabelStratifiedShuffleSplit(n_splits=1, test_size=share, random_state=seed + index)
        _, later = next(way.split(np.zeros((len(rest), 1)), positive[rest].astype(int)))
        rest = rest[later]
        splits[rest] = index + 1
        left -= fraction
    return splits


def report_split(manifest: Manifest, fractions: Sequence[float] | None = None) -> SplitReport:
    """Measure how far each class is from its share, and what leaks.

    Without ``fractions`` the clips' own shares are what is wanted, which suits an official split.
    """
    splits = np.array([name or "" for name in manifest.column("split")], dtype=object)
    names = tuple(name for name in ("train", "validation", "test") if (splits == name).any())
    clip_shares = tuple(float((splits == name).sum()) / max(1, int(np.isin(splits, names).sum())) for name in names)
    wanted = tuple(fractions) if fractions is not None and len(fractions) == len(names) else clip_shares
    positive = manifest.mask() & (manifest.y() >= PRESENT_FROM)
    labels = []
    for column, label in enumerate(manifest.labels):
        counts = [int(positive[splits == name, column].sum()) for name in names]
        total = sum(counts)
        shares = tuple(count / total if total else 0.0 for count in counts)
        worst = max((abs(a - b) for a, b in zip(shares, wanted, strict=True)), default=0.0) if total else 0.0
        labels.append(LabelShare(label, total, shares, worst))
    return SplitReport(names, wanted, clip_shares, tuple(labels), group_leak(manifest))
