"""Where single notes come from: NSynth, a folder of samples, or any manifest of notes, sorted into families."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from instrunet.errors import InstrunetError
from instrunet.labels import to_canonical, vocabulary

NSYNTH_FAMILIES = (
    "bass",
    "brass",
    "flute",
    "guitar",
    "keyboard",
    "mallet",
    "organ",
    "reed",
    "string",
    "synth_lead",
    "vocal",
)
NSYNTH_TAGS: Mapping[str, str | None] = {
    "bass": "bass",
    "brass": None,
    "flute": "flute",
    "guitar": "guitar",
    "keyboard": "piano",
    "mallet": "mallet_percussion",
    "organ": "organ",
    "reed": None,
    "string": None,
    "synth_lead": "synthesizer",
    "vocal": "voice",
}
"""The OpenMIC tag that a family supervises; brass, reed and string may sound but state nothing."""

OPENMIC_TAGS = vocabulary("openmic").labels


@dataclass(frozen=True)
class NotePool:
    """Notes by family, and the OpenMIC tag that each family stands for (None: it sounds, but is not supervised).

    >>> pool = NotePool({"flute": ("a.wav",)}, {"flute": "flute"})
    >>> pool.supervised
    ('flute',)
    """

    notes: Mapping[str, tuple[str, ...]]
    tags: Mapping[str, str | None]
    missing: tuple[str, ...] = ()

    @property
    def families(self) -> tuple[str, ...]:
        """The families that have at least one note."""
        return tuple(self.notes)

    @property
    def supervised(self) -> tuple[str, ...]:
        """The OpenMIC tags that are known for every mixture, in OpenMIC's order."""
        known = {self.tags[family] for family in self.notes}
        return tuple(tag for tag in OPENMIC_TAGS if tag in known)


def open_pool(bank: str | Path, *, split: str = "train") -> NotePool:
    """Open a bank of notes, whatever it is.

    Args:
        bank: a manifest (``.parquet``) of notes, an NSynth folder (with ``examples.json``), or a folder of samples
            (with ``index.csv``).
        split: which split of a manifest; ``all`` for every row.

    Raises:
        InstrunetError: it is none of these, or holds no notes.
    """
    path = Path(bank)
    if path.suffix == ".parquet":
        return _from_manifest(path, split)
    if (path / "examples.json").is_file():
        return _from_nsynth(path)
    if (path / "index.csv").is_file():
        return _from_samples(path)
    raise InstrunetError(
        f"{path}: no bank of notes; give a manifest (.parquet), an NSynth folder (examples.json) or samples (index.csv)"
    )


def nsynth_pool(entries: Iterable[tuple[str, str]]) -> NotePool:
    """A pool of (family, path) pairs in NSynth's words.

    >>> nsynth_pool([("keyboard", "k.wav")]).missing[:2]
    ('bass', 'brass')
    """
    notes: dict[str, list[str]] = {family: [] for family in NSYNTH_FAMILIES}
    for family, path in entries:
        notes[family].append(path)
    return _pool(notes, NSYNTH_TAGS)


def tagged_pool(entries: Iterable[tuple[str, str]]) -> NotePool:
    """A pool of (canonical instrument, path) pairs; families are OpenMIC's tags, then instruments without a tag.

    >>> pool = tagged_pool([("electric_bass", "b.wav"), ("harp", "h.wav")])
    >>> pool.families, pool.supervised
    (('bass', 'harp'), ('bass',))
    """
    tag_of = {member: tag for tag, members in vocabulary("openmic").members.items() for member in members}
    notes: dict[str, list[str]] = {tag: [] for tag in OPENMIC_TAGS}
    for instrument, path in entries:
        notes.setdefault(tag_of.get(instrument, instrument), []).append(path)
    return _pool(notes, {family: family if family in OPENMIC_TAGS else None for family in notes})


def _pool(notes: Mapping[str, list[str]], tags: Mapping[str, str | None]) -> NotePool:
    there = {family: tuple(sorted(paths)) for family, paths in notes.items() if paths}
    missing = tuple(family for family, paths in notes.items() if not paths)
    if not there:
        raise InstrunetError("the bank holds no notes")
    return NotePool(there, {family: tags[family] for family in there}, missing)


def _from_nsynth(folder: Path) -> NotePool:
    examples = json.loads((folder / "examples.json").read_text(encoding="utf-8"))
    return nsynth_pool(
        (entry["instrument_family_str"], str(folder / "audio" / f"{name}.wav")) for name, entry in examples.items()
    )


def _from_samples(folder: Path) -> NotePool:
    with (folder / "index.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    entries = []
    for row in rows:
        instruments = to_canonical("samples", row["instrument"])
        if len(instruments) == 1:
            entries.append((instruments[0], str(folder / row["path"])))
    return tagged_pool(entries)


def _from_manifest(path: Path, split: str) -> NotePool:
    from instrunet.datasets.manifest import Manifest

    manifest = Manifest.read(path)
    chosen = manifest if split == "all" else manifest.filter(split=split)
    if not len(chosen):
        raise InstrunetError(f"{path}: no notes in the split {split!r}; try --split all")
    words = [labels[0] if labels else "" for labels in chosen.column("labels_original")]
    paths = [str(where) for where in chosen.paths()]
    sets = set(chosen.column("dataset"))
    if sets == {"nsynth"}:
        return nsynth_pool(zip(words, paths, strict=True))
    entries = []
    for source, word, where in zip(chosen.column("dataset"), words, paths, strict=True):
        instruments = to_canonical(source, word)
        if len(instruments) == 1:
            entries.append((instruments[0], where))
    return tagged_pool(entries)
