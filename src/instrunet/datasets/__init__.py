"""The field's data sets: facts and thin parsers, one honest table out of each."""

from __future__ import annotations

from instrunet.datasets.clips import COLUMNS, Clip, Truth, closed_truth
from instrunet.datasets.facts import DatasetFacts, Provenance
from instrunet.datasets.manifest import Header, Manifest
from instrunet.datasets.parsing import IndexOptions
from instrunet.datasets.registry import DATASETS, index

__all__ = [
    "COLUMNS",
    "DATASETS",
    "Clip",
    "DatasetFacts",
    "Header",
    "IndexOptions",
    "Manifest",
    "Provenance",
    "Truth",
    "closed_truth",
    "index",
]
