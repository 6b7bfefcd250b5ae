"""From a data set's own words to truth: present, absent, or left open."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from instrunet.errors import UsageError
from instrunet.labels import UnknownLabelError


def stated_of(
    meanings: Iterable[Sequence[str]], labels: Sequence[str], *, everything_open: bool = False
) -> dict[str, float]:
    """State the truth of a clip all of whose sounds have these meanings.

    A meaning of one label makes it present; one of several leaves those open; every other label is an observed absence,
    unless ``everything_open``.

    >>> stated_of([("violin",)], ("violin", "viola", "cello"))
    {'violin': 1.0, 'viola': 0.0, 'cello': 0.0}
    >>> stated_of([("violin", "viola")], ("violin", "viola", "cello"))
    {'cello': 0.0}
    >>> stated_of([("violin",)], ("violin", "viola", "cello"), everything_open=True)
    {'violin': 1.0}
    """
    given = [tuple(ids) for ids in meanings]
    present = {ids[0] for ids in given if len(ids) == 1}
    left_open = {name for ids in given if len(ids) > 1 for name in ids} - present
    if everything_open:
        left_open = set(labels) - present
    return {label: float(label in present) for label in labels if label not in left_open}


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

    def __contains__(self, word: str) -> bool:
        return any(word in words for words in self.by_file.values())

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
