"""General MIDI: which program and which drum key stand for an instrument, and Slakh's class of a program."""

from __future__ import annotations

from instrunet.labels import instrument as canonical

DRUM_PROGRAM = 128
"""Slakh's number for a drum kit; it is no program of General MIDI."""

CLASS_OF_EIGHT = (
    "Piano",
    "Chromatic Percussion",
    "Organ",
    "Guitar",
    "Bass",
    "Strings",
    "Strings (continued)",
    "Brass",
    "Reed",
    "Pipe",
    "Synth Lead",
    "Synth Pad",
    "Sound Effects",
    "Ethnic",
    "Percussive",
    "Sound Effects",
)
"""Slakh's class of every eight programs."""

NEAREST_PROGRAM = {
    "mandolin": 25,
    "ukulele": 24,
    "hand_percussion": 116,
    "cymbals": DRUM_PROGRAM,
    "drums": DRUM_PROGRAM,
}
"""The program of an instrument that General MIDI lacks or keeps among the drums."""

ON_DRUM_CHANNEL = ("drums", "cymbals", "hand_percussion")

DRUM_KEYS = {
    "kick": 36,
    "snare": 38,
    "sidestick": 37,
    "rimshot": 37,
    "clap": 39,
    "tom": 45,
    "hihat_closed": 42,
    "hihat_pedal": 44,
    "hihat_open": 46,
    "crash": 49,
    "ride": 51,
    "ride_bell": 53,
    "china": 52,
    "splash": 55,
}
HAND_KEYS = (54, 56, 60, 62, 63, 64, 65, 67, 69, 70, 73, 75, 76, 80, 82)
KIND_OF_KEY = {
    35: "kick", 36: "kick", 37: "sidestick", 38: "snare", 39: "clap", 40: "snare", 41: "tom", 42: "hihat_closed",
    43: "tom", 44: "hihat_pedal", 45: "tom", 46: "hihat_open", 47: "tom", 48: "tom", 49: "crash", 50: "tom", 51: "ride",
    52: "china", 53: "ride_bell", 55: "splash", 57: "crash", 59: "ride",
}  # fmt: skip


def program_of(name: str) -> int:
    """The 0-based program that stands for a canonical instrument (128: the drum channel).

    >>> program_of("violin"), program_of("ukulele"), program_of("drums")
    (40, 24, 128)
    """
    programs = canonical(name).gm_programs
    return NEAREST_PROGRAM.get(name, programs[0] if programs else 0)


def slakh_class(program: int) -> str:
    """Slakh's class of a program.

    >>> slakh_class(40), slakh_class(128)
    ('Strings', 'Drums')
    """
    return "Drums" if program == DRUM_PROGRAM else CLASS_OF_EIGHT[program // 8]


def drum_key(kind: str) -> int:
    """The key of a drum; ``any0``, ``any1`` … are hand percussion, always the same key for the same number.

    >>> drum_key("snare"), drum_key("any0")
    (38, 54)
    """
    if kind.startswith("any"):
        return HAND_KEYS[int(kind[3:] or 0) * 4 % len(HAND_KEYS)]
    return DRUM_KEYS.get(kind, 38)
