"""Families of instruments that are likely although none of their members is: a reed, but which?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from instrunet.labels import UnknownLabelError, instrument

if TYPE_CHECKING:
    from instrunet.tagging.tags import InstrumentTag

LIKELY = 0.4
"""From this confidence on a family is named."""


class Family(NamedTuple):
    """A family and how likely one of its members plays."""

    name: str
    confidence: float


def families(tags: Iterable[InstrumentTag]) -> tuple[Family, ...]:
    """Families of two and more members none of which is detected, the likeliest first.

    The members' confidences are taken together as if they were independent: 1 - (1 - p)(1 - q)… Words that are no
    canonical instruments belong to no family.
    """
    members: dict[str, list[InstrumentTag]] = {}
    for tag in tags:
        try:
            members.setdefault(instrument(tag.label).family, []).append(tag)
        except UnknownLabelError:
            continue
    found = []
    for name, those in members.items():
        absent = 1.0
        for tag in those:
            absent *= 1.0 - tag.confidence
        if len(those) > 1 and not any(tag.detected for tag in those) and 1.0 - absent >= LIKELY:
            found.append(Family(name, 1.0 - absent))
    return tuple(sorted(found, key=lambda family: -family.confidence))
