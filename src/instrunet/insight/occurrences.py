"""Who plays in which recording: a manifest's rows as a table of recordings × words, original or grouped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from instrunet.datasets import Manifest
from instrunet.errors import UsageError
from instrunet.insight.groups import Grouping, grouping

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Occurrences:
    """Which words hold of which recordings, what was observed, and the recordings' genres and splits.

    Attributes:
        words: the columns; each occurs in at least one recording.
        present: (n_recordings, n_words).
        observed: (n_recordings, n_words); False where the data set says neither yes nor no.
        genres: one a recording, "" where none is known.
        splits: one a recording, "" where there is none.
    """

    words: tuple[str, ...]
    present: Flags
    observed: Flags
    genres: tuple[str, ...]
    splits: tuple[str, ...]

    def __post_init__(self) -> None:
        """Hold the parts against each other."""
        if self.present.shape != self.observed.shape or self.present.shape != (len(self.genres), len(self.words)):
            raise ValueError("present, observed, genres and words disagree in size")

    @property
    def polyphony(self) -> NDArray[np.int64]:
        """How many words each recording has."""
        return np.asarray(self.present.sum(axis=1), np.int64)


def recordings(manifest: Manifest) -> Manifest:
    """Keep one row a recording as heard: the mixes where there are any, else every row.

    Raises:
        UsageError: the manifest is empty.
    """
    if not len(manifest):
        raise UsageError("the manifest has no rows to explore")
    kept = manifest.filter(split=[s for s in {*manifest.column("split")} if s != "omitted"])
    sources = kept.column("source")
    return kept.filter(source="mix") if "mix" in sources else kept


def original(manifest: Manifest) -> Occurrences:
    """Count the data set's own words; what it left open stays open where the manifest says so."""
    said = [tuple(dict.fromkeys(words or ())) for words in manifest.column("labels_original")]
    words = tuple(sorted({word for row in said for word in row}))
    place = {word: i for i, word in enumerate(words)}
    present = np.zeros((len(said), len(words)), np.bool_)
    for i, row in enumerate(said):
        present[i, [place[word] for word in row]] = True
    return _with_context(manifest, words, present, _observed(manifest, words) | present)


def grouped(manifest: Manifest) -> Occurrences:
    """Count groups of words: MedleyDB's macro-categories, elsewhere the families of the canonical instruments.

    A word that may mean several groups leaves them open in its recording, unless another word settles them.
    """
    manners = [grouping(name) for name in manifest.column("dataset")]
    groups = tuple(sorted({group for manner in {m.name: m for m in manners}.values() for group in manner.groups}))
    place = {group: i for i, group in enumerate(groups)}
    present = np.zeros((len(manners), len(groups)), np.bool_)
    left_open = np.zeros_like(present)
    for i, (words, manner) in enumerate(zip(manifest.column("labels_original"), manners, strict=True)):
        for word in words or ():
            meant = [place[group] for group in manner.of(word)]
            (present if len(meant) == 1 else left_open)[i, meant] = True
    observed = _observed_groups(manifest, groups, manners[0]) & ~left_open
    return _with_context(manifest, groups, present, observed | present)


def observes_absence(manifest: Manifest) -> bool:
    """Whether any label of any row is observed and absent; if not, silence has to count as absence."""
    return bool((manifest.mask() & (manifest.y() < 0.5)).any())


def _observed(manifest: Manifest, words: Sequence[str]) -> Flags:
    """What the manifest masks, where it is stated in these very words; else everything counts as observed."""
    observed = np.ones((len(manifest), len(words)), np.bool_)
    if not observes_absence(manifest) or not set(words) <= set(manifest.labels):
        return observed
    return manifest.mask()[:, [manifest.labels.index(word) for word in words]]


def _observed_groups(manifest: Manifest, groups: Sequence[str], manner: Grouping) -> Flags:
    """What the manifest masks of the groups; or, stated in finer words, of all that fall under a group."""
    if set(groups) <= set(manifest.labels):
        return _observed(manifest, groups)
    words = sorted({word for row in manifest.column("labels_original") for word in row or ()})
    fine = _observed(manifest, words)
    observed = np.ones((len(manifest), len(groups)), np.bool_)
    for j, word in enumerate(words):
        for group in manner.of(word):
            observed[:, groups.index(group)] &= fine[:, j]
    return observed


def _with_context(manifest: Manifest, words: tuple[str, ...], present: Flags, observed: Flags) -> Occurrences:
    occurring: Flags = np.asarray(present.any(axis=0))
    return Occurrences(
        words=tuple(word for word, there in zip(words, occurring, strict=True) if there),
        present=present[:, occurring],
        observed=observed[:, occurring],
        genres=tuple(genre or "" for genre in manifest.column("genre")),
        splits=tuple(split or "" for split in manifest.column("split")),
    )
