"""What goes wrong with words: a label or a vocabulary that no table holds."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from instrunet.errors import UsageError


class UnknownLabelError(UsageError):
    """A word that no table of the package holds, as opposed to one that a table explicitly calls unknown."""


def not_among(kind: str, word: str, known: Iterable[str]) -> UnknownLabelError:
    """Say that ``word`` is not a ``kind``, with the nearest words that are.

    >>> str(not_among("instrument", "pianno", ["piano", "viola"]))
    "'pianno' is not an instrument; did you mean piano?"
    """
    listed = list(known)
    near = get_close_matches(word.casefold(), listed, n=3, cutoff=0.6)
    cure = f"did you mean {' or '.join(near)}?" if near else f"choose from {', '.join(listed[:40])}"
    article = "an" if kind[0] in "aeiou" else "a"
    return UnknownLabelError(f"{word!r} is not {article} {kind}; {cure}")
