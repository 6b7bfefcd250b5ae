"""From the rows of a ledger back to Tags, for every writer there is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from instrunet.tagging.jobs.ledger import Row, State
from instrunet.tagging.tagger import Failure
from instrunet.tagging.tags import InstrumentTag, Range, Tags


def tags_from_dict(body: Mapping[str, Any]) -> Tags:
    """Give the Tags that ``Tags.to_dict`` wrote; curves that were not kept are empty."""
    times_s = np.asarray(body.get("times_s", ()), np.float32)
    silent = np.zeros(len(times_s), np.float32)
    instruments = tuple(
        InstrumentTag(
            label=row["label"],
            confidence=row["confidence"],
            detected=row["detected"],
            threshold=row["threshold"],
            activity=np.asarray(row["activity"], np.float32) if "activity" in row else silent,
            ranges=tuple(Range(r["start_s"], r["end_s"], r["confidence"]) for r in row["ranges"]),
        )
        for row in body["instruments"]
    )
    order = {label: place for place, label in enumerate(_order(body["vocabulary"]))}
    return Tags(
        path=body["path"],
        duration_s=body["duration_s"],
        vocabulary=body["vocabulary"],
        model=body["model"],
        instruments=tuple(sorted(instruments, key=lambda tag: order.get(tag.label, 0))),
        times_s=times_s,
        unknown=tuple(body["unknown"]),
        start_s=body["start_s"],
        remarks=tuple(body["remarks"]),
        words=tuple(order),
    )


def finished(rows: Iterable[Row]) -> Iterator[Tags]:
    """The tagged recordings among rows."""
    for row in rows:
        if row.result is not None:
            yield tags_from_dict(row.result)


def failures(rows: Iterable[Row]) -> Iterator[Failure]:
    """The files among rows that could not be tagged."""
    for row in rows:
        if row.state in (State.FAILED, State.QUARANTINED):
            yield Failure(row.path, row.reason or f"{row.path}: failed")


def _order(vocabulary_name: str) -> tuple[str, ...]:
    """The labels of a vocabulary in their order; Tags list them so, their dictionaries by confidence."""
    from instrunet.labels import UnknownLabelError, vocabulary

    try:
        return vocabulary(vocabulary_name).labels
    except UnknownLabelError:
        return ()
