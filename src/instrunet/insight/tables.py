"""Matrices and distributions as CSV, for people and for other programs."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from instrunet.files import written_whole
from instrunet.insight.association import Association
from instrunet.insight.distributions import ClassDistribution


def write_association(folder: Path, name: str, association: Association) -> list[Path]:
    """Write counts, shares, lift and PMI as a file each, rows and columns named."""
    measures = {
        "counts": association.counts.tolist(),
        "shares": association.shares.round(6).tolist(),
        "lift": association.lift.round(6).tolist(),
        "pmi": association.pmi.round(6).tolist(),
    }
    paths = []
    for measure, values in measures.items():
        rows = [(row, *line) for row, line in zip(association.rows, values, strict=True)]
        paths.append(write_rows(folder / f"{name}_{measure}.csv", ("", *association.columns), rows))
    return paths


def write_distribution(path: Path, distribution: ClassDistribution) -> Path:
    """Write a row a class and split: how often it occurs, and how often after balancing."""
    balanced = distribution.balanced.round(3).tolist()
    rows = [
        (word, split, int(distribution.counts[i, j]), distribution.sizes[j], balanced[i][j])
        for i, word in enumerate(distribution.words)
        for j, split in enumerate(distribution.splits)
    ]
    return write_rows(path, ("class", "split", "recordings", "split_size", "after_balancing"), rows)


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """Write one CSV whole."""
    with written_whole(path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
    return path
