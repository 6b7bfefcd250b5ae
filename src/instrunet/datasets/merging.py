"""Merging manifests: all are said in one vocabulary first, then their rows stand under each other."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from instrunet.datasets.arrow import arrow
from instrunet.datasets.clips import COLUMNS
from instrunet.datasets.facts import Provenance
from instrunet.datasets.manifest import Header, Manifest
from instrunet.errors import UsageError
from instrunet.labels import vocabulary_names


def merge(manifests: Sequence[Manifest], *, vocabulary: str = "") -> Manifest:
    """Put manifests together.

    Args:
        manifests: at least one.
        vocabulary: the words of the result; without it the common ones, or else those of the first manifest whose
            vocabulary is a published one.

    Raises:
        UsageError: no manifest, or the same clip in several.
    """
    if not manifests:
        raise UsageError("say at least one manifest to merge")
    spoken = vocabulary or common_vocabulary(manifests)
    projected = [
        manifest if _same(manifests) and not vocabulary else manifest.project(spoken) for manifest in manifests
    ]
    _refuse_repeated_ids(projected)
    root = common_root([manifest.root for manifest in projected])
    moved = [_under(manifest, root) for manifest in projected]
    first = projected[0].header
    notes = tuple(dict.fromkeys(note for manifest in projected for note in manifest.header.notes))
    header = Header(first.vocabulary, first.labels, root.as_posix(), provenance=_provenance(projected), notes=notes)
    events = [manifest.events for manifest in projected if manifest.events is not None]
    table = _stacked([manifest.table for manifest in moved])
    return Manifest(_ordered(table), header, events=_stacked(events) if events else None)


def common_vocabulary(manifests: Sequence[Manifest]) -> str:
    """The vocabulary that a merge without a wish speaks."""
    if _same(manifests):
        return manifests[0].vocabulary
    return next((m.vocabulary for m in manifests if m.vocabulary in vocabulary_names()), "instrunet")


def _same(manifests: Sequence[Manifest]) -> bool:
    return len({(manifest.vocabulary, manifest.labels) for manifest in manifests}) == 1


def _refuse_repeated_ids(manifests: Sequence[Manifest]) -> None:
    counted = Counter(name for manifest in manifests for name in manifest.column("id"))
    repeated = [name for name, count in counted.items() if count > 1]
    if repeated:
        raise UsageError(f"{len(repeated):,} clips occur more than once, {repeated[0]} for one; merge each only once")


def common_root(roots: Sequence[Path]) -> Path:
    """The folder that holds all roots; the empty path where there is none (several drives), so that paths stay whole.

    >>> common_root([Path("/data/openmic"), Path("/data/synthetic")]).as_posix()
    '/data'
    """
    if len(set(roots)) == 1:
        return roots[0]
    try:
        return Path(os.path.commonpath([root.absolute() for root in roots]))
    except ValueError:
        return Path("/")


def _under(manifest: Manifest, root: Path) -> Manifest:
    if manifest.root == root:
        return manifest
    absolute = manifest.root.absolute()
    prefix = absolute.relative_to(root) if absolute.is_relative_to(root) else absolute
    return manifest.with_column("path", [(prefix / path).as_posix() for path in manifest.column("path")])


def _provenance(manifests: Sequence[Manifest]) -> tuple[Provenance, ...]:
    """One entry a data set; counts of several parts of one are added."""
    merged: dict[str, Provenance] = {}
    for entry in (entry for manifest in manifests for entry in manifest.header.provenance):
        before = merged.get(entry.dataset)
        if before is not None:
            entry = replace(
                entry,
                found=dict(Counter(before.found) + Counter(entry.found)),
                missing=dict(Counter(before.missing) + Counter(entry.missing)),
                absence_observed=before.absence_observed and entry.absence_observed,
            )
        merged[entry.dataset] = entry
    return tuple(merged.values())


def _stacked(tables: Sequence[Any]) -> Any:
    """Stack tables; a column that one lacks is empty there, one of several types becomes text."""
    pa = arrow()
    bare = [table.replace_schema_metadata(None) for table in tables]
    kinds: dict[str, set[Any]] = {}
    for table in bare:
        for field in table.schema:
            if not pa.types.is_null(field.type):
                kinds.setdefault(field.name, set()).add(field.type)
    mixed = {name for name, types in kinds.items() if len(types) > 1}
    cast = [
        table.cast(pa.schema([pa.field(f.name, pa.string()) if f.name in mixed else f for f in table.schema]))
        for table in bare
    ]
    return pa.concat_tables(cast, promote_options="permissive").combine_chunks()


def _ordered(table: Any) -> Any:
    truth = [n for n in table.column_names if n.startswith("y_")] + [
        n for n in table.column_names if n.startswith("m_")
    ]
    further = [n for n in table.column_names if n not in truth and n not in COLUMNS]
    return table.select([*COLUMNS, *further, *truth])
