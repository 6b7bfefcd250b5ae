"""Pieces: a style, a key, a cast and sections, composed from a seed; no one else's music is in them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from instrunet.labels import INSTRUMENT_IDS
from instrunet.synthesis.arranger.casting import BASS, DRUMS, LEAD, Player, draw_cast
from instrunet.synthesis.arranger.harmony import Harmony
from instrunet.synthesis.arranger.lines import Section, Stroke, write_part
from instrunet.synthesis.arranger.performance import Hand, Tempo, perform
from instrunet.synthesis.arranger.styles import Style, draw_style
from instrunet.synthesis.phrases import Event

SECTION_NAMES = ("intro", "verse", "chorus", "verse", "chorus", "solo", "break", "chorus", "outro")
PLAYS = {"intro": 0.45, "verse": 0.75, "chorus": 0.95, "solo": 0.7, "break": 0.35, "outro": 0.6}
"""How likely a player plays in a section."""


@dataclass(frozen=True)
class Part:
    """What one instrument plays in a piece."""

    instrument: str
    role: str
    events: tuple[Event, ...]
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Piece:
    """A piece of music: parts whose events are in seconds, and what was drawn for it."""

    title: str
    length_s: float
    parts: tuple[Part, ...]
    facts: dict[str, Any] = field(default_factory=dict)


def compose(rng: np.random.Generator, length_s: float, *, available: tuple[str, ...] = INSTRUMENT_IDS) -> Piece:
    """A piece of ``length_s`` for some of the ``available`` instruments (there must be one).

    >>> piece = compose(np.random.default_rng(4), 12.0)
    >>> all(0 <= event.start_s < 12.0 for part in piece.parts for event in part.events)
    True
    """
    while not (piece := _composed(rng, length_s, available)).parts:
        pass
    return piece


def _composed(rng: np.random.Generator, length_s: float, available: tuple[str, ...]) -> Piece:
    style = draw_style(rng)
    beats = int(rng.choice(style.beats))
    tempo = Tempo(60 / float(rng.uniform(*style.tempo)), float(rng.uniform(*style.swing)))
    cast = draw_cast(rng, style, available)
    sections = draw_sections(rng, style, beats, length_s / (beats * tempo.beat_s))
    parts = []
    for player in cast:
        hand = Hand.draw(rng, player.instrument)
        strokes = _whole_part(player, sections, cast, rng)
        events = tuple(event for event in perform(strokes, tempo, hand, rng) if event.start_s < length_s - 0.05)
        if events:
            cut = tuple(replace(e, duration_s=min(e.duration_s, length_s - e.start_s)) for e in events)
            parts.append(Part(player.instrument, player.role, cut, {"hand": hand.to_dict()}))
    facts = {
        "style": style.name,
        "tempo_bpm": round(60 / tempo.beat_s, 2),
        "beats_per_bar": beats,
        "swing": round(tempo.swing, 3),
        "tonic": sections[0].harmony.tonic,
        "sections": [f"{section.name}:{section.n_bars}" for section in sections],
    }
    return Piece(f"{style.name} piece", length_s, tuple(parts), facts)


def draw_sections(rng: np.random.Generator, style: Style, beats: int, n_bars: float) -> list[Section]:
    """Sections that fill ``n_bars``; verses share a harmony, choruses too."""
    tonic = int(rng.integers(12))
    harmonies: dict[str, Harmony] = {}
    family = str(rng.choice(np.array(style.families)))
    busy = float(rng.uniform(*style.busy))
    pattern = str(rng.choice(np.array(style.drum_pattern)))
    sections: list[Section] = []
    left, place = int(np.ceil(n_bars)), int(rng.integers(3))
    while left > 0:
        name = SECTION_NAMES[place % len(SECTION_NAMES)]
        harmony = harmonies.setdefault(name, Harmony.draw(rng, tonic=tonic, family=family))
        length = min(left, int(rng.choice([2, 4] if name in ("intro", "break", "outro") else [4, 8])))
        energy = float(np.clip(PLAYS[name] + rng.normal(0, 0.12), 0.1, 1.0))
        density = float(np.clip(busy + rng.normal(0, 0.12), 0.05, 1.0))
        sections.append(Section(name, length, beats, harmony, energy, density, pattern))
        left, place = left - length, place + 1
    return sections


def _whole_part(player: Player, sections: list[Section], cast: list[Player], rng: np.random.Generator) -> list[Stroke]:
    """The player's strokes in all sections; who leads takes turns in solos, and not all play all the time."""
    strokes: list[Stroke] = []
    first_beat = 0.0
    leaders = [other.instrument for other in cast if other.role == LEAD]
    for number, section in enumerate(sections):
        plays = rng.random() < PLAYS[section.name] + (0.15 if player.role in (BASS, DRUMS) else 0.0)
        if section.name == "solo" and player.role == LEAD and player.instrument == leaders[number % len(leaders)]:
            plays = True
        if plays or len(cast) == 1:
            written = write_part(player, section, rng)
            strokes += [replace(stroke, beat=stroke.beat + first_beat) for stroke in written]
        first_beat += section.n_bars * section.beats
    return strokes
