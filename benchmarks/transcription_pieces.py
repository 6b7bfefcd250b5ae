"""Known pieces for the transcription benchmark: who plays what, as notes and as sound."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from instrunet.audio import load
from instrunet.transcription.limits import limits_of
from instrunet.transcription.midi import write_midi
from instrunet.transcription.notes import Note, Part

RATE_HZ = 44_100
FIRST_S = 0.5
KICK, SNARE, HAT = 36, 38, 42
DRUM_KINDS = {
    "kick": (35, 36), "snare": (37, 38, 40), "hi-hat": (42, 44, 46), "toms": (41, 43, 45, 47, 48, 50),
    "cymbals": (49, 51, 52, 53, 55, 57, 59),
}  # fmt: skip
"""General MIDI drum keys by what is struck."""
Samples = NDArray[np.float32]
SOUNDFONTS = ("/usr/share/sounds/sf2/FluidR3_GM.sf2", "/usr/share/sounds/sf2/MuseScore_General_Full.sf2")


@dataclass(frozen=True)
class Piece:
    """A piece of music21's corpus, who plays which of its staves, its tempo and beats a bar.

    With ``band`` set, chord symbols become a bass and a drummer keeps time.
    """

    source: str
    cast: tuple[str, ...]
    staves: tuple[int, ...]
    bpm: float
    beats: int
    band: bool = False

    @property
    def label(self) -> str:
        """What the table calls it."""
        return f"{self.source.split('/')[-1][:16]}: {', '.join(dict.fromkeys(self.cast))}"


PIECES = (
    Piece("bwv846", ("piano", "piano"), (0, 1), 72, 4),
    Piece("bach/bwv269", ("piano",) * 4, (0, 1, 2, 3), 96, 3),
    Piece("mozart/k545/movement1_exposition", ("piano", "piano"), (0, 1), 120, 4),
    Piece("haydn/opus74no1/movement1", ("trumpet", "piano"), (0, 2), 110, 4),
    Piece("mozart/k80/movement3", ("clarinet", "double_bass"), (0, 3), 120, 3),
    Piece("haydn/opus74no1/movement1", ("flute", "cello"), (0, 3), 110, 4),
    Piece("bach/bwv269", ("violin", "bassoon"), (0, 3), 96, 3),
    Piece("mozart/k80/movement3", ("oboe", "acoustic_guitar"), (0, 2), 120, 3),
    Piece("mozart/k80/movement3", ("violin", "viola", "cello"), (0, 2, 3), 120, 3),
    Piece("bwv66.6", ("oboe", "clarinet", "french_horn", "bassoon"), (0, 1, 2, 3), 90, 4),
    Piece("leadSheet/fosterBrownHair", ("trumpet", "electric_bass", "drums"), (0,), 100, 4, band=True),
)


def parts_of(piece: Piece, seconds: float) -> tuple[Part, ...]:
    """The notes of a piece by instrument, at a constant tempo.

    Grace notes have no place on a grid and are left out; where a staff has chords and its player can play one note at
    a time, the highest is played.
    """
    from music21 import corpus

    score = corpus.parse(piece.source)
    notes: dict[str, list[Note]] = {}
    beat_s = 60 / piece.bpm
    for name, staff in zip(piece.cast, piece.staves, strict=False):
        for element in list(score.parts)[staff].flatten().stripTies().notes:
            onset = FIRST_S + float(element.offset) * beat_s
            if onset < seconds and "ChordSymbol" not in element.classes and element.quarterLength > 0:
                length = max(0.1, 0.95 * float(element.quarterLength) * beat_s)
                pitches = sorted(p.midi for p in element.pitches)[-limits_of(name).polyphony :]
                notes.setdefault(name, []).extend(Note(onset, onset + length, p, 84) for p in pitches)
    if piece.band:
        notes |= _band(score, piece, seconds)
    return tuple(Part(name, tuple(sorted(set(found)))) for name, found in notes.items())


def _band(score: object, piece: Piece, seconds: float) -> dict[str, list[Note]]:
    """The root of the chord on every other beat, and a plain beat on the drums."""
    beat_s = 60 / piece.bpm
    symbols = score.recurse().getElementsByClass("ChordSymbol")  # type: ignore[attr-defined]
    roots = [(float(s.getOffsetInHierarchy(score)), s.root().midi) for s in symbols]
    bass, drums = [], []
    for beat in range(int((seconds - FIRST_S) / beat_s)):
        time_s = FIRST_S + beat * beat_s
        known = [root for at, root in roots if at <= beat]
        if known and beat % 2 == 0:
            bass.append(Note(time_s, time_s + 1.8 * beat_s, 28 + (known[-1] - 28) % 12, 96))
        drums.append(Note(time_s, time_s + 0.1, SNARE if beat % 2 else KICK, 96))
        drums += [Note(time_s + half * beat_s, time_s + half * beat_s + 0.1, HAT, 70) for half in (0, 0.5)]
    return {"electric_bass": bass, "drums": drums}


def rendered(parts: Sequence[Part], soundfont: str, folder: Path) -> Samples:
    """Render parts with FluidSynth."""
    midi, wave = folder / "piece.mid", folder / "piece.wav"
    write_midi(midi, parts)
    command = ["fluidsynth", "-ni", "-q", "-F", str(wave), "-r", str(RATE_HZ), "-g", "0.6", soundfont, str(midi)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return load(wave).samples
