"""Vocabularies: ordered label sets, each label with the canonical instruments behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType

from instrunet.labels import tables
from instrunet.labels.errors import not_among
from instrunet.labels.instruments import INSTRUMENT_IDS, INSTRUMENTS


@dataclass(frozen=True)
class Vocabulary:
    """An ordered set of labels.

    Attributes:
        name: The short name (``openmic``).
        title: One line for people.
        labels: The labels in their published order.
        members: For each label every canonical id folded under it; ``()`` where it names nothing canonical.
        core: For each label the ids it means when it stands alone: ``members`` less those that are only folded
            under it (OpenMIC's ``piano`` folds electric pianos in, but a clip tagged so is taken to hold a piano).
    """

    name: str
    title: str
    labels: tuple[str, ...]
    members: Mapping[str, tuple[str, ...]] = field(repr=False)
    core: Mapping[str, tuple[str, ...]] = field(repr=False)

    def __len__(self) -> int:
        return len(self.labels)

    def index(self, label: str) -> int:
        """The place of a label.

        >>> vocabulary("openmic").index("voice")
        19
        """
        try:
            return self.labels.index(label)
        except ValueError:
            raise not_among(f"label of {self.name}", label, self.labels) from None


@cache
def _all() -> dict[str, Vocabulary]:
    ours = {name: (name,) for name in INSTRUMENT_IDS}
    title = f"instrunet: {len(INSTRUMENTS)} canonical instruments"
    found = {"instrunet": _vocabulary("instrunet", title, {name: list(ids) for name, ids in ours.items()})}
    for name, section in tables.sections("vocabularies").items():
        found[name] = _vocabulary(name, section["title"], section["labels"])
    return found


def _vocabulary(name: str, title: str, labels: dict[str, list[str]]) -> Vocabulary:
    named = {word.rstrip("?") for words in labels.values() for word in words}
    rest = [word for word in INSTRUMENT_IDS if word not in named]
    spelled = {label: rest if words == ["*"] else words for label, words in labels.items()}
    return Vocabulary(
        name=name,
        title=title,
        labels=tuple(spelled),
        members=MappingProxyType({label: tuple(w.rstrip("?") for w in words) for label, words in spelled.items()}),
        core=MappingProxyType(
            {label: tuple(w for w in words if not w.endswith("?")) for label, words in spelled.items()}
        ),
    )


def vocabulary_names() -> tuple[str, ...]:
    """The names of all vocabularies.

    >>> vocabulary_names()[:4]
    ('instrunet', 'irmas', 'irmas10+others', 'openmic')
    """
    return tuple(_all())


def vocabulary(name: str) -> Vocabulary:
    """Look a vocabulary up by name.

    >>> vocabulary("openmic").members["bass"]
    ('electric_bass', 'double_bass')
    >>> vocabulary("medleydb17").members["system"]
    ()

    Raises:
        UnknownLabelError: no such vocabulary.
    """
    try:
        return _all()[name]
    except KeyError:
        raise not_among("vocabulary", name, vocabulary_names()) from None
