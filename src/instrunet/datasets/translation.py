"""Saying a manifest in the words of another vocabulary: what cannot be said there is masked, never absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from instrunet.datasets.clips import Truth
from instrunet.datasets.manifest import Manifest
from instrunet.labels import INSTRUMENT_IDS, projection, to_canonical, vocabulary_names

CANONICAL = "instrunet"


def project(manifest: Manifest, vocabulary: str) -> Manifest:
    """Project truth, mask and events onto ``vocabulary``.

    A label of the target is positive where a label wholly inside it is positive, negative only where all it covers was
    observed to be absent, and masked otherwise. Rows of a data set that names predominant instruments only lose their
    negatives: not predominant is not absent.

    Raises:
        UnknownLabelError: a label of your own has no canonical meaning.
    """
    if manifest.vocabulary == vocabulary:
        return manifest
    if manifest.vocabulary not in vocabulary_names():
        manifest = _from_own_words(manifest)
        if vocabulary == CANONICAL:
            return manifest
    way = projection(manifest.vocabulary, vocabulary)
    y, mask = way.truth(manifest.y(), manifest.mask())
    truth = Truth(np.asarray(y, np.float32), np.asarray(mask, np.bool_))
    labels = _labels_of(vocabulary)
    events = _projected_events(
        manifest, {label: _inside(manifest.vocabulary, vocabulary, label) for label in manifest.labels}
    )
    return manifest.with_truth(_without_unobserved_absence(manifest, truth), vocabulary, labels, events=events)


def _labels_of(vocabulary: str) -> tuple[str, ...]:
    from instrunet.labels import vocabulary as named

    return tuple(named(vocabulary).labels)


def _inside(source: str, target: str, label: str) -> tuple[str, ...]:
    """Labels of the target that wholly contain a label of the source."""
    from instrunet.labels import vocabulary as named

    members = set(named(source).core[label])
    return tuple(name for name, covered in named(target).members.items() if members and members <= set(covered))


def _without_unobserved_absence(manifest: Manifest, truth: Truth) -> Truth:
    silent_on_absence = {e.dataset for e in manifest.header.provenance if not e.absence_observed}
    if not silent_on_absence:
        return truth
    rows = np.array([name in silent_on_absence for name in manifest.column("dataset")], np.bool_)
    mask = truth.mask & ~(rows[:, None] & (truth.y == 0))
    return Truth(truth.y, mask)


def _from_own_words(manifest: Manifest) -> Manifest:
    """Translate the user's own labels: one instrument each where the word is that exact; else its absence counts."""
    meanings = {label: to_canonical("freeform", label) for label in manifest.labels}
    y, mask = manifest.y(), manifest.mask()
    place = {name: index for index, name in enumerate(INSTRUMENT_IDS)}
    said = np.zeros((len(manifest), len(place)), np.float32)
    seen = np.zeros((len(manifest), len(place)), np.bool_)
    for column, label in enumerate(manifest.labels):
        exact = len(meanings[label]) == 1
        for name in meanings[label]:
            index = place[name]
            positive = mask[:, column] & (y[:, column] > 0) & exact
            said[:, index] = np.where(positive, np.maximum(said[:, index], y[:, column]), said[:, index])
            seen[:, index] |= positive | (mask[:, column] & (y[:, column] == 0))
    for column, label in enumerate(manifest.labels):
        # A positive word that could mean several instruments leaves all of them open.
        for name in meanings[label] if len(meanings[label]) > 1 else ():
            open_rows = mask[:, column] & (y[:, column] > 0) & (said[:, place[name]] == 0)
            seen[:, place[name]] &= ~open_rows
    exact_words: dict[str, tuple[str, ...]] = {label: ids if len(ids) == 1 else () for label, ids in meanings.items()}
    events = _projected_events(manifest, exact_words)
    truth = _without_unobserved_absence(manifest, Truth(said, seen))
    return manifest.with_truth(truth, CANONICAL, INSTRUMENT_IDS, events=events)


def _projected_events(
    manifest: Manifest, targets: Mapping[str, tuple[str, ...]]
) -> list[tuple[str, float, float, str]] | None:
    if manifest.events is None:
        return None
    rows: list[tuple[str, float, float, str]] = []
    for event in manifest.events.to_pylist():
        names: Sequence[str] = targets.get(event["label"], ())
        rows += [(event["id"], event["start_s"], event["end_s"], name) for name in names]
    return rows
