"""What is in a manifest: clips, hours, classes by split, labels a clip."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from instrunet.datasets.manifest import Manifest

UNSPLIT = "no split"
PRESENT_FROM = 0.5


@dataclass(frozen=True)
class ClassCount:
    """How often one label was heard, judged absent and left open, and where."""

    label: str
    present: int
    absent: int
    unknown: int
    present_by_split: Mapping[str, int]


@dataclass(frozen=True)
class Description:
    """The overview of a manifest.

    Attributes:
        hours: of the clips whose duration is known.
        n_unknown_durations: clips whose duration only opening the audio would tell.
        labels_per_clip: how many clips have so many labels present.
        unknown_share: share of truth cells that were not observed.
    """

    vocabulary: str
    n_clips: int
    n_groups: int
    hours: float
    n_unknown_durations: int
    clips_by_split: Mapping[str, int]
    clips_by_dataset: Mapping[str, int]
    clips_by_source: Mapping[str, int]
    labels_per_clip: Mapping[int, int]
    unknown_share: float
    classes: tuple[ClassCount, ...]
    licences: Mapping[str, str]
    missing: Mapping[str, Mapping[str, int]]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)

    def lines(self) -> Iterator[str]:
        """The overview as lines of text."""
        yield f"{self.n_clips:,} clips in {self.n_groups:,} groups, {self._hours_said()}"
        yield "splits: " + _counted(self.clips_by_split)
        yield "data sets: " + _counted(self.clips_by_dataset) + "; sources: " + _counted(self.clips_by_source)
        yield "labels a clip: " + ", ".join(f"{n}: {count:,}" for n, count in self.labels_per_clip.items())
        yield f"truth: {self.vocabulary}, {self.unknown_share:.1%} of the cells not observed"
        for name, licence in self.licences.items():
            gone = self.missing.get(name, {})
            yield f"{name}: licence {licence}" + (f"; missing: {_counted(gone)}" if gone else "")

    def _hours_said(self) -> str:
        known = f"{self.hours:.2f} hours"
        return (
            f"{known} and {self.n_unknown_durations:,} clips of unknown length" if self.n_unknown_durations else known
        )

    def class_rows(self) -> list[dict[str, Any]]:
        """One row a class: its label, counts, and the clips with it by split."""
        return [
            {"label": c.label, "present": c.present, "absent": c.absent, "unknown": c.unknown, **c.present_by_split}
            for c in self.classes
        ]


def describe(manifest: Manifest) -> Description:
    """Count what a manifest holds, without opening audio."""
    y, mask = manifest.y(), manifest.mask()
    present = mask & (y >= PRESENT_FROM)
    splits = np.array([split or UNSPLIT for split in manifest.column("split")], dtype=object)
    durations = [d for d in manifest.column("duration_s") if d is not None]
    names = _ordered(splits.tolist())
    classes = tuple(
        ClassCount(
            label=label,
            present=int(present[:, i].sum()),
            absent=int((mask[:, i] & ~present[:, i]).sum()),
            unknown=int((~mask[:, i]).sum()),
            present_by_split={name: int(present[splits == name, i].sum()) for name in names},
        )
        for i, label in enumerate(manifest.labels)
    )
    return Description(
        vocabulary=manifest.vocabulary,
        n_clips=len(manifest),
        n_groups=len(set(manifest.column("group"))),
        hours=sum(durations) / 3600,
        n_unknown_durations=len(manifest) - len(durations),
        clips_by_split={name: int((splits == name).sum()) for name in names},
        clips_by_dataset=dict(Counter(manifest.column("dataset")).most_common()),
        clips_by_source=dict(Counter(manifest.column("source")).most_common()),
        labels_per_clip=dict(sorted(Counter(int(n) for n in present.sum(axis=1)).items())),
        unknown_share=float(1 - mask.mean()) if mask.size else 0.0,
        classes=classes,
        licences={entry.dataset: entry.licence for entry in manifest.header.provenance},
        missing={entry.dataset: entry.missing for entry in manifest.header.provenance if entry.missing},
    )


def _ordered(splits: list[str]) -> list[str]:
    usual = ["train", "validation", "test", "omitted"]
    there = set(splits)
    return [name for name in usual if name in there] + sorted(there - set(usual))


def _counted(counts: Mapping[Any, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())
