"""A bank of notes: many short recordings in one memory-mapped file, each with its instrument, source and pitch."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from instrunet.errors import InstrunetError
from instrunet.files import written_whole

SAMPLE_RATE_HZ = 32_000
"""The one rate at which made audio is stored, mixed and learned from."""


@dataclass(frozen=True)
class NoteRow:
    """One note or hit: what sounds, from where, and where its samples lie in the bank.

    Attributes:
        instrument: canonical instrument id.
        source: the independent origin (a sample library, a sound-font, a model of ours); sampling is balanced over it.
        patch: notes of one instrument, source and patch belong together and are played together.
        kind: the library's own word for the articulation or the drum.
        pitch: MIDI pitch (fractions allowed), or None for unpitched sounds.
        loudness: rank among the patch's dynamic layers, 0 (softest) to 1.
        loopable: 1 if the tone is sustained with a steady middle.
    """

    instrument: str
    source: str
    patch: str
    kind: str
    pitch: float | None
    loudness: float
    start: int
    length: int
    loopable: bool
    licence: str


class NoteBank:
    """Rows and their samples; several banks joined behave as one.

    >>> import tempfile
    >>> row = NoteRow("flute", "mine", "a", "", 69.0, 1.0, 0, 0, True, "CC0")
    >>> folder = write_bank(tempfile.mkdtemp(), [(row, np.zeros(320, np.float32))])
    >>> bank = NoteBank.open(folder)
    >>> len(bank), bank.rows[0].instrument, bank.samples(0).shape
    (1, 'flute', (320,))
    """

    def __init__(self, rows: list[NoteRow], pcm: list[NDArray[np.int16]], part: list[int]) -> None:
        self.rows = rows
        self._pcm = pcm
        self._part = part

    @classmethod
    def open(cls, *folders: str | Path) -> NoteBank:
        """Open one or more bank folders as one bank.

        Raises:
            InstrunetError: a folder holds no bank.
        """
        rows: list[NoteRow] = []
        pcm: list[NDArray[np.int16]] = []
        part: list[int] = []
        for number, folder in enumerate(Path(f) for f in folders):
            if not (folder / "notes.jsonl").is_file():
                raise InstrunetError(f"{folder}: no note bank here (notes.jsonl is missing)")
            found = [NoteRow(**json.loads(line)) for line in (folder / "notes.jsonl").read_text().splitlines()]
            rows += found
            part += [number] * len(found)
            samples = folder / "notes.i16"
            empty = samples.stat().st_size == 0  # a sound-font without a usable preset
            pcm.append(np.zeros(0, np.int16) if empty else np.memmap(samples, dtype=np.int16, mode="r"))
        return cls(rows, pcm, part)

    def __len__(self) -> int:
        return len(self.rows)

    def samples(self, index: int) -> NDArray[np.float32]:
        """The samples of one note as float32 in [-1, 1]."""
        row = self.rows[index]
        return self._pcm[self._part[index]][row.start : row.start + row.length].astype(np.float32) / 32768.0

    def patches(self) -> dict[str, dict[str, dict[str, list[int]]]]:
        """Row numbers by instrument, then source, then patch."""
        tree: dict[str, dict[str, dict[str, list[int]]]] = {}
        for number, row in enumerate(self.rows):
            tree.setdefault(row.instrument, {}).setdefault(row.source, {}).setdefault(row.patch, []).append(number)
        return tree


def write_bank(folder: str | Path, notes: Iterable[tuple[NoteRow, NDArray[np.float32]]]) -> Path:
    """Write notes one after the other; ``start`` and ``length`` of the rows are set here."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    start, lines = 0, []
    with written_whole(folder / "notes.i16") as beside, beside.open("wb") as out:
        for row, x in notes:
            pcm = np.round(np.clip(x, -1.0, 1.0) * 32767.0).astype(np.int16)
            out.write(pcm.tobytes())
            lines.append(json.dumps(asdict(row) | {"start": start, "length": len(pcm)}))
            start += len(pcm)
    with written_whole(folder / "notes.jsonl") as beside:
        beside.write_text("\n".join(lines) + ("\n" if lines else ""))
    return folder


# ---- the recorded notes ------------------------------------------------------------------------------------------

WORDS: dict[str, str] = {
    "accordion": "accordion", "harmonium": "accordion", "banjo": "banjo", "bass_acoustic": "double_bass",
    "bass_clarinet": "clarinet", "bass_electric": "electric_bass", "bassoon": "bassoon", "contrabassoon": "bassoon",
    "brass_section": "brass_section", "cello": "cello", "clarinet": "clarinet", "clavinet": "electric_piano",
    "cymbals": "cymbals", "drums": "drums", "electric_piano": "electric_piano", "english_horn": "oboe",
    "flute": "flute", "french_horn": "french_horn", "guitar_acoustic": "acoustic_guitar",
    "guitar_electric_clean": "electric_guitar", "guitar_electric_distorted": "electric_guitar", "harp": "harp",
    "harpsichord": "harpsichord", "mallet_percussion": "mallet_percussion", "mandolin": "mandolin", "oboe": "oboe",
    "organ": "organ", "percussion_other": "hand_percussion", "piano": "piano", "saxophone": "saxophone",
    "sitar": "sitar", "strings_section": "string_section", "synthesizer": "synthesizer", "trombone": "trombone",
    "trumpet": "trumpet", "tuba": "tuba", "ukulele": "ukulele", "violin": "violin", "voice": "voice",
}  # fmt: skip
"""The sample collection's words in ours; a word that is not here (bagpipe, dulcimer, shehnai) is left out."""

