"""Where drums stand on the percussion staff, and the shape of their heads."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any


@dataclass(frozen=True)
class DrumPlace:
    """A line or space (as a treble-clef pitch) and a note head."""

    display: str
    head: str = "normal"


PLACES = {
    35: DrumPlace("F4"), 36: DrumPlace("F4"), 37: DrumPlace("C5", "x"), 38: DrumPlace("C5"), 39: DrumPlace("C5",
    "x"), 40: DrumPlace("C5"), 41: DrumPlace("A4"), 42: DrumPlace("G5", "x"), 43: DrumPlace("A4"), 44:
    DrumPlace("D4", "x"), 45: DrumPlace("B4"), 46: DrumPlace("G5", "circle-x"), 47: DrumPlace("D5"), 48:
    DrumPlace("D5"), 49: DrumPlace("A5", "x"), 50: DrumPlace("E5"), 51: DrumPlace("F5", "x"), 52:
    DrumPlace("A5", "x"), 53: DrumPlace("F5", "diamond"), 54: DrumPlace("E5", "x"), 55: DrumPlace("A5", "x"),
    56: DrumPlace("E5", "triangle"), 57: DrumPlace("A5", "x"), 59: DrumPlace("F5", "x"),
}  # fmt: skip
ELSEWHERE = DrumPlace("E5", "x")


def drum_measure_note(keys: tuple[int, ...], length: Fraction, velocity: int) -> Any:
    """Give one unpitched note, or a percussion chord, for General MIDI drum keys."""
    from music21 import note, percussion

    heads = []
    for display, place in {PLACES.get(k, ELSEWHERE).display: PLACES.get(k, ELSEWHERE) for k in keys}.items():
        head = note.Unpitched(displayName=display, quarterLength=length)
        head.notehead = place.head
        head.volume.velocity = velocity
        heads.append(head)
    if len(heads) == 1:
        return heads[0]
    return percussion.PercussionChord(heads, quarterLength=length)
