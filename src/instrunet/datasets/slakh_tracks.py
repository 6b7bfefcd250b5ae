"""Slakh's tracks on disk: metadata, stems, MIDI, and which split a track is in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instrunet.datasets.clips import SPLITS
from instrunet.datasets.midi_notes import note_spans
from instrunet.datasets.yaml_files import read_yaml
from instrunet.errors import InstrunetError
from instrunet.labels import INSTRUMENT_IDS, to_canonical

DRUM_PROGRAM = 128
HEARD_FROM_S = 0.02
ORIG_SPLITS = (("train", 1500), ("validation", 1875), ("test", 2100))
"""The splits of the original release: the last track number of each."""


@dataclass(frozen=True)
class Stem:
    """One stem: Slakh's class, the General MIDI program, the plugin that rendered it, and its files where they exist.

    Attributes:
        spans: start and end of each note in seconds (n_notes, 2); None without a MIDI file.
        instrument: the canonical id, where a track of our own says more than Slakh's words can (a mandolin).
    """

    id: str
    slakh_class: str
    program: int
    plugin: str
    audio: Path | None
    rendered: bool
    spans: NDArray[np.float64] | None
    instrument: str = ""

    def sounds_in(self, start_s: float, end_s: float) -> bool | None:
        """Whether a note sounds between two times, a whole one or at least 20 ms of it; None where no MIDI tells."""
        if self.spans is None:
            return None
        lengths_s = self.spans[:, 1] - self.spans[:, 0]
        inside_s = np.minimum(self.spans[:, 1], end_s) - np.maximum(self.spans[:, 0], start_s)
        return bool(((inside_s >= np.minimum(lengths_s, HEARD_FROM_S)) & (inside_s > 0)).any())

    @property
    def canonical(self) -> tuple[str, ...]:
        """The canonical instruments that it may be: those of its class, narrowed by its program where they agree.

        The class says what the plugin renders and wins over the program: a harmonica rendered by an organ is an organ.
        """
        if self.instrument in INSTRUMENT_IDS:
            return (self.instrument,)
        of_class = to_canonical("slakh", self.slakh_class)
        if self.program == DRUM_PROGRAM:
            return of_class
        of_program = to_canonical("gm", self.program)
        return tuple(name for name in of_class if name in of_program) or of_class


@dataclass(frozen=True)
class Track:
    """One track: its folder, the song that it was rendered from, and its stems."""

    name: str
    folder: Path
    song: str
    split: str | None
    mix: Path | None
    stems: tuple[Stem, ...]


def track_folders(root: Path) -> Iterator[Path]:
    """Every ``TrackNNNNN`` under a folder, in order, whatever edition and split it lies in."""
    for place, names, _ in os.walk(root, followlinks=True):
        names.sort()
        tracks = [name for name in names if name.startswith("Track") and name[5:].isdigit()]
        yield from (Path(place) / name for name in tracks)
        names[:] = [name for name in names if name not in tracks and not name.startswith(".")]


def read_track(folder: Path, *, protocol: str = "") -> Track:
    """Read a track's metadata, the notes of its stems, and which of its files are there.

    Raises:
        InstrunetError: the metadata or a MIDI file is damaged.
    """
    path = folder / "metadata.yaml"
    facts = read_yaml(path)
    try:
        stems = tuple(_stem(folder, key, entry) for key, entry in sorted(facts["stems"].items()))
        song = str(facts.get("UUID") or folder.name)
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        raise InstrunetError(f"{path}: not a metadata file of Slakh: no usable {error}") from error
    split = _orig_split(folder.name) if protocol == "orig" else _folder_split(folder)
    return Track(folder.name, folder, song, split, _audio(folder / "mix"), stems)


def _stem(folder: Path, key: str, entry: dict[str, Any]) -> Stem:
    audio = _audio(folder / "stems" / key)
    midi = folder / "MIDI" / f"{key}.mid"
    has_midi = midi.exists()
    return Stem(
        id=key,
        slakh_class=str(entry["inst_class"]),
        program=int(entry["program_num"]),
        plugin=str(entry.get("plugin_name") or ""),
        audio=audio,
        rendered=audio is not None or has_midi or bool(entry.get("audio_rendered")),
        spans=note_spans(midi) if has_midi else None,
        instrument=str(entry.get("instrument") or ""),
    )


def _audio(without_suffix: Path) -> Path | None:
    for suffix in (".flac", ".wav", ".mp3", ".ogg"):
        path = without_suffix.with_name(without_suffix.name + suffix)
        if path.exists():
            return path
    return None


def _folder_split(folder: Path) -> str | None:
    return folder.parent.name if folder.parent.name in SPLITS else None


def _orig_split(name: str) -> str | None:
    number = int(name[5:])
    return next((split for split, last in ORIG_SPLITS if number <= last), None)
