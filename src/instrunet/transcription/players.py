"""Who reads a part: its name, its transposition and its sound, chosen by the instrument and by where its notes lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from instrunet.labels import instrument
from instrunet.transcription.notes import DRUM_PARTS
from instrunet.transcription.quantise import ScoreNote

MUSIC21_NAMES = {
    "voice": "Vocalist", "piano": "Piano", "electric_piano": "ElectricPiano", "organ": "Organ", "harpsichord":
    "Harpsichord", "accordion": "Accordion", "harmonica": "Harmonica", "acoustic_guitar": "AcousticGuitar",
    "electric_guitar": "ElectricGuitar", "banjo": "Banjo", "mandolin": "Mandolin", "ukulele": "Ukulele", "harp":
    "Harp", "sitar": "Sitar", "electric_bass": "ElectricBass", "double_bass": "Contrabass", "violin": "Violin",
    "viola": "Viola", "cello": "Violoncello", "string_section": "StringInstrument", "flute": "Flute",
    "clarinet": "Clarinet", "oboe": "Oboe", "bassoon": "Bassoon", "trumpet": "Trumpet", "trombone": "Trombone",
    "french_horn": "Horn", "tuba": "Tuba", "brass_section": "BrassInstrument", "timpani": "Timpani",
    "mallet_percussion": "Marimba", "synthesizer": "ElectricPiano",
}  # fmt: skip
SAXOPHONES = (
    ("alto", "AltoSaxophone", 49, 80, 65),
    ("tenor", "TenorSaxophone", 44, 76, 66),
    ("baritone", "BaritoneSaxophone", 36, 69, 67),
    ("soprano", "SopranoSaxophone", 56, 88, 64),
)
"""Name, class, lowest and highest sounding pitch, General MIDI program (from 0); alto, where it fits, comes first."""
STRAYS = 0.04
"""Share of notes that may lie outside a saxophone's range: wrong notes of the transcriber."""


def saxophone_of(notes: Sequence[ScoreNote]) -> str:
    """Choose the saxophone whose range holds the notes.

    >>> from fractions import Fraction
    >>> saxophone_of([ScoreNote(Fraction(k), Fraction(1), p, 80) for k, p in enumerate((46, 53, 58, 62))])
    'tenor'
    """
    total = max(len(notes), 1)

    def outside(row: tuple[str, str, int, int, int]) -> float:
        return sum(not row[2] <= n.pitch <= row[3] for n in notes) / total

    fitting = [row for row in SAXOPHONES if outside(row) <= STRAYS]
    return (fitting or [min(SAXOPHONES, key=outside)])[0][0]


def shown_name(name: str, notes: Sequence[ScoreNote]) -> str:
    """Give the name at the staff."""
    return f"{saxophone_of(notes).capitalize()} saxophone" if name == "saxophone" else instrument(name).name


def player_of(name: str, notes: Sequence[ScoreNote]) -> Any:
    """Give music21's instrument, which carries transposition, MIDI program and channel."""
    from music21 import instrument as instrument21

    if name in DRUM_PARTS:
        player = instrument21.UnpitchedPercussion()
        player.midiChannel = 9
        player.midiProgram = None
    elif name == "saxophone":
        kind = saxophone_of(notes)
        row = next(row for row in SAXOPHONES if row[0] == kind)
        player = getattr(instrument21, row[1])()
        player.midiProgram = row[4]
    else:
        player = getattr(instrument21, MUSIC21_NAMES.get(name, "Instrument"))()
        programs = instrument(name).gm_programs
        player.midiProgram = programs[0] if programs else None
    player.partName = player.instrumentName = shown_name(name, notes)
    return player