NOT_SHIPPABLE = ("merlin", "jrhodes3d", "terkelsen_marimba", "oramics_dm_TR808", "oramics_dm_TR909", "peter1955")
"""Non-commercial or unstated licences: measured with, perhaps, but never in the shipped model."""

LOUDNESS = {"pp": 0.1, "molto-pianissimo": 0.05, "pianissimo": 0.1, "p": 0.25, "piano": 0.25, "mp": 0.4,
            "mezzo-piano": 0.4, "mf": 0.55, "mezzo-forte": 0.55, "f": 0.8, "forte": 0.8, "ff": 1.0,
            "fortissimo": 1.0, "soft": 0.2, "m": 0.5, "hard": 0.9}  # fmt: skip

CYMBAL_KINDS = ("crash", "ride", "splash", "china", "clash", "suspended", "sizzle", "hihat", "gong", "brushed")
ORCHESTRAL_DRUMS = ("bass_drum", "tenor_drum", "snare", "tom", "kick")
ORDINARY = ("normal", "arco_normal", "")
SHORT_KINDS = ("stacc", "spicc", "pizz", "col_legno", "slap", "muted", "portato", "martele", "harmonic")
TURNING_KINDS = ("trill", "tremolo", "flutter", "gliss", "double_tonguing", "triple_tonguing", "tongued_slur", "slide")


def shippable(library: str) -> bool:
    """Whether the shipped model may learn from this library.

    >>> shippable("philharmonia"), shippable("jrhodes3d")
    (True, False)
    """
    return not library.startswith(NOT_SHIPPABLE)


def _patch(instrument: str, original: str, detail: str) -> str:
    """Which notes are played together: one body of sound, one way of playing."""
    if instrument in ("drums", "hand_percussion", "cymbals", "timpani"):
        return "kit"
    for word in TURNING_KINDS:
        if word in detail:
            return f"{original}:turning"
    for word in SHORT_KINDS:
        if word in detail:
            return f"{original}:{word}"
    if detail in ORDINARY or detail in ("legato", "arco_legato", "tenuto", "arco_tenuto", "nonlegato", "arco_detache"):
        return original
    return f"{original}:{detail}" if instrument not in ("accordion", "violin") else original


def _instrument(word: str, detail: str) -> str | None:
    if word == "percussion_other":
        if "timpani" in detail:
            return "timpani"
        if "gong" in detail:
            return "cymbals"
        if detail.startswith(ORCHESTRAL_DRUMS):
            return "drums"
        if detail.startswith(("whistle", "slide_whistle", "train", "motor", "squeaker", "steel_drum", "glass")):
            return None
    return WORDS.get(word)


def sample_notes(folder: str | Path, *, only_shippable: bool = True) -> Iterator[tuple[NoteRow, NDArray[np.float32]]]:
    """Read a sample collection (``index.csv`` and OGG files) as notes for `write_bank`.

    Raises:
        InstrunetError: the folder has no index.csv.
    """
    import soundfile

    folder = Path(folder)
    if not (folder / "index.csv").is_file():
        raise InstrunetError(f"{folder}: no sample collection here (index.csv is missing)")
    with (folder / "index.csv").open(newline="") as handle:
        for entry in csv.DictReader(handle):
            instrument = _instrument(entry["instrument"], entry["detail"])
            if instrument is None or (only_shippable and not shippable(entry["library"])):
                continue
            x, rate = soundfile.read(folder / entry["path"], dtype="float32")
            if rate != SAMPLE_RATE_HZ or len(x) < 0.02 * rate:
                continue
            pitch = float(entry["midi_pitch"]) if entry["midi_pitch"] else None
            yield (
                NoteRow(
                    instrument=instrument,
                    source=_source(entry["library"]),
                    patch=_patch(instrument, entry["instrument"], entry["detail"]),
                    kind=entry["detail"],
                    pitch=_tuned(pitch, entry["pitch_pyin"]),
                    loudness=LOUDNESS.get(entry["velocity_layer"], 0.6),
                    start=0,
                    length=0,
                    loopable=entry["loopable"] == "1",
                    licence=entry["licence"],
                ),
                x,
            )


def _source(library: str) -> str:
    """Every drum kit is its own source; the freesound authors and the rest are as they are named."""
    return library


def _tuned(pitch: float | None, measured: str) -> float | None:
    """The measured pitch corrects the named one where they differ by less than half a semitone."""
    if pitch is None or not measured:
        return pitch
    cents = float(measured) - pitch
    return float(measured) if math.isfinite(cents) and abs(cents) < 0.5 else pitch
