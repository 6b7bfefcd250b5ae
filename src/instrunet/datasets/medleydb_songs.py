"""MedleyDB's METADATA files: a song, its stems, their raw tracks, and where each lies."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from instrunet.datasets.yaml_files import read_yaml
from instrunet.errors import InstrunetError

METADATA_SUFFIX = "_METADATA.yaml"


@dataclass(frozen=True)
class Part:
    """A stem, or one raw track of it: its file and what plays, in MedleyDB's words (several in some stems)."""

    id: str
    filename: str
    instruments: tuple[str, ...]
    raws: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Song:
    """One song as its METADATA file says it."""

    name: str
    metadata: Path
    artist: str
    genre: str | None
    mix_filename: str
    stem_dir: str
    raw_dir: str
    stems: tuple[Part, ...]

    @property
    def instruments(self) -> tuple[str, ...]:
        """The union of the stems' instruments, in their order."""
        return tuple(dict.fromkeys(word for stem in self.stems for word in stem.instruments))


@dataclass(frozen=True)
class Tree:
    """What lies under a MedleyDB folder: METADATA files, song folders and annotation files, by name."""

    metadata: Mapping[str, Path]
    folders: Mapping[str, Path]
    annotations: Mapping[str, Path]


def survey(root: Path) -> Tree:
    """Walk once over the folder, so that both releases and metadata kept apart from the audio are found."""
    metadata: dict[str, Path] = {}
    folders: dict[str, Path] = {}
    annotations: dict[str, Path] = {}
    for place, names, files in os.walk(root, followlinks=True):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in names:
            folders.setdefault(name, Path(place) / name)
        for name in sorted(files):
            if name.startswith("."):
                continue
            if name.endswith(METADATA_SUFFIX):
                metadata.setdefault(name.removesuffix(METADATA_SUFFIX), Path(place) / name)
            elif name.endswith((".csv", ".lab")):
                annotations.setdefault(name, Path(place) / name)
    return Tree(metadata, folders, annotations)


def read_song(name: str, path: Path) -> Song:
    """Read one METADATA file.

    Raises:
        InstrunetError: it is not YAML, or lacks what every METADATA file has.
    """
    facts = read_yaml(path)
    try:
        return Song(
            name=name,
            metadata=path,
            artist=str(facts.get("artist") or name.split("_")[0]),
            genre=str(facts["genre"]) if facts.get("genre") else None,
            mix_filename=facts.get("mix_filename") or f"{name}_MIX.wav",
            stem_dir=facts.get("stem_dir") or f"{name}_STEMS",
            raw_dir=facts.get("raw_dir") or f"{name}_RAW",
            stems=tuple(_parts(facts["stems"])),
        )
    except (KeyError, AttributeError, TypeError) as error:
        raise InstrunetError(f"{path}: not a METADATA file of MedleyDB: no usable {error}") from error


def _parts(entries: Mapping[str, Any] | None) -> Iterator[Part]:
    for key, entry in sorted((entries or {}).items()):
        words = entry["instrument"]
        instruments = tuple(str(word) for word in ([words] if isinstance(words, str) else words))
        yield Part(str(key), entry["filename"], instruments, tuple(_parts(entry.get("raw"))))
