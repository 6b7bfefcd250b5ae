"""The field's data sets: facts and thin parsers, one honest table out of each."""

from __future__ import annotations

from instrunet.datasets.clips import COLUMNS, Clip, Truth, closed_truth
from instrunet.datasets.facts import DatasetFacts, Provenance
from instrunet.datasets.manifest import Header, Manifest

__all__ = ["COLUMNS", "Clip", "DatasetFacts", "Header", "Manifest", "Provenance", "Truth", "closed_truth"]
