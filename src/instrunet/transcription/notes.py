"""Notes and parts: what transcription produces and notation consumes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True, order=True)
class Note:
    """One note as played, in sounding pitch.

    Attributes:
        onset_s: When it begins.
        offset_s: When it ends.
        pitch: MIDI number as it sounds (60 = middle C); for drums the General MIDI drum key.
        velocity: 1 to 127.
        confidence: How sure the transcriber is, 0 to 1.
        bends: Deviation from ``pitch`` in semitones, evenly spaced over the note; empty when not kept.
    """

    onset_s: float
    offset_s: float
    pitch: int
    velocity: int = 80
    confidence: float = 1.0
    bends: tuple[float, ...] = ()

    @property
    def duration_s(self) -> float:
        """Seconds from onset to offset."""
        return self.offset_s - self.onset_s


@dataclass(frozen=True)
class Part:
    """The notes of one instrument.

    >>> part = Part("flute", (Note(0.0, 0.5, 72), Note(0.5, 1.0, 74)))
    >>> part.duration_s, part.is_drums
    (1.0, False)
    """

    instrument: str
    notes: tuple[Note, ...]

    @property
    def is_drums(self) -> bool:
        """Whether pitches are drum keys rather than pitches."""
        return self.instrument in DRUM_PARTS

    @property
    def duration_s(self) -> float:
        """Where the last note ends."""
        return max((note.offset_s for note in self.notes), default=0.0)

    @property
    def confidence(self) -> float:
        """Mean confidence of the notes; 0 for an empty part."""
        return sum(note.confidence for note in self.notes) / len(self.notes) if self.notes else 0.0


DRUM_PARTS = frozenset({"drums", "cymbals", "hand_percussion"})
"""Canonical instruments whose notes are drum keys."""


def monophonic(notes: Iterable[Note], *, least_s: float = 0.03) -> tuple[Note, ...]:
    """Keep one note at a time: a note ends where a surer or later one begins.

    >>> [(n.onset_s, n.offset_s) for n in monophonic([Note(0.0, 1.0, 60), Note(0.5, 1.5, 64)])]
    [(0.0, 0.5), (0.5, 1.5)]
    """
    kept: list[Note] = []
    for note in sorted(notes):
        if kept and note.onset_s < kept[-1].offset_s:
            last = kept[-1]
            if note.onset_s - last.onset_s < least_s:
                if _weight(note) > _weight(last):
                    kept[-1] = note
                continue
            if note.offset_s <= last.offset_s and _weight(note) < 0.5 * _weight(last):
                continue
            kept[-1] = replace(last, offset_s=note.onset_s)
        kept.append(note)
    return tuple(kept)


def at_most(notes: Iterable[Note], polyphony: int) -> tuple[Note, ...]:
    """Drop the least sure notes wherever more than ``polyphony`` sound together."""
    kept: list[Note] = []
    for note in sorted(notes, key=_weight, reverse=True):
        together = [other for other in kept if other.onset_s < note.offset_s and note.onset_s < other.offset_s]
        crowd = max(
            (sum(o.onset_s <= moment < o.offset_s for o in together) for moment in _moments(note, together)), default=0
        )
        if crowd < polyphony:
            kept.append(note)
    return tuple(sorted(kept))


def _weight(note: Note) -> float:
    return note.confidence * min(note.duration_s, 1.0) ** 0.5


def _moments(note: Note, others: list[Note]) -> list[float]:
    return [note.onset_s, *(o.onset_s for o in others if note.onset_s < o.onset_s < note.offset_s)]
