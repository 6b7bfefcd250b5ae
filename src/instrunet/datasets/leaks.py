"""Leaks: what stands in more than one split though it comes from one source."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from instrunet.datasets.manifest import Manifest

HELD_OUT = ("validation", "test")


@dataclass(frozen=True)
class Leak:
    """Sources that cross splits.

    Attributes:
        crossing: the splits that each crossing source stands in.
        clips_by_split: clips of the held-out splits whose source stands in training too.
        share_by_split: the same as a share of the split.
    """

    crossing: Mapping[str, tuple[str, ...]]
    clips_by_split: Mapping[str, int]
    share_by_split: Mapping[str, float]

    def said(self) -> str:
        """One line for people."""
        if not self.crossing:
            return "no group crosses splits"
        shares = ", ".join(
            f"{self.clips_by_split[split]:,} of the {split} clips ({share:.1%}) have a group that is trained on"
            for split, share in self.share_by_split.items()
        )
        return f"{len(self.crossing):,} groups cross splits" + (f": {shares}" if shares else "")


def group_leak(manifest: Manifest) -> Leak:
    """Measure how far the groups of a manifest cross its splits."""
    return leak_of(manifest.column("group"), manifest.column("split"))


def leak_of(sources: Sequence[str], splits: Sequence[str | None]) -> Leak:
    """Measure for any kind of source, a row a clip; what is in no split or omitted cannot leak.

    >>> leak = leak_of(["a", "a", "b", "c"], ["train", "test", "test", "train"])
    >>> leak.crossing, leak.share_by_split
    ({'a': ('test', 'train')}, {'test': 0.5})
    """
    places: dict[str, set[str]] = defaultdict(set)
    for source, split in zip(sources, splits, strict=True):
        if split is not None and split != "omitted":
            places[source].add(split)
    crossing = {source: tuple(sorted(seen)) for source, seen in places.items() if len(seen) > 1}
    trained = {source for source, seen in crossing.items() if "train" in seen}
    clips: dict[str, int] = {}
    totals: dict[str, int] = {}
    for source, split in zip(sources, splits, strict=True):
        if split in HELD_OUT:
            totals[split] = totals.get(split, 0) + 1
            clips[split] = clips.get(split, 0) + (source in trained)
    return Leak(crossing, clips, {split: clips[split] / totals[split] for split in totals})
