"""The orchestra: everything that can sound, recorded notes, sound-fonts and voices, chosen anew for every part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instrunet.errors import UsageError
from instrunet.labels import INSTRUMENT_IDS
from instrunet.synthesis.arranger import Part
from instrunet.synthesis.bank import SAMPLE_RATE_HZ, NoteBank
from instrunet.synthesis.general_midi import ON_DRUM_CHANNEL
from instrunet.synthesis.phrases import Event
from instrunet.synthesis.rooms import measured_rooms
from instrunet.synthesis.sampler import draw_playing, play
from instrunet.synthesis.singing import Ensemble, Voices, sing
from instrunet.synthesis.soundfont import Preset
from instrunet.synthesis.soundfont_parts import FontPart, play_parts, presets_of

Samples = NDArray[np.float32]

FONT_WEIGHT, SUNG_WEIGHT = 2.5, 4.0
SIZE_POWER = 0.35
LONG_ENOUGH = 0.6
"""A patch whose notes are shorter than this share of what is written is chosen seldom."""


@dataclass(frozen=True)
class Sources:
    """Where sounds come from; all are optional, but there must be a bank or a sound-font."""

    banks: tuple[str, ...] = ()
    fonts: tuple[str, ...] = ()
    voices: str = ""
    voice_cache: str = ""
    rooms: str = ""
    rooms_shippable_only: bool = True


@dataclass(frozen=True)
class Sounding:
    """Who sounds a part: a ``kind`` (recorded, soundfont or sung), the independent ``source`` and a patch of it."""

    kind: str
    source: str
    patch: str
    weight: float = 1.0
    notes: tuple[int, ...] = ()
    preset: Preset | None = None


@dataclass(frozen=True, eq=False)
class Rendered:
    """A part as it sounds, dry, at 32 kHz; ``part`` has its notes as long as they really last."""

    part: Part
    samples: Samples
    sounding: Sounding
    facts: dict[str, Any]


class Orchestra:
    """Opened sources."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.bank = NoteBank.open(*sources.banks) if sources.banks else None
        self.patches = self.bank.patches() if self.bank else {}
        self.voices = Voices.open(sources.voices, cache=sources.voice_cache or None) if sources.voices else None
        self.rooms = measured_rooms(sources.rooms, shippable=sources.rooms_shippable_only) if sources.rooms else ()
        if not self.available:
            raise UsageError("nothing can sound: give a bank of notes (--bank), a sound-font (--soundfont) or both")

    @property
    def available(self) -> tuple[str, ...]:
        """The canonical instruments that something can play."""
        return tuple(name for name in INSTRUMENT_IDS if self.soundings(name))

    def soundings(self, name: str) -> tuple[Sounding, ...]:
        """Every way to sound an instrument."""
        return _soundings(self, name)

    def choose(self, part: Part, rng: np.random.Generator, *, font: str = "") -> Sounding:
        """Draw who sounds a part; sources are weighed by the root of their size, patches must last long enough.

        With ``font`` no other sound-font is taken unless there is nothing else.
        """
        every = self.soundings(part.instrument)
        ways = [way for way in every if way.kind != "soundfont" or not font or way.source == font] or every
        weights = np.array([way.weight * self._suits(way, part) for way in ways])
        return ways[int(rng.choice(len(ways), p=weights / weights.sum()))]

    def _suits(self, way: Sounding, part: Part) -> float:
        if self.bank is None or not way.notes or any(event.kind for event in part.events):
            return 1.0
        wanted_s = float(np.median([min(event.duration_s, 2.0) for event in part.events]))
        return 1.0 if _lasts_s(self.bank, way.notes) >= LONG_ENOUGH * wanted_s else 0.08

    def render(self, parts: Sequence[Part], *, length_s: float, rng: np.random.Generator) -> list[Rendered]:
        """Sound every part, dry; one sound-font serves all parts that have it, because loading one takes time."""
        fonts = [Path(path).stem.lower() for path in self.sources.fonts]
        font = fonts[int(rng.integers(len(fonts)))] if fonts else ""
        chosen = [self.choose(part, rng, font=font) for part in parts]
        dry: dict[int, tuple[Samples, dict[str, Any]]] = {}
        for number, (part, way) in enumerate(zip(parts, chosen, strict=True)):
            if way.kind == "recorded":
                dry[number] = self._sampled(part, way, length_s, rng)
            elif way.kind == "sung":
                dry[number] = self._sung(part, way, length_s, rng)
        for font in sorted({way.source for way in chosen if way.kind == "soundfont"}):
            numbers = [n for n, way in enumerate(chosen) if way.kind == "soundfont" and way.source == font]
            played = [FontPart(_preset(chosen[n]), tuple(parts[n].events)) for n in numbers]
            path = next(path for path in self.sources.fonts if Path(path).stem.lower() == font)
            made = play_parts(path, played, length_s=length_s, sample_rate_hz=SAMPLE_RATE_HZ)
            dry |= {n: (x, {}) for n, x in zip(numbers, made, strict=True)}
        return [
            Rendered(self._as_it_lasts(part, way), *_parted(dry[number], way))
            for number, (part, way) in enumerate(zip(parts, chosen, strict=True))
        ]

    def _sampled(
        self, part: Part, way: Sounding, length_s: float, rng: np.random.Generator
    ) -> tuple[Samples, dict[str, Any]]:
        assert self.bank is not None
        playing = draw_playing(part.instrument, rng)
        x = play(self.bank, list(way.notes), list(part.events), length_s, playing, rng)
        return x, {"playing": asdict(playing)}

    def _sung(
        self, part: Part, way: Sounding, length_s: float, rng: np.random.Generator
    ) -> tuple[Samples, dict[str, Any]]:
        assert self.voices is not None
        ensemble = Ensemble.draw(rng, self.voices, bank=way.source)
        x = sing(top_line(part.events), self.voices, ensemble, length_s=length_s, rng=rng)
        return x, {"ensemble": [asdict(singer) for singer in ensemble.singers]}

    def _as_it_lasts(self, part: Part, way: Sounding) -> Part:
        """Notes of a recording that dies away end, for the truth, when it has died away."""
        if way.kind == "sung":
            return replace(part, events=tuple(top_line(part.events)))
        if way.kind != "recorded" or self.bank is None:
            return part
        lasts_s = _lasts_s(self.bank, way.notes)
        return replace(part, events=tuple(replace(e, duration_s=min(e.duration_s, lasts_s)) for e in part.events))


