"""NSynth: 305,979 single notes of four seconds, eleven families."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from instrunet.datasets.clips import Truth
from instrunet.datasets.facts import DatasetFacts
from instrunet.datasets.parsing import Dataset, IndexOptions, Parsed, locate, report_progress
from instrunet.errors import InstrunetError
from instrunet.labels import vocabulary

FACTS = DatasetFacts(
    name="nsynth",
    title="NSynth",
    licence="CC BY 4.0",
    citation=(
        "Engel, Resnick, Roberts, Dieleman, Eck, Simonyan, Norouzi: Neural Audio Synthesis of Musical Notes with "
        "WaveNet Autoencoders. ICML 2017."
    ),
    url="https://magenta.tensorflow.org/datasets/nsynth",
    layout="nsynth-train, nsynth-valid and nsynth-test, each with examples.json and audio/",
    group="the instrument that played the note",
    vocabularies=("nsynth",),
    expected={"notes": 305979, "train notes": 289205, "validation notes": 12678, "test notes": 4096},
)

NOTE_S = 4.0
SPLITS = {"nsynth-train": "train", "nsynth-valid": "validation", "nsynth-test": "test"}
_CHUNK = 1 << 20
_LONGEST_ENTRY = 4 * _CHUNK
"""Characters after which an entry that does not end is taken for damage."""


@dataclass
class _Notes:
    """Columns that grow note by note: no object a note is kept."""

    name: list[str] = field(default_factory=list)
    path: list[str] = field(default_factory=list)
    split: list[str | None] = field(default_factory=list)
    instrument: list[str] = field(default_factory=list)
    family: list[int] = field(default_factory=list)
    pitch: list[int] = field(default_factory=list)
    velocity: list[int] = field(default_factory=list)
    sound_source: list[str] = field(default_factory=list)
    qualities: list[str] = field(default_factory=list)
    n_missing: int = 0


def parse(folder: Path, options: IndexOptions) -> Parsed:
    """Read the parts that are there, in bounded memory."""
    root = locate(folder, FACTS, lambda place: bool(_parts(place)), "nsynth-train/examples.json or examples.json")
    labels = vocabulary("nsynth").labels
    notes, found = _Notes(), {}
    parts = _parts(root)
    for number, part in enumerate(parts):
        before = len(notes.name)
        _read_part(part, root, labels, options, notes)
        found[f"{SPLITS.get(part.name) or part.name} notes"] = len(notes.name) - before
        report_progress(options, number + 1, len(parts))
    missing = {
        what: count - found.get(what, 0)
        for what, count in FACTS.expected.items()
        if what != "notes" and found.get(what, 0) < count
    }
    if notes.n_missing:
        missing["audio files"] = notes.n_missing
    return Parsed(_columns(notes, labels), _truth(notes, labels), "nsynth", labels, root, found=found, missing=missing)


def _parts(folder: Path) -> list[Path]:
    if (folder / "examples.json").exists():
        return [folder]
    return [folder / name for name in SPLITS if (folder / name / "examples.json").exists()]


def _read_part(part: Path, root: Path, labels: tuple[str, ...], options: IndexOptions, notes: _Notes) -> None:
    place = {label: index for index, label in enumerate(labels)}
    there = {entry.name for entry in os.scandir(part / "audio")} if (part / "audio").is_dir() else set()
    prefix = part.relative_to(root).as_posix() + "/audio/" if part != root else "audio/"
    split = SPLITS.get(part.name)
    interned: dict[str, str] = {}
    for name, entry in entries(part / "examples.json"):
        file = name + ".wav"
        if file not in there:
            notes.n_missing += 1
            if options.require_audio:
                continue
        try:
            notes.family.append(place[entry["instrument_family_str"]])
            instrument = entry["instrument_str"]
            notes.instrument.append(interned.setdefault(instrument, instrument))
            notes.pitch.append(entry["pitch"])
            notes.velocity.append(entry["velocity"])
            source, qualities = entry["instrument_source_str"], ",".join(entry["qualities_str"])
        except KeyError as error:
            raise InstrunetError(f"{part / 'examples.json'}: {name}: no or unknown {error}") from error
        notes.name.append(name)
        notes.path.append(prefix + file)
        notes.split.append(split)
        notes.sound_source.append(interned.setdefault(source, source))
        notes.qualities.append(interned.setdefault(qualities, qualities))


def entries(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Read ``{"name": {…}, …}`` entry by entry, holding one chunk of the file at a time.

    Raises:
        InstrunetError: the file is not such an object, or ends too early.
    """
    decoder = json.JSONDecoder()
    text, at, started = "", 0, False
    with path.open(encoding="utf-8") as file:
        while True:
            try:
                if not started:
                    at, started = _past(text, at, "{"), True
                at = _past_space(text, at)
                if text[at] == "}":
                    return
                name, at_value = decoder.raw_decode(text, at)
                entry, end = decoder.raw_decode(text, _past_space(text, _past(text, at_value, ":")))
                end = _past_space(text, end)
                after = end + 1 if text[end] == "," else end
            except (ValueError, IndexError) as error:
                more = file.read(_CHUNK) if len(text) - at < _LONGEST_ENTRY else ""
                if not more:
                    raise InstrunetError(f"{path}: not a whole JSON object (near byte {file.tell()})") from error
                text, at = text[at:] + more, 0
                continue
            if not isinstance(entry, dict):
                raise InstrunetError(f"{path}: {name!r} is no object")
            yield name, entry
            at = after


def _past_space(text: str, at: int) -> int:
    while text[at] in " \t\r\n":
        at += 1
    return at


def _past(text: str, at: int, mark: str) -> int:
    at = _past_space(text, at)
    if text[at] != mark:
        raise ValueError(f"expected {mark}")
    return at + 1


def _columns(notes: _Notes, labels: tuple[str, ...]) -> dict[str, Any]:
    n_notes = len(notes.name)
    return {
        "id": [f"nsynth/{name}" for name in notes.name],
        "path": notes.path,
        "start_s": np.zeros(n_notes),
        "duration_s": np.full(n_notes, NOTE_S),
        "dataset": [FACTS.name] * n_notes,
        "split": notes.split,
        "group": [f"nsynth/{name}" for name in notes.instrument],
        "source": ["note"] * n_notes,
        "labels_original": [[labels[index]] for index in notes.family],
        "pitch": notes.pitch,
        "velocity": notes.velocity,
        "licence": [FACTS.licence] * n_notes,
        "sound_source": notes.sound_source,
        "qualities": notes.qualities,
    }


def _truth(notes: _Notes, labels: tuple[str, ...]) -> Truth:
    y = np.zeros((len(notes.name), len(labels)), np.float32)
    y[np.arange(len(notes.name)), notes.family] = 1
    return Truth(y, np.ones(y.shape, np.bool_))


DATASET = Dataset(FACTS, parse)
