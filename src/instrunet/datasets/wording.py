"""From a data set's own words to truth: present, absent, or left open."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from instrunet.errors import UsageError
from instrunet.labels import INSTRUMENT_IDS, UnknownLabelError, to_canonical

Meaning = Callable[[str], tuple[str, ...]]


def meaning_in(source: str) -> Meaning:
    """The canonical meaning of a source's words, as a function."""
    return lambda word: to_canonical(source, word)


def stated(
    words: Iterable[str], meaning: Meaning, labels: Sequence[str], *, open_words: Iterable[str] = ()
) -> dict[str, float]:
    """State the truth of a clip whose every instrument is named by ``words``.

    A word that means one label makes it present; one that may mean several leaves those open; every other label is an
    observed absence, unless one of ``open_words`` is among the words: then anything may be sounding.

    >>> meaning = {"Geige": ("violin",), "strings": ("violin", "viola"), "?": ()}.__getitem__
    >>> stated(["Geige"], meaning, ("violin", "viola", "cello"))
    {'violin': 1.0, 'viola': 0.0, 'cello': 0.0}
    >>> stated(["strings"], meaning, ("violin", "viola", "cello"))
    {'cello': 0.0}
    >>> stated(["Geige", "?"], meaning, ("violin", "viola", "cello"), open_words=["?"])
    {'violin': 1.0}
    """
    said = list(words)
    meanings = [meaning(word) for word in said]
    present = {ids[0] for ids in meanings if len(ids) == 1}
    left_open = {name for ids in meanings if len(ids) > 1 for name in ids} - present
    if set(said) & set(open_words):
        left_open = set(labels) - present
    return {label: float(label in present) for label in labels if label not in left_open}


def stated_canonically(words: Iterable[str], source: str, *, open_words: Iterable[str] = ()) -> dict[str, float]:
    """State the truth over the canonical instruments.

    >>> stated_canonically(["tenor saxophone"], "medleydb")["saxophone"]
    1.0
    """
    return stated(words, meaning_in(source), INSTRUMENT_IDS, open_words=open_words)


class UnknownWords:
    """Collects words without a known meaning, file by file, to name them all at once."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.by_file: dict[str, list[str]] = {}

    def known(self, words: Iterable[str], meaning: Callable[[str], object], file: str) -> list[str]:
        """Give the words that have a meaning and remember the others under ``file``."""
        kept = []
        for word in words:
            try:
                meaning(word)
            except UnknownLabelError:
                self.by_file.setdefault(file, []).append(word)
            else:
                kept.append(word)
        return kept

    def said(self) -> str:
        """Name every file with its unknown words, the first ten files at least."""
        places = [f"{file}: {', '.join(sorted(set(words)))}" for file, words in self.by_file.items()]
        more = f"; and {len(places) - 10} more files" if len(places) > 10 else ""
        return "; ".join(places[:10]) + more

    def refuse(self) -> None:
        """Raise ``UsageError`` where there were any."""
        if self.by_file:
            raise UsageError(
                f"{self.title}: instruments that no table knows: {self.said()} "
                "(--allow-unknown indexes on and leaves those clips' absences open)"
            )
