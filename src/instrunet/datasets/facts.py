"""What is known about a data set before a byte of it is read, and what a manifest remembers of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class DatasetFacts:
    """The published facts of one data set.

    Attributes:
        name: the word that the command line and the ``dataset`` column use.
        vocabularies: the vocabularies that the loader states truth in directly, the usual one first; any other is
            reached by projection. Empty means the data set's own words.
        expected: what a complete download holds, by a word such as ``"training clips"``.
        layout: one sentence on how the downloaded folder looks, for the error of a wrong folder.
        group: what the ``group`` column stands for.
        absence_observed: False where a label that is not named may well be sounding (IRMAS names the predominant
            instruments only), so that a projection to other words must not turn it into a negative.
        mirdata: the name of mirdata's loader, which serves checksums and addresses, or None.
    """

    name: str
    title: str
    licence: str
    citation: str
    url: str
    layout: str
    group: str
    vocabularies: tuple[str, ...] = ()
    expected: Mapping[str, int] = field(default_factory=dict)
    absence_observed: bool = True
    loader_version: str = "1"
    mirdata: str | None = None


@dataclass(frozen=True)
class Provenance:
    """Where the rows of one data set in a manifest came from; kept in the table's metadata."""

    dataset: str
    title: str = ""
    licence: str = ""
    citation: str = ""
    url: str = ""
    loader_version: str = "1"
    absence_observed: bool = True
    expected: Mapping[str, int] = field(default_factory=dict)
    found: Mapping[str, int] = field(default_factory=dict)
    missing: Mapping[str, int] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, facts: DatasetFacts, **counted: Any) -> Provenance:
        """Take over what the facts say and add what was counted.

        >>> facts = DatasetFacts("tiny", "Tiny", "CC0-1.0", "", "", layout="", group="song")
        >>> Provenance.of(facts, found={"clips": 3}).licence
        'CC0-1.0'
        """
        return cls(
            dataset=facts.name,
            title=facts.title,
            licence=facts.licence,
            citation=facts.citation,
            url=facts.url,
            loader_version=facts.loader_version,
            absence_observed=facts.absence_observed,
            expected=dict(facts.expected),
            **counted,
        )

    def to_dict(self) -> dict[str, Any]:
        """Turn into plain values, ready for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Provenance:
        """Read back what :meth:`to_dict` gave; fields of a newer version are passed over.

        >>> Provenance.from_dict(Provenance("x", found={"clips": 1}).to_dict()).found
        {'clips': 1}
        """
        known = cls.__dataclass_fields__
        return cls(**{name: value for name, value in values.items() if name in known})
