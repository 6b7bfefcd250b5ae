"""The registry of data sets, and the one call that turns a folder into a manifest."""

from __future__ import annotations

import os
from pathlib import Path

from instrunet.datasets import irmas, jamendo, medley_solos, medleydb, nsynth, openmic, slakh
from instrunet.datasets.facts import Provenance
from instrunet.datasets.manifest import Header, Manifest
from instrunet.datasets.own_folder import CSV, FOLDER
from instrunet.datasets.own_ranges import JAMS, RANGES
from instrunet.datasets.parsing import Dataset, IndexOptions
from instrunet.errors import InstrunetError, UsageError

_PUBLISHED = (irmas, openmic, medleydb, slakh, nsynth, medley_solos, jamendo)
DATASETS: dict[str, Dataset] = {module.FACTS.name: module.DATASET for module in _PUBLISHED} | {
    entry.facts.name: entry for entry in (FOLDER, CSV, RANGES, JAMS)
}
"""Every data set by name."""

EDITIONS = {"babyslakh": "slakh"}
"""Names of editions that another data set's loader reads."""


def dataset(name: str) -> Dataset:
    """Look a data set up.

    >>> dataset("irmas").facts.expected["training clips"]
    6705
    >>> dataset("babyslakh").facts.name
    'slakh'

    Raises:
        UsageError: there is none of that name.
    """
    try:
        return DATASETS[EDITIONS.get(name, name)]
    except KeyError:
        raise UsageError(f"no data set {name!r}; there are {', '.join(DATASETS)}") from None


def index(name: str, folder: str | os.PathLike[str], *, options: IndexOptions | None = None) -> Manifest:
    """Read a downloaded data set into a manifest.

    Args:
        name: one of :data:`DATASETS`.
        folder: where it lies (for a CSV of your own: the file).
        options: what to read and in which words.

    Raises:
        InstrunetError: the folder does not look like the data set, or nothing of it is there.
    """
    chosen, options = dataset(name), options or IndexOptions()
    chosen.require_protocol(options)
    parsed = chosen.parse(Path(folder), options)
    if not len(parsed.columns["id"]):
        raise InstrunetError(f"{folder}: looks like {chosen.facts.title}, but there is no clip in it to index")
    provenance = Provenance.of(
        chosen.facts, found=dict(parsed.found), missing=dict(parsed.missing), options=options.said()
    )
    header = Header(
        parsed.vocabulary, parsed.labels, parsed.root.as_posix(), provenance=(provenance,), notes=parsed.notes
    )
    manifest = Manifest.from_columns(parsed.columns, parsed.truth, header, events=parsed.events)
    return manifest.project(options.vocabulary) if options.vocabulary else manifest
