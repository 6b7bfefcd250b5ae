"""From stems and mix to the notes of every part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from instrunet.errors import UsageError
from instrunet.transcription.attribution import attribute
from instrunet.transcription.basic_pitch import listen
from instrunet.transcription.drums import transcribe_drums
from instrunet.transcription.limits import limits_of, within
from instrunet.transcription.note_tracking import TrackingConfig, backdated, track
from instrunet.transcription.notes import DRUM_PARTS, Note, Part
from instrunet.transcription.reattacks import bowed_again
from instrunet.transcription.separation import Stems

Samples = NDArray[np.float32]
Ranges = Mapping[str, tuple[tuple[float, float], ...]]

SLOW_ATTACK = frozenset(
    {"violin", "viola", "cello", "string_section", "flute", "voice", "saxophone", "french_horn", "bassoon"}
)
ATTACK_S = 0.15
"""How long before its onset is heard a bowed or blown note can have begun."""
BOWED_LOW = frozenset({"viola", "cello"})
"""Whose repeated notes are looked for in the level of the stem; a violin's or a flute's vibrato is too like them."""
SOURCES = ("mix", "stems")


@dataclass(frozen=True)
class WritingOptions:
    """How parts are written down.

    Attributes:
        notes_from: ``mix`` hears the notes in the mix and gives each to the stem that holds it; ``stems`` hears
            each stem by itself.
        keep_bends: Keep pitch bends (else notes are exact semitones).
    """

    notes_from: str = "mix"
    keep_bends: bool = False

    def __post_init__(self) -> None:
        if self.notes_from not in SOURCES:
            raise UsageError(f"notes can come from {' or '.join(SOURCES)}, not from {self.notes_from!r}")


def write_down(
    mix: Samples, stems: Stems, *, playing: Ranges | None = None, options: WritingOptions | None = None
) -> tuple[Part, ...]:
    """Transcribe every instrument of ``stems``; parts come in the order of the stems, empty ones included."""
    options = options or WritingOptions()
    pitched = tuple(name for name in stems.samples if name not in DRUM_PARTS)
    by_name: dict[str, tuple[Note, ...]] = {}
    if pitched:
        by_name |= _pitched(mix, stems, pitched, playing, options)
    for name in stems.samples:
        if name in DRUM_PARTS:
            notes = transcribe_drums(stems.samples[name], stems.sample_rate_hz)
            by_name[name] = _while_playing(notes, name, playing)
    return tuple(Part(name, by_name[name]) for name in stems.samples)


def _pitched(
    mix: Samples, stems: Stems, names: tuple[str, ...], playing: Ranges | None, options: WritingOptions
) -> dict[str, tuple[Note, ...]]:
    rate = stems.sample_rate_hz
    if options.notes_from == "stems" and len(names) + len(DRUM_PARTS & set(stems.samples)) > 1:
        return {name: _while_playing(_alone(stems.samples[name], rate, name, options), name, playing) for name in names}
    without_drums = mix - sum((stems.samples[d] for d in DRUM_PARTS & set(stems.samples)), np.zeros_like(mix))
    if len(names) == 1:
        name = names[0]
        return {name: _while_playing(_alone(without_drums, rate, name, options), name, playing)}
    heard = listen(without_drums.astype(np.float32), rate)
    notes = track(heard, TrackingConfig(onset_threshold=0.6, ghosts=False))
    chosen = Stems({name: stems.samples[name] for name in names}, stems.rest, rate)
    found: dict[str, tuple[Note, ...]] = {}
    for part in attribute(notes, chosen, playing=playing):
        own = backdated(part.notes, heard, ATTACK_S) if part.instrument in SLOW_ATTACK else part.notes
        if part.instrument in BOWED_LOW:
            own = bowed_again(own, stems.samples[part.instrument], rate)
        found[part.instrument] = within(own, limits_of(part.instrument), keep_bends=options.keep_bends)
    return found


def _alone(samples: Samples, rate: int, name: str, options: WritingOptions) -> tuple[Note, ...]:
    limits = limits_of(name)
    config = TrackingConfig(low=limits.low, high=limits.high, attack_s=ATTACK_S if name in SLOW_ATTACK else 0.0)
    notes = track(listen(samples, rate), config)
    if name in BOWED_LOW:
        notes = bowed_again(notes, samples, rate)
    return within(notes, limits, keep_bends=options.keep_bends)


def _while_playing(
    notes: tuple[Note, ...], name: str, playing: Ranges | None, slack_s: float = 0.5
) -> tuple[Note, ...]:
    if playing is None or name not in playing:
        return notes
    return tuple(n for n in notes if any(a - slack_s < n.onset_s < b + slack_s for a, b in playing[name]))
