"""How good made audio is: mixes against stems, truth against notes, and independent sources per class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from instrunet.errors import InstrunetError
from instrunet.labels import INSTRUMENT_IDS
from instrunet.synthesis.store import StemStore
from instrunet.synthesis.tracks import rebuilt_mix

FEWEST_SOURCES = 2
SOUNDING_DB = -60
"""Above this, re full scale, a stem of a store is taken to sound."""


@dataclass(frozen=True)
class ClassRow:
    """One instrument in a folder of tracks or a store of stems."""

    instrument: str
    n_stems: int
    hours: float
    sources: tuple[str, ...]

    @property
    def thin(self) -> bool:
        """Whether fewer than two independent sources sound it: a model would learn the source."""
        return len(self.sources) < FEWEST_SOURCES


@dataclass(frozen=True)
class Inspection:
    """What was found.

    Attributes:
        hours: length of all mixes.
        agreement: share of the frames with notes in which the stem sounds, over all stems.
        worst_sum_error: largest difference between a mix and the sum of its stems, where that is the mix.
        worst_release_correlation: smallest correlation of a released mix with the one made again from its stems.
        n_sums, n_released: how many tracks were checked in either way.
        classes: one row an instrument, in canonical order.
    """

    n_tracks: int
    hours: float
    agreement: float
    worst_sum_error: float
    worst_release_correlation: float
    n_sums: int
    n_released: int
    classes: tuple[ClassRow, ...]
    midi_skipped: int


def store_rows(folder: str | Path) -> tuple[ClassRow, ...]:
    """The same table for a store of stems: hours in which each instrument sounds, and its independent sources.

    Raises:
        InstrunetError: there are no stems.
    """
    store = StemStore(folder)
    tree = store.by_source()
    rows = []
    for name in INSTRUMENT_IDS:
        sources = tree.get(name, {})
        numbers = [number for found in sources.values() for number in found]
        tenths = sum(level > SOUNDING_DB for number in numbers for level in store.stems[number].levels_db)
        origins = {"models of ours" if source.startswith("model_") else source for source in sources}
        rows.append(ClassRow(name, len(numbers), tenths / 36_000, tuple(sorted(origins))))
    return tuple(rows)


def track_folders(folder: str | Path) -> list[Path]:
    """The finished tracks of a folder, sorted.

    Raises:
        InstrunetError: there are none.
    """
    found = sorted(path.parent for path in Path(folder).glob("Track*/metadata.yaml"))
    if not found:
        raise InstrunetError(f"{folder}: no tracks here; make some with 'instrunet synth tracks'")
    return found


def read_metadata(track: Path) -> dict[str, Any]:
    """The metadata of a track."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = (track / "metadata.yaml").read_text(encoding="utf-8")
    facts: dict[str, Any] = yaml.load(text, Loader=loader)  # nosec B506 - a safe loader
    return facts


def inspect(folder: str | Path, *, most_mixes: int = 50) -> Inspection:
    """Read every track's metadata, and rebuild the mixes of the first ``most_mixes``."""
    tracks = track_folders(folder)
    facts = [read_metadata(track) for track in tracks]
    stems = [stem for one in facts for stem in one["stems"].values()]
    notes = np.array([stem["instrunet"]["frames_with_notes"] for stem in stems], float)
    agreed = np.array([stem["instrunet"]["agreement_with_midi"] for stem in stems])
    sums, releases = _rebuilt(tracks[:most_mixes], facts)
    return Inspection(
        n_tracks=len(tracks),
        hours=sum(one["instrunet"]["length_s"] for one in facts) / 3600,
        agreement=float(np.sum(agreed * notes) / max(1.0, float(np.sum(notes)))),
        worst_sum_error=max(sums, default=0.0),
        worst_release_correlation=min(releases, default=1.0),
        n_sums=len(sums),
        n_released=len(releases),
        classes=class_rows(facts),
        midi_skipped=sum(sum(one["instrunet"]["midi_skipped"].values()) for one in facts),
    )


def _rebuilt(tracks: Sequence[Path], facts: Sequence[dict[str, Any]]) -> tuple[list[float], list[float]]:
    sums, releases = [], []
    for track, one in zip(tracks, facts, strict=False):
        mix, again = rebuilt_mix(track)
        if one["instrunet"]["mix_is_sum_of_stems"]:
            sums.append(float(np.max(np.abs(mix - again))))
        else:
            releases.append(float(np.corrcoef(mix.ravel(), again.ravel())[0, 1]))
    return sums, releases


def class_rows(facts: Sequence[dict[str, Any]]) -> tuple[ClassRow, ...]:
    """The table of classes: hours in which an instrument is heard, and from which sources."""
    rows = []
    for name in INSTRUMENT_IDS:
        found = [(one, stem) for one in facts for stem in one["stems"].values() if stem["instrument"] == name]
        hours = sum(stem["instrunet"]["share_present"] * one["instrunet"]["length_s"] / 3600 for one, stem in found)
        sources = tuple(sorted({stem["instrunet"]["source"] for _, stem in found}))
        rows.append(ClassRow(name, len(found), hours, sources))
    return tuple(rows)