@lru_cache(maxsize=256)
def _soundings(orchestra: Orchestra, name: str) -> tuple[Sounding, ...]:
    found: list[Sounding] = []
    for source, patches in orchestra.patches.get(name, {}).items():
        total = sum(len(notes) for notes in patches.values())
        roots = sum(len(notes) ** 0.5 for notes in patches.values())
        for patch, notes in patches.items():
            weight = total**SIZE_POWER * len(notes) ** 0.5 / roots
            found.append(Sounding("recorded", source, patch, weight, tuple(notes)))
    for font in orchestra.sources.fonts:
        presets = presets_of(font).get(name, ())
        for preset in presets:
            label = f"{preset.bank}:{preset.program} {preset.name}"
            weight = FONT_WEIGHT * len(orchestra.sources.fonts) / len(presets)
            found.append(Sounding("soundfont", Path(font).stem.lower(), label, weight, preset=preset))
    if name == "voice" and orchestra.voices:
        found += [Sounding("sung", bank, "syllables", SUNG_WEIGHT) for bank in orchestra.voices.banks]
    return tuple(found)


def _preset(way: Sounding) -> Preset:
    assert way.preset is not None
    return way.preset


def _parted(made: tuple[Samples, dict[str, Any]], way: Sounding) -> tuple[Samples, Sounding, dict[str, Any]]:
    return made[0], way, made[1]


def _lasts_s(bank: NoteBank, notes: Sequence[int]) -> float:
    """How long a note of this patch sounds; for ever if it can be looped."""
    rows = [bank.rows[note] for note in notes]
    if np.mean([row.loopable for row in rows]) > 0.5 or rows[0].instrument in ON_DRUM_CHANNEL:
        return float("inf")
    return float(np.quantile([row.length for row in rows], 0.3)) / SAMPLE_RATE_HZ * 0.8


def top_line(events: Sequence[Event]) -> list[Event]:
    """One note at a time, the highest of those that begin together: what one voice can sing.

    >>> [event.pitch for event in top_line([Event(0, 1, 60, 1.0), Event(0, 1, 67, 1.0), Event(1, 1, 62, 1.0)])]
    [67, 62]
    """
    line: list[Event] = []
    for event in sorted(events, key=lambda event: (event.start_s, -event.pitch)):
        if not line or event.start_s >= line[-1].start_s + 0.08:
            if line:
                line[-1] = replace(line[-1], duration_s=min(line[-1].duration_s, event.start_s - line[-1].start_s))
            line.append(event)
    return line


@lru_cache(maxsize=4)
def open_orchestra(sources: Sources) -> Orchestra:
    """Open the sources once a process."""
    return Orchestra(sources)
