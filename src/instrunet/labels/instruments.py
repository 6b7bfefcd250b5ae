"""The canonical instruments: the fine classes that every other vocabulary is expressed in."""

from __future__ import annotations

from dataclasses import dataclass

from instrunet.labels import tables
from instrunet.labels.errors import not_among


@dataclass(frozen=True)
class Instrument:
    """One entry of the canonical vocabulary.

    Attributes:
        id: The stable word used in tables and code (``electric_guitar``).
        name: What a person reads (``Electric guitar``).
        family: The group that lists and colours put it in (``plucked strings``).
        gm_programs: Its General MIDI programs on a melodic channel, counted from 0; empty where there is none.
        midi_low: The lowest MIDI note it commonly plays (for drums: the lowest key of the General MIDI kit).
        midi_high: The highest.
    """

    id: str
    name: str
    family: str
    gm_programs: tuple[int, ...]
    midi_low: int
    midi_high: int


def _read() -> tuple[Instrument, ...]:
    programs: dict[str, list[int]] = {}
    for row in tables.rows("gm_programs"):
        for name in tables.ids(row["instruments"]):
            programs.setdefault(name, []).append(int(row["program"]))
    return tuple(
        Instrument(
            id=row["id"],
            name=row["name"],
            family=row["family"],
            gm_programs=tuple(programs.get(row["id"], ())),
            midi_low=int(row["midi_low"]),
            midi_high=int(row["midi_high"]),
        )
        for row in tables.rows("instruments")
    )


INSTRUMENTS: tuple[Instrument, ...] = _read()
INSTRUMENT_IDS: tuple[str, ...] = tuple(entry.id for entry in INSTRUMENTS)
ALIASES: dict[str, str] = {"choir": "voice", "piccolo": "flute", "english_horn": "oboe"}
_BY_ID = {entry.id: entry for entry in INSTRUMENTS}


def instrument(name: str) -> Instrument:
    """Look an instrument up by its id or by one of the three aliases (choir, piccolo, english_horn).

    >>> instrument("violin").gm_programs
    (40, 110)
    >>> instrument("piccolo").name
    'Flute'

    Raises:
        UnknownLabelError: no such instrument.
    """
    try:
        return _BY_ID[ALIASES.get(name, name)]
    except KeyError:
        raise not_among("instrument", name, INSTRUMENT_IDS) from None
