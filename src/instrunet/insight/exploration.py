"""Explore a manifest: who plays with whom, in which genre."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from instrunet.datasets import Manifest
from instrunet.insight.association import SMOOTHING, Association, co_occurrence, genre_occurrence
from instrunet.insight.distributions import (
    CROWDED,
    ClassDistribution,
    class_distribution,
    crowded_share,
    polyphony_histogram,
)
from instrunet.insight.groups import grouping, means_nothing
from instrunet.insight.occurrences import Occurrences, grouped, observes_absence, original, recordings
from instrunet.insight.ordering import clustered

TELLING = 0.25
"""When the most crowded recordings bring more of all pairs than this, the page says so."""


@dataclass(frozen=True)
class View:
    """One way to name the instruments, and all that was counted with these names.

    Attributes:
        key: ``original`` or ``grouped``; the start of file names.
        title: what the names are called.
        occurrences: recordings × names.
        together: instrument × instrument, rows and columns clustered.
        genres: instrument × genre, or None where no genre is known.
        classes: how often each name occurs in each split.
    """

    key: str
    title: str
    occurrences: Occurrences
    together: Association
    genres: Association | None
    classes: ClassDistribution

    @property
    def matrices(self) -> dict[str, Association]:
        """The associations by file name."""
        found = {f"{self.key}_instrument_instrument": self.together}
        return found if self.genres is None else {f"{self.key}_instrument_genre": self.genres, **found}


@dataclass(frozen=True)
class Exploration:
    """What there is to know of a manifest's recordings.

    Attributes:
        title: the data sets' names.
        views: with the groups (macro-categories or families), and with the original names.
        polyphony: recordings with 0, 1, 2, … original names.
        genre_sizes: recordings of each genre.
        notes: what a reader must know to read the numbers rightly.
        sources: licences and citations, a line a data set.
    """

    title: str
    views: tuple[View, ...]
    polyphony: NDArray[np.int64]
    genre_sizes: dict[str, int]
    notes: tuple[str, ...]
    sources: tuple[str, ...]

    @property
    def n_recordings(self) -> int:
        """How many recordings were counted."""
        return len(self.views[0].occurrences.genres)


def explore(manifest: Manifest, *, smoothing: float = SMOOTHING) -> Exploration:
    """Count who plays with whom, in which genre.

    Args:
        manifest: any manifest; where it has mixes, only they are counted.
        smoothing: imagined chance recordings in the lift; larger is more cautious about rare pairs.
    """
    kept = recordings(manifest)
    occurrences = original(kept)
    views = [_view("original", "original names", occurrences, smoothing)]
    coarse = grouped(kept)
    if coarse.words:
        name = grouping(kept.column("dataset")[0]).name
        views.insert(0, _view("grouped", f"{len(coarse.words)} {name}", coarse, smoothing))
    genres = [genre for genre in occurrences.genres if genre]
    is_open = [view.title for view in views if not view.occurrences.observed.all()]
    sizes = {genre: genres.count(genre) for genre in sorted(set(genres), key=lambda g: (-genres.count(g), g))}
    titles = tuple(entry.title or entry.dataset for entry in kept.header.provenance)
    return Exploration(
        title=" + ".join(titles) or " + ".join(dict.fromkeys(kept.column("dataset"))),
        views=tuple(views),
        polyphony=polyphony_histogram(occurrences),
        genre_sizes=sizes,
        notes=(*_notes(manifest, kept, occurrences), *_open_notes(is_open)),
        sources=tuple(" · ".join(x for x in (e.citation, e.licence) if x) for e in kept.header.provenance),
    )


def _view(key: str, title: str, occurrences: Occurrences, smoothing: float) -> View:
    by_genre = genre_occurrence(occurrences, smoothing=smoothing)
    return View(
        key=key,
        title=title,
        occurrences=occurrences,
        together=clustered(co_occurrence(occurrences, smoothing=smoothing)),
        genres=None if by_genre is None else clustered(by_genre),
        classes=class_distribution(occurrences),
    )


def _notes(manifest: Manifest, kept: Manifest, occurrences: Occurrences) -> tuple[str, ...]:
    notes = []
    if len(kept) < len(manifest):
        notes.append(f"Counted are the {len(kept)} mixes among the manifest's {len(manifest)} rows.")
    unknown = sum(not genre for genre in occurrences.genres)
    if unknown == len(kept):
        notes.append("The manifest names no genres, so there are no instrument × genre matrices.")
    elif unknown:
        notes.append(f"{unknown} recordings have no genre; the genre matrices leave them out.")
    if not observes_absence(kept):
        notes.append("The manifest observes no absence; here what a recording does not name counts as absent.")
    nameless = [word for word in occurrences.words if means_nothing(kept.column("dataset")[0], word)]
    if nameless:
        notes.append(f"Words outside the canonical instruments are counted like any other: {', '.join(nameless)}.")
    share = crowded_share(occurrences.polyphony)
    if share > TELLING:
        notes.append(
            f"The {CROWDED:.0%} of recordings with the most words bring {share:.0%} of all pairs of words: where they "
            "were tagged with everything at once, rare words seem to seek each other."
        )
    return (*notes, *kept.header.notes)


def _open_notes(titles: list[str]) -> tuple[str, ...]:
    if not titles:
        return ()
    named = " and of the ".join(titles)
    return (f"Some recordings leave some of the {named} open; a pair is counted where both were observed.",)
