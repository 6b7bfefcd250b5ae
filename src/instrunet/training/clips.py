"""The clips of a run as plain columns: where each one's sound lies, what is known of it, how often it is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instrunet.datasets.manifest import Manifest
from instrunet.evaluation.trial import ClipFacts


@dataclass(frozen=True)
class Excerpt:
    """One piece of sound: a part of a file, perhaps stretched or shifted, perhaps with others added to it.

    ``loud_seed`` asks for a beginning drawn at random from the loud moments of the file instead of ``start_s``.
    """

    path: str
    start_s: float = 0.0
    duration_s: float | None = None
    stretch: float = 1.0
    semitones: float = 0.0
    loud_seed: int | None = None
    added: tuple[Excerpt, ...] = ()


@dataclass(frozen=True)
class Clips:
    """Columns of equal length; ``extra`` marks clips that oversampling made, ``weights`` how often to draw."""

    excerpts: tuple[Excerpt, ...]
    ids: tuple[str, ...]
    groups: tuple[str, ...]
    sources: tuple[str, ...]
    splits: tuple[str | None, ...]
    y: NDArray[np.float32]
    mask: NDArray[np.bool_]
    weights: NDArray[np.float64]
    extra: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, rows: Sequence[int] | NDArray[Any]) -> Clips:
        """Keep these rows: positions, or one bool a row."""
        picked = np.asarray(rows)
        picked = np.flatnonzero(picked) if picked.dtype == np.bool_ else picked.astype(np.int64)
        columns: dict[str, Any] = {}
        for field in fields(self):
            column = getattr(self, field.name)
            columns[field.name] = column[picked] if isinstance(column, np.ndarray) else tuple(column[i] for i in picked)
        return Clips(**columns)

    def facts(self) -> ClipFacts:
        """What the evaluation wants to know of each clip."""
        return ClipFacts(
            ids=self.ids,
            paths=tuple(e.path for e in self.excerpts),
            groups=self.groups,
            sources=self.sources,
            starts_s=tuple(e.start_s for e in self.excerpts),
            durations_s=tuple(e.duration_s or 0.0 for e in self.excerpts),
        )

    def with_unlabelled_negative(self, columns: Sequence[int] | None = None) -> Clips:
        """What nobody judged counts as absent, in all columns (a mistake of some published work) or in some."""
        mask = self.mask.copy()
        mask[:, slice(None) if columns is None else list(columns)] = True
        return replace(self, y=self.y * self.mask, mask=mask)


def clips_of(manifest: Manifest, labels: Sequence[str], *, weight: float = 1.0) -> Clips:
    """Take the columns out of a manifest, its truth in the order of ``labels``."""
    columns = [manifest.labels.index(label) for label in labels]
    n = len(manifest)
    starts, durations = manifest.column("start_s"), manifest.column("duration_s")
    excerpts = tuple(
        Excerpt(str(path), float(start or 0.0), duration)
        for path, start, duration in zip(manifest.paths(), starts, durations, strict=True)
    )
    return Clips(
        excerpts=excerpts,
        ids=tuple(manifest.column("id")),
        groups=tuple(str(g) for g in manifest.column("group")),
        sources=tuple(manifest.column("source")),
        splits=tuple(manifest.column("split")),
        y=manifest.y()[:, columns],
        mask=manifest.mask()[:, columns],
        weights=np.full(n, weight),
        extra=np.zeros(n, np.bool_),
    )


def joined(parts: Sequence[Clips]) -> Clips:
    """Put tables of the same labels one below the other."""
    columns: dict[str, Any] = {}
    for field in fields(Clips):
        pieces = [getattr(part, field.name) for part in parts]
        columns[field.name] = np.concatenate(pieces) if isinstance(pieces[0], np.ndarray) else sum(pieces, ())
    return Clips(**columns)


def missing_files(clips: Clips) -> list[Path]:
    """Audio that the table names and the disk lacks."""
    return sorted({Path(e.path) for e in clips.excerpts if not Path(e.path).is_file()})
