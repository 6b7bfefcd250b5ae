"""What a loader is asked and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from instrunet.datasets.clips import Clip, Truth, columns_of, truth_of
from instrunet.datasets.facts import DatasetFacts
from instrunet.errors import InstrunetError, UsageError


@dataclass(frozen=True)
class IndexOptions:
    """What may be chosen when a folder is indexed; a data set passes over what does not concern it.

    Attributes:
        vocabulary: words of the truth; empty for the data set's own.
        sources: of a multitrack, which kinds of audio: ``mix``, ``stem``, ``raw``.
        clip_s: length of the clips that long recordings are indexed in; 0 for whole recordings, None for the usual.
        protocol: a published way of reading the labels, by name; empty for the honest one.
        require_audio: False to index what the label files name although the audio is not there.
        allow_unknown: True to index on where a label has no known meaning, leaving that clip's absences open.
        progress: called with ``(done, total)`` during long work.
    """

    vocabulary: str = ""
    sources: tuple[str, ...] = ("mix", "stem")
    clip_s: float | None = None
    protocol: str = ""
    require_audio: bool = True
    allow_unknown: bool = False
    progress: Callable[[int, int], None] | None = field(default=None, compare=False)

    def said(self) -> dict[str, Any]:
        """The choices as plain values, for the manifest's provenance."""
        return {
            "clip_s": self.clip_s,
            "protocol": self.protocol,
            "sources": list(self.sources),
            "require_audio": self.require_audio,
        }


@dataclass(frozen=True)
class Parsed:
    """What a loader read: columns and truth, and what it counted on the way.

    Attributes:
        root: the folder that paths are relative to, which may lie below or above the folder that was given.
        found: what is there, by the words of ``DatasetFacts.expected`` or finer ones.
        missing: what the label files name and the disk lacks.
    """

    columns: Mapping[str, Any]
    truth: Truth
    vocabulary: str
    labels: tuple[str, ...]
    root: Path
    events: Any = None
    found: Mapping[str, int] = field(default_factory=dict)
    missing: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @classmethod
    def of_clips(cls, clips: Sequence[Clip], vocabulary: str, labels: Sequence[str], root: Path, **rest: Any) -> Parsed:
        """Stack clips into columns."""
        ordered = tuple(labels)
        return cls(columns_of(clips), truth_of(clips, ordered), vocabulary, ordered, root, **rest)


@dataclass(frozen=True)
class Dataset:
    """A data set: its facts, its parser, and the protocols that it knows by name."""

    facts: DatasetFacts
    parse: Callable[[Path, IndexOptions], Parsed]
    protocols: tuple[str, ...] = ()

    def spoken(self, options: IndexOptions) -> str:
        """The vocabulary to state truth in: the wanted one where the loader can, else its usual one."""
        native = self.facts.vocabularies
        return options.vocabulary if options.vocabulary in native or not native else native[0]

    def require_protocol(self, options: IndexOptions) -> None:
        """Refuse a protocol that this data set does not have."""
        if options.protocol and options.protocol not in self.protocols:
            known = ", ".join(self.protocols) or "none"
            raise UsageError(f"{self.facts.title} has no protocol {options.protocol!r}; it has: {known}")


def locate(
    folder: Path, facts: DatasetFacts, looks: Callable[[Path], bool], wanted: str, *, look_near: bool = True
) -> Path:
    """Give ``folder`` where it looks like the data set, else say what was expected, what is there and where it may be.

    Args:
        folder: what the user named.
        facts: the data set.
        looks: whether a folder looks like it.
        wanted: what was looked for, for the message.
        look_near: False where ``looks`` searches in depth, so that the neighbourhood is not searched too.

    Raises:
        InstrunetError: the folder does not exist, or does not look like the data set.
    """
    if not folder.exists():
        raise InstrunetError(f"{folder}: no such folder")
    if not folder.is_dir():
        raise InstrunetError(f"{folder} is a file; {facts.title} is a folder: {facts.layout}")
    if looks(folder):
        return folder
    held = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    there = ", ".join(held[:6]) + (", …" if len(held) > 6 else "") if held else "nothing"
    near = [*(folder / name for name in held if (folder / name).is_dir()), folder.parent] if look_near else []
    better = next((place for place in near if looks(place)), None)
    hint = (
        f"it is {'one level up' if better == folder.parent else 'one level down'}: {better}"
        if better
        else "is it one level down?"
    )
    raise InstrunetError(
        f"this does not look like {facts.title}: no {wanted} under {folder} (there is: {there}); {hint}"
    )


def report_progress(options: IndexOptions, done: int, total: int) -> None:
    """Tell the caller how far the work is, if it wants to know."""
    if options.progress is not None:
        options.progress(done, total)
