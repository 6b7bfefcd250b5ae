"""CSV for people and spreadsheets: the published layout, and scores only."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import TextIO

from instrunet.tagging.tags import Tags
from instrunet.tagging.writers.options import WriteOptions


def write_csv(results: Iterable[Tags], file: TextIO, options: WriteOptions) -> None:
    """File name, predicted labels (``a;b``), then one raw score per class; a class that is not known stays empty."""
    _write(results, file, options, predicted=True)


def write_wide_csv(results: Iterable[Tags], file: TextIO, options: WriteOptions) -> None:
    """File name and one score per class."""
    _write(results, file, options, predicted=False)


def _write(results: Iterable[Tags], file: TextIO, options: WriteOptions, *, predicted: bool) -> None:
    rows = csv.writer(file, lineterminator="\n")
    labels: tuple[str, ...] = ()
    for tags in results:
        if not labels:
            labels = tags.words
            rows.writerow(["file", *(["predicted"] if predicted else []), *labels])
        scores = {tag.label: f"{tag.confidence:.6f}" for tag in tags.instruments}
        names = [";".join(tag.label for tag in options.chosen(tags))] if predicted else []
        rows.writerow([options.name(tags), *names, *(scores.get(label, "") for label in labels)])
        file.flush()
