"""Where music comes from: our arranger, MIDI files, the music21 corpus, and the accompaniment program mma."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from instrunet.errors import InstrunetError, MissingExtraError
from instrunet.labels import instrument as canonical
from instrunet.synthesis.arranger import Part, Piece, compose
from instrunet.synthesis.arranger.casting import SUITS
from instrunet.synthesis.arranger.harmony import PROGRESSIONS
from instrunet.synthesis.general_midi import ON_DRUM_CHANNEL
from instrunet.synthesis.midi import BrokenMidiError, read_midi

MOST_PARTS = 10
LARGEST_SCORE_BYTES = 20_000
"""Longer scores of the corpus take longer to read than to play."""
FITS = 0.8
"""An instrument fits a part if it can play this share of the notes."""
REASSIGNED = 0.7
FEWEST_NOTES_PER_S = 0.5
"""An excerpt with fewer notes is as good as silent; another one is drawn."""
TRIES = 12
MMA_CHORDS = {"": "", "m": "m", "dim": "dim", "7": "7", "maj7": "M7", "m7": "m7", "sus4": "sus4", "5": "", "9": "9"}
NOTE_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


@dataclass(frozen=True)
class Music:
    """Which sources, how likely each, and the MIDI files."""

    arranger: float = 1.0
    midi: float = 0.0
    music21: float = 0.0
    mma: float = 0.0
    midi_files: tuple[str, ...] = ()

    def names(self) -> list[str]:
        """The sources that are used."""
        return [name for name in ("arranger", "midi", "music21", "mma") if getattr(self, name) > 0]


def find_midi(folders: Sequence[str | Path]) -> tuple[str, ...]:
    """All MIDI files in files and folders, sorted.

    Raises:
        InstrunetError: a folder is not there or has none.
    """
    found: list[str] = []
    for folder in map(Path, folders):
        files = (
            [folder] if folder.is_file() else [p for p in folder.rglob("*") if p.suffix.lower() in (".mid", ".midi")]
        )
        if not files:
            raise InstrunetError(f"{folder}: no MIDI files here")
        found += map(str, files)
    return tuple(sorted(found))


def draw_piece(
    music: Music, rng: np.random.Generator, *, length_s: float, available: tuple[str, ...]
) -> tuple[Piece, Counter[str]]:
    """A piece of ``length_s`` for available instruments, and how many files had to be skipped on the way."""
    skipped: Counter[str] = Counter()
    names = music.names()
    weights = np.array([getattr(music, name) for name in names])
    source = names[int(rng.choice(len(names), p=weights / weights.sum()))]
    for _ in range(TRIES if source != "arranger" else 0):
        try:
            whole = _whole_piece(source, music, rng)
        except BrokenMidiError as error:
            skipped[str(error)] += 1
            continue
        piece = reassigned(excerpt(whole, length_s, rng), available, rng)
        if sum(len(part.events) for part in piece.parts) >= FEWEST_NOTES_PER_S * length_s:
            return replace(piece, facts={**piece.facts, "music": source}), skipped
    piece = compose(rng, length_s, available=available)
    return replace(piece, facts={**piece.facts, "music": "arranger"}), skipped


def _whole_piece(source: str, music: Music, rng: np.random.Generator) -> Piece:
    if source == "midi":
        return _read_once(music.midi_files[int(rng.integers(len(music.midi_files)))])
    if source == "music21":
        paths = corpus_paths()
        return read_corpus(paths[int(rng.integers(len(paths)))])
    return accompaniment(rng)


@lru_cache(maxsize=64)
def _read_once(path: str) -> Piece:
    return read_midi(path)


def excerpt(piece: Piece, length_s: float, rng: np.random.Generator) -> Piece:
    """``length_s`` from somewhere in the piece; notes that reach over an edge are cut; empty parts are dropped."""
    latest = max(0.0, piece.length_s - length_s)
    start_s = float(rng.uniform(0, latest)) if latest else 0.0
    parts = []
    for part in piece.parts:
        events = tuple(
            replace(e, start_s=e.start_s - start_s, duration_s=min(e.duration_s, start_s + length_s - e.start_s))
            for e in part.events
            if start_s <= e.start_s < start_s + length_s - 0.05
        )
        if len(events) >= 2:
            parts.append(replace(part, events=events))
    busiest = sorted(parts, key=lambda part: -len(part.events))[:MOST_PARTS]
    facts = {**piece.facts, "excerpt_start_s": round(start_s, 3)}
    return Piece(piece.title, length_s, tuple(busiest), facts)


def reassigned(piece: Piece, available: tuple[str, ...], rng: np.random.Generator) -> Piece:
    """Other instruments for most parts, drawn among those whose role and range fit; no instrument twice."""
    taken: set[str] = set()
    parts = []
    for part in piece.parts:
        keep = part.instrument in available and part.instrument not in taken
        if part.instrument in ON_DRUM_CHANNEL:
            choices = [part.instrument] if keep else []
        else:
            fitting = [name for name in available if name not in taken and fits(name, part)]
            choices = [part.instrument] if keep and rng.random() > REASSIGNED else fitting
        if choices:
            name = choices[int(rng.integers(len(choices)))]
            taken.add(name)
            parts.append(replace(part, instrument=name, facts={**part.facts, "written_for": part.instrument}))
    return replace(piece, parts=tuple(parts))


def fits(name: str, part: Part) -> bool:
    """Whether an instrument has the role and the range of a part.

    >>> from instrunet.synthesis.phrases import Event
    >>> low = Part("cello", "bass", (Event(0, 1, 33, 1.0),))
    >>> fits("electric_bass", low), fits("flute", low)
    (True, False)
    """
    known = canonical(name)
    if name in ON_DRUM_CHANNEL or known.midi_low is None or known.midi_high is None:
        return False
    within = [known.midi_low <= event.pitch <= known.midi_high for event in part.events]
    return part.role in SUITS[name] and float(np.mean(within)) >= FITS


def _music21() -> object:
    try:
        import music21
    except ImportError as error:
        raise MissingExtraError("transcribe", "the music21 corpus") from error
    return music21


@lru_cache(maxsize=1)
def corpus_paths() -> tuple[str, ...]:
    """The short polyphonic scores of the music21 corpus: Bach's chorales, mostly."""
    _music21()
    from music21 import corpus

    paths = (Path(str(path)) for path in corpus.getComposer("bach"))
    return tuple(
        sorted(str(p) for p in paths if p.suffix in (".mxl", ".krn") and p.stat().st_size < LARGEST_SCORE_BYTES)
    )


