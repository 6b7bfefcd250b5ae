"""Coarser words: what a data set's own words are grouped under."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from instrunet.labels import (
    INSTRUMENTS,
    UnknownLabelError,
    instrument,
    macro_category,
    sources,
    to_canonical,
    vocabulary,
)

SPELLED_LIKE = {"babyslakh": "slakh"}
"""Data sets that use another one's words."""


@dataclass(frozen=True)
class Grouping:
    """A way to group words.

    Attributes:
        name: what it is called on a page.
        groups: every group there is.
        of: the groups that a word may fall under; () for none.
    """

    name: str
    groups: tuple[str, ...]
    of: Callable[[str], tuple[str, ...]]


def label_source(dataset: str) -> str:
    """Name the table of words that a data set uses; everyday words where it has none of its own."""
    source = SPELLED_LIKE.get(dataset, dataset)
    return source if source in sources() else "freeform"


def means_nothing(dataset: str, word: str) -> bool:
    """Whether a word is known to name no canonical instrument.

    >>> means_nothing("medleydb", "Unlabeled"), means_nothing("medleydb", "violin")
    (True, False)
    """
    try:
        return not to_canonical(label_source(dataset), word)
    except UnknownLabelError:
        return False


def grouping(dataset: str) -> Grouping:
    """Give the grouping for a data set's words.

    >>> grouping("medleydb").of("lap steel guitar")
    ('acoustic guitars',)
    >>> grouping("openmic").of("violin")
    ('bowed strings',)
    """
    if dataset == "medleydb":
        return Grouping("macro-categories", vocabulary("medleydb17").labels, _macro)
    return Grouping("instrument families", tuple(dict.fromkeys(i.family for i in INSTRUMENTS)), _families(dataset))


def _macro(word: str) -> tuple[str, ...]:
    try:
        found = macro_category(word)
    except UnknownLabelError:
        return ()
    return (found,) if found else ()


@cache
def _families(dataset: str) -> Callable[[str], tuple[str, ...]]:
    source = label_source(dataset)

    @cache
    def families(word: str) -> tuple[str, ...]:
        try:
            meant = to_canonical(source, word)
        except UnknownLabelError:
            return ()
        return tuple(sorted({instrument(name).family for name in meant}))

    return families
