"""What an instrument can play: its range and how many notes at once."""

from __future__ import annotations

from dataclasses import dataclass, replace

from instrunet.labels import instrument
from instrunet.transcription.notes import Note, at_most, monophonic

POLYPHONY = {
    "piano": 10, "electric_piano": 10, "organ": 10, "harpsichord": 10, "accordion": 8, "synthesizer": 8, "harp": 8,
    "acoustic_guitar": 6, "electric_guitar": 6, "banjo": 5, "mandolin": 4, "ukulele": 4, "sitar": 3, "harmonica": 3,
    "mallet_percussion": 4, "string_section": 6, "brass_section": 5, "timpani": 2, "violin": 2, "viola": 2, "cello": 2,
    "voice": 1,
}  # fmt: skip
"""Notes at once; an instrument that is not named plays one at a time."""


@dataclass(frozen=True)
class Limits:
    """The playable range (MIDI numbers, inclusive), polyphony and shortest note of an instrument."""

    low: int
    high: int
    polyphony: int
    shortest_s: float = 0.05


def limits_of(name: str) -> Limits:
    """Give the limits of a canonical instrument.

    >>> limits_of("flute").polyphony
    1
    """
    facts = instrument(name)
    low = 21 if facts.midi_low is None else facts.midi_low
    high = 108 if facts.midi_high is None else facts.midi_high
    return Limits(low, high, POLYPHONY.get(name, 1))


def within(notes: tuple[Note, ...], limits: Limits, *, keep_bends: bool = False) -> tuple[Note, ...]:
    """Drop what the instrument cannot play: out of range, too short, too many at once."""
    playable = tuple(
        note if keep_bends else replace(note, bends=())
        for note in notes
        if limits.low <= note.pitch <= limits.high and note.duration_s >= limits.shortest_s
    )
    if limits.polyphony == 1:
        return monophonic(playable)
    return at_most(playable, limits.polyphony)
