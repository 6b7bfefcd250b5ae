"""Performance: from written strokes to played events, with the hand of a player."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from instrunet.synthesis.arranger.lines import Stroke
from instrunet.synthesis.arranger.rhythms import swung
from instrunet.synthesis.phrases import Event

STRUMMED = ("acoustic_guitar", "electric_guitar", "ukulele", "mandolin", "banjo", "harp")
TREMOLO = ("mandolin", "violin", "viola", "cello", "string_section", "mallet_percussion", "timpani")
GLIDING = ("voice", "violin", "viola", "cello", "trombone", "electric_guitar", "saxophone", "clarinet", "sitar")


@dataclass(frozen=True)
class Hand:
    """How one player plays; drawn once a piece.

    Attributes:
        late_s, loose_s: mean and spread of the timing.
        uneven: spread of the loudness.
        legato: factor on the length of notes; below 1 detached, above 1 overlapping.
        strum_s: time between the notes of a chord.
        octave: 0, or ±12 for a second note an octave away.
        tremolo_hz: long notes are repeated so often a second (0 = never).
        glide: how often a note is reached by a slide.
    """

    late_s: float = 0.0
    loose_s: float = 0.0
    uneven: float = 0.0
    legato: float = 1.0
    strum_s: float = 0.0
    octave: int = 0
    tremolo_hz: float = 0.0
    glide: float = 0.0

    @classmethod
    def draw(cls, rng: np.random.Generator, instrument: str) -> Hand:
        """A hand that suits the instrument."""
        return cls(
            late_s=float(rng.normal(0, 0.008)),
            loose_s=float(rng.uniform(0.002, 0.018)),
            uneven=float(rng.uniform(0.02, 0.12)),
            legato=float(rng.choice([0.5, 0.8, 0.95, 1.05, 1.15], p=[0.1, 0.2, 0.35, 0.25, 0.1])),
            strum_s=float(rng.choice([0.004, 0.012, 0.025, 0.05])) if instrument in STRUMMED else 0.0,
            octave=int(rng.choice([-12, 12])) if rng.random() < 0.08 else 0,
            tremolo_hz=float(rng.uniform(9, 15)) if instrument in TREMOLO and rng.random() < 0.2 else 0.0,
            glide=float(rng.choice([0.0, 0.1, 0.3])) if instrument in GLIDING else 0.0,
        )

    def to_dict(self) -> dict[str, Any]:
        """For the metadata."""
        return asdict(self)


@dataclass(frozen=True)
class Tempo:
    """Beats to seconds: a steady pulse with swing."""

    beat_s: float
    swing: float = 0.0

    def at(self, beat: float) -> float:
        """When a beat falls.

        >>> Tempo(0.5).at(3)
        1.5
        """
        return swung(beat, self.swing) * self.beat_s


def perform(strokes: Sequence[Stroke], tempo: Tempo, hand: Hand, rng: np.random.Generator) -> list[Event]:
    """Play the strokes.

    >>> perform([Stroke(1, 2, 60, 0.5)], Tempo(0.5), Hand(), np.random.default_rng(0))[0].duration_s
    1.0
    """
    events: list[Event] = []
    together: dict[float, list[Stroke]] = {}
    for stroke in strokes:
        together.setdefault(stroke.beat, []).append(stroke)
    for beat, chord in sorted(together.items()):
        upwards = rng.random() < 0.75
        chord = sorted(chord, key=lambda stroke: stroke.pitch if upwards else -stroke.pitch)
        shift = hand.late_s + float(rng.normal(0, hand.loose_s))
        for number, stroke in enumerate(chord):
            spread = hand.strum_s * number if len(chord) > 1 else float(rng.normal(0, hand.loose_s / 4))
            start_s = max(0.0, tempo.at(beat) + shift + spread)
            events += _played(stroke, start_s, tempo, hand, rng)
    return sorted(events, key=lambda event: event.start_s)


def _played(stroke: Stroke, start_s: float, tempo: Tempo, hand: Hand, rng: np.random.Generator) -> list[Event]:
    length_s = max(0.05, stroke.n_beats * tempo.beat_s * (1.0 if stroke.kind else hand.legato))
    loud = float(np.clip(stroke.loudness + rng.normal(0, hand.uneven), 0.05, 1.0))
    glide = float(rng.choice([-200, -100, 100])) if hand.glide and rng.random() < hand.glide else 0.0
    event = Event(start_s, length_s, float(stroke.pitch), loud, kind=stroke.kind, glide_cents=glide)
    if stroke.kind:
        return [event]
    if hand.tremolo_hz and length_s > 0.4:
        step_s = 1 / hand.tremolo_hz
        return [
            replace(event, start_s=start_s + k * step_s, duration_s=step_s * 1.1, glide_cents=0.0)
            for k in range(int(length_s / step_s))
        ]
    return [event, replace(event, pitch=event.pitch + hand.octave)] if hand.octave else [event]
