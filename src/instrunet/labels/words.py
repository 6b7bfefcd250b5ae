"""From the words of a data set, or of a person, to the canonical instruments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from instrunet.labels import tables
from instrunet.labels.errors import not_among
from instrunet.labels.instruments import ALIASES, INSTRUMENTS
from instrunet.labels.vocabularies import vocabulary

Words = Mapping[str, tuple[str, ...]]

_IRMAS_TAGS: Words = {"dru": ("drums",), "nod": (), "---": ()}
_SLAKH_SPELLINGS: Words = {"Synth Effects": ("synthesizer",), "Ensemble": ("string_section", "voice")}
_OF_A_VOCABULARY = ("irmas", "openmic", "slakh", "nsynth", "medley_solos_db", "jamendo")
_OF_A_TABLE = ("medleydb", "gm", "samples", "freeform")


def _plain(word: str) -> str:
    """Fold case, underscores and hyphens, so that spellings meet; ``/`` and digits stay."""
    return re.sub(r"[\s_-]+", " ", word).strip().casefold() or word


@cache
def _table(source: str) -> Words:
    if source in _OF_A_VOCABULARY:
        words: dict[str, tuple[str, ...]] = dict(vocabulary(source.removesuffix("_db")).core)
        words |= {"irmas": _IRMAS_TAGS, "slakh": _SLAKH_SPELLINGS}.get(source, {})
    elif source == "gm":
        words = {row["program"]: tables.ids(row["instruments"]) for row in tables.rows("gm_programs")}
    elif source in _OF_A_TABLE:
        words = {row["name"]: tables.ids(row["instruments"]) for row in tables.rows(source)}
    else:
        raise not_among("source of labels", source, sources())
    if source == "freeform":
        words = _everyday() | words
    return {_plain(word): found for word, found in words.items()}


def _everyday() -> dict[str, tuple[str, ...]]:
    words = {row["name"]: tables.ids(row["instruments"]) for row in tables.rows("gm_programs")}
    words |= {row["name"]: tables.ids(row["instruments"]) for row in tables.rows("medleydb")}
    words |= {alias: (name,) for alias, name in ALIASES.items()}
    for entry in INSTRUMENTS:
        words |= {entry.id: (entry.id,), entry.name: (entry.id,)}
    return {_plain(word): found for word, found in words.items()}


def sources() -> tuple[str, ...]:
    """The sources whose words are known.

    >>> "medleydb" in sources()
    True
    """
    return (*_OF_A_VOCABULARY, *_OF_A_TABLE)


def known_words(source: str) -> tuple[str, ...]:
    """Every word that the table of a source holds (case and underscores folded).

    >>> len(known_words("gm"))
    128
    """
    return tuple(_table(source))


def to_canonical(source: str, original: str | int) -> tuple[str, ...]:
    """The canonical instruments that a source's word may mean.

    Several ids mean *at least one of these* (OpenMIC's ``guitar``). The empty tuple means that the table says
    explicitly: nothing canonical, so *unknown*, never *absent*. Spelling is forgiving about case, spaces,
    underscores and hyphens.

    Args:
        source: One of ``sources()``.
        original: The word; for ``gm`` the program counted from 0.

    >>> to_canonical("medleydb", "distorted electric guitar")
    ('electric_guitar',)
    >>> to_canonical("openmic", "guitar")
    ('acoustic_guitar', 'electric_guitar')
    >>> to_canonical("gm", 40), to_canonical("gm", 122)
    (('violin',), ())
    >>> to_canonical("freeform", "e-gtr")
    ('electric_guitar',)

    Raises:
        UnknownLabelError: the table lacks the word, or there is no such source.
    """
    words = _table(source)
    try:
        return words[_plain(str(original))]
    except KeyError:
        raise not_among(f"word of {source}", str(original), words) from None


@cache
def _macros() -> dict[str, str | None]:
    return {_plain(row["name"]): row["macro"] or None for row in tables.rows("medleydb")}


def macro_category(medleydb_name: str) -> str | None:
    """The macro-category, one of 17, of a MedleyDB instrument name; None where it is explicitly unknown.

    >>> macro_category("lap steel guitar"), macro_category("Unlabeled")
    ('acoustic guitars', None)

    Raises:
        UnknownLabelError: MedleyDB's table has no such name.
    """
    try:
        return _macros()[_plain(medleydb_name)]
    except KeyError:
        raise not_among("MedleyDB instrument", medleydb_name, _macros()) from None


def gm_family(program: int) -> str:
    """The General MIDI family of a program counted from 0.

    >>> gm_family(40)
    'Strings'
    """
    if not 0 <= program < len(_gm_families()):
        raise not_among("General MIDI program", str(program), ("0 to 127",))
    return _gm_families()[program]


@cache
def _gm_families() -> tuple[str, ...]:
    return tuple(row["family"] for row in tables.rows("gm_programs"))
