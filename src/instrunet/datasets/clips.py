"""One row of a manifest, and how rows become columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

SPLITS = ("train", "validation", "test", "omitted")
SOURCES = ("mix", "stem", "raw", "note", "synthetic")


@dataclass(frozen=True, slots=True)
class Clip:
    """One clip and all that is known of it.

    Attributes:
        path: relative to the manifest's root, with forward slashes; absolute only where nothing else is possible.
        duration_s: None where only opening the audio would tell.
        truth: relevance in [0, 1] by label, only for labels that were observed; every other label is masked.
        extra: further columns (an artist, a plugin), the same names in every clip of a data set or left out.
    """

    id: str
    path: str
    dataset: str
    source: str
    group: str
    truth: Mapping[str, float]
    labels_original: tuple[str, ...] = ()
    start_s: float = 0.0
    duration_s: float | None = None
    split: str | None = None
    genre: str | None = None
    pitch: int | None = None
    velocity: int | None = None
    licence: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


COLUMNS = (
    "id",
    "path",
    "start_s",
    "duration_s",
    "dataset",
    "split",
    "group",
    "source",
    "genre",
    "labels_original",
    "pitch",
    "velocity",
    "licence",
)
"""The columns that every manifest has, in this order; further ones follow, then ``y_*`` and ``m_*``."""


def closed_truth(labels: Iterable[str], present: Iterable[str]) -> dict[str, float]:
    """State every label: those present as 1, all others as an observed 0.

    >>> closed_truth(("cel", "cla", "flu"), ["cla"])
    {'cel': 0.0, 'cla': 1.0, 'flu': 0.0}
    """
    sounding = set(present)
    return {label: float(label in sounding) for label in labels}


def columns_of(clips: Sequence[Clip]) -> dict[str, list[Any]]:
    """Turn clips into columns; a further column that a clip lacks is None there."""
    columns: dict[str, list[Any]] = {name: [getattr(clip, name) for clip in clips] for name in COLUMNS}
    further = sorted({name for clip in clips for name in clip.extra})
    return columns | {name: [clip.extra.get(name) for clip in clips] for name in further}


@dataclass(frozen=True)
class Truth:
    """Truth and mask of many clips: ``y`` float32 and ``mask`` bool, both (n_clips, n_labels)."""

    y: NDArray[np.float32]
    mask: NDArray[np.bool_]


def truth_of(clips: Sequence[Clip], labels: Sequence[str]) -> Truth:
    """Stack the clips' truth; where a clip says nothing the mask is False.

    >>> clip = Clip("a", "a.wav", "d", "mix", "g", truth={"piano": 0.8})
    >>> truth_of([clip], ["piano", "voice"]).mask.tolist()
    [[True, False]]
    """
    place = {label: index for index, label in enumerate(labels)}
    y = np.zeros((len(clips), len(labels)), np.float32)
    mask = np.zeros((len(clips), len(labels)), np.bool_)
    for row, clip in enumerate(clips):
        for label, relevance in clip.truth.items():
            y[row, place[label]] = relevance
            mask[row, place[label]] = True
    return Truth(y, mask)
