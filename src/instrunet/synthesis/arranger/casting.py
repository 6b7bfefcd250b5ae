"""Casting: who plays, and in which role.

The players are drawn first, every instrument as likely as any other, and then get a role that suits them; so a
ukulele or a bassoon is heard as often as a piano.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from instrunet.labels import instrument as canonical
from instrunet.synthesis.arranger.styles import Style

LEAD, CHORDS, PAD, BASS, RIFF, DRUMS, PERCUSSION = "lead", "chords", "pad", "bass", "riff", "drums", "percussion"

MELODIC = (
    "harmonica", "violin", "viola", "cello", "flute", "clarinet", "oboe", "bassoon", "saxophone", "trumpet",
    "trombone", "french_horn", "sitar", "voice",
)  # fmt: skip
CHORDAL = (
    "piano", "electric_piano", "organ", "harpsichord", "accordion", "synthesizer", "acoustic_guitar",
    "electric_guitar", "banjo", "mandolin", "ukulele", "harp", "mallet_percussion",
)  # fmt: skip
SUITS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(MELODIC, (LEAD, LEAD, RIFF, PAD)),
    **dict.fromkeys(CHORDAL, (CHORDS, CHORDS, LEAD, RIFF)),
    "string_section": (PAD, PAD, LEAD, RIFF),
    "brass_section": (RIFF, PAD, LEAD),
    "cello": (LEAD, PAD, BASS, RIFF),
    "bassoon": (LEAD, BASS, RIFF),
    "synthesizer": (CHORDS, LEAD, PAD, RIFF, BASS),
    "organ": (CHORDS, PAD, LEAD),
    "voice": (LEAD, LEAD, LEAD, PAD),
    "electric_bass": (BASS,),
    "double_bass": (BASS, BASS, BASS, LEAD),
    "tuba": (BASS, BASS, LEAD),
    "drums": (DRUMS,),
    "cymbals": (PERCUSSION,),
    "hand_percussion": (PERCUSSION,),
    "timpani": (PERCUSSION,),
}
"""The roles of an instrument; one that stands twice is twice as likely."""

LOW = ("electric_bass", "electric_bass", "double_bass", "double_bass", "tuba")


@dataclass(frozen=True)
class Player:
    """An instrument in a role, within a register of at most two octaves or so."""

    instrument: str
    role: str
    low: int
    high: int


def draw_cast(rng: np.random.Generator, style: Style, available: tuple[str, ...]) -> list[Player]:
    """Who plays a piece: a number that suits the style, no instrument twice.

    >>> from instrunet.synthesis.arranger.styles import STYLES
    >>> cast = draw_cast(np.random.default_rng(1), STYLES[0], ("piano", "flute"))
    >>> sorted(player.instrument for player in cast)
    ['flute', 'piano']
    """
    size = int(rng.integers(style.players[0], style.players[1] + 1))
    chosen: list[str] = []
    if rng.random() < style.drums:
        chosen += _one_of(("drums",), available, rng)
    if rng.random() < style.bass:
        chosen += _one_of(LOW, available, rng)
    if rng.random() < style.voice:
        chosen += _one_of(("voice",), available, rng)
    others = [name for name in available if name not in chosen and name not in ("drums", "voice")]
    wanted = max(size - len(chosen), 1)
    chosen += [others[i] for i in rng.permutation(len(others))[:wanted]]
    return _in_roles(chosen, rng)


def _one_of(names: tuple[str, ...], available: tuple[str, ...], rng: np.random.Generator) -> list[str]:
    there = [name for name in names if name in available]
    return [there[int(rng.integers(len(there)))]] if there else []


def _in_roles(names: list[str], rng: np.random.Generator) -> list[Player]:
    """Roles at random, but one bass at most, and somebody leads if anybody can."""
    roles: dict[str, str] = {}
    for name in names:
        suited = [role for role in SUITS[name] if role != BASS or BASS not in roles.values()] or [LEAD]
        roles[name] = suited[int(rng.integers(len(suited)))]
    if LEAD not in roles.values():
        able = [name for name in names if LEAD in SUITS[name]]
        if able:
            roles[able[int(rng.integers(len(able)))]] = LEAD
    return [Player(name, role, *draw_register(name, role, rng)) for name, role in roles.items()]


def draw_register(name: str, role: str, rng: np.random.Generator) -> tuple[int, int]:
    """Lowest and highest pitch for one piece, within the instrument's range."""
    known = canonical(name)
    low, high = known.midi_low or 40, known.midi_high or 80
    span = min(high - low, {BASS: 17, CHORDS: 24, PAD: 24}.get(role, int(rng.integers(14, 25))))
    place = {BASS: 0.1, CHORDS: 0.45, PAD: 0.45}.get(role, 0.5)
    centre = low + (high - low) * float(np.clip(rng.normal(place, 0.13), 0, 1))
    bottom = int(np.clip(centre - span / 2, low, high - span))
    return bottom, bottom + span