@lru_cache(maxsize=16)
def read_corpus(path: str) -> Piece:
    """Read a score through a MIDI file.

    Raises:
        BrokenMidiError: music21 cannot read or convert it.
    """
    _music21()
    from music21 import converter
    from music21.exceptions21 import Music21Exception

    with tempfile.TemporaryDirectory() as folder:
        midi = Path(folder) / f"{Path(path).stem}.mid"
        try:
            converter.parse(path).write("midi", fp=str(midi))
        except (Music21Exception, ValueError, KeyError, IndexError, AttributeError, OSError) as error:
            raise BrokenMidiError(f"{path}: music21 cannot play it: {error}") from error
        return read_midi(midi)


@lru_cache(maxsize=1)
def grooves() -> tuple[str, ...]:
    """The names of mma's grooves.

    Raises:
        InstrunetError: mma is not installed.
    """
    library = Path("/usr/share/mma/lib/stdlib")
    if shutil.which("mma") is None or not library.is_dir():
        raise InstrunetError("accompaniments need the program mma: install the system package 'mma'")
    lines = [line for path in sorted(library.glob("*.mma")) for line in path.read_text("latin-1").splitlines()]
    return tuple(line.split()[1] for line in lines if line.startswith("DefGroove ") and len(line.split()) > 1)


def accompaniment(rng: np.random.Generator, *, n_bars: int = 24) -> Piece:
    """A progression played in one of mma's grooves.

    Raises:
        BrokenMidiError: mma refuses.
        InstrunetError: mma is not installed.
    """
    names = grooves()
    groove = names[int(rng.integers(len(names)))]
    family = str(rng.choice(np.array(sorted(PROGRESSIONS))))
    row, tonic = PROGRESSIONS[family][int(rng.integers(len(PROGRESSIONS[family])))], int(rng.integers(12))
    tempo = int(rng.integers(70, 150))
    chords = [NOTE_NAMES[(tonic + step) % 12] + MMA_CHORDS[quality] for step, quality in row]
    lines = [f"Tempo {tempo}", f"Groove {groove}", "RndSeed " + str(int(rng.integers(2**31)))]
    lines += [f"{bar + 1} {chords[bar % len(chords)]}" for bar in range(n_bars)]
    with tempfile.TemporaryDirectory() as folder:
        written, midi = Path(folder) / "piece.mma", Path(folder) / "piece.mid"
        written.write_text("\n".join(lines) + "\n")
        command = ["mma", "-f", str(midi), str(written)]
        done = subprocess.run(command, capture_output=True, check=False, timeout=60, text=True)
        if done.returncode or not midi.is_file():
            raise BrokenMidiError(f"mma: groove {groove}: {(done.stdout + done.stderr).strip()[-200:]}")
        piece = read_midi(midi)
    return replace(piece, title=f"mma {groove}", facts={"groove": groove, "tempo_bpm": tempo, "progression": chords})
