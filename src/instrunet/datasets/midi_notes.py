"""When the notes of a MIDI file sound: a light reader that looks at nothing else."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from instrunet.errors import InstrunetError

DEFAULT_TEMPO_US = 500_000
_DATA_BYTES = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}


@dataclass(frozen=True, slots=True)
class _Event:
    """A note or a tempo at a tick: ``kind`` is ``on``, ``off`` or ``tempo``."""

    tick: int
    kind: str
    value: int


def note_spans(path: Path) -> NDArray[np.float64]:
    """Start and end of every note in seconds: (n_notes, 2), by start.

    Tempo changes of all tracks count; a note that is never released ends with the file.

    Raises:
        InstrunetError: not a MIDI file, or cut off.
    """
    content = path.read_bytes()
    try:
        ticks_per_beat, tracks = _chunks(content)
        events = sorted((e for track in tracks for e in _events(track)), key=lambda e: (e.tick, e.kind != "tempo"))
    except (struct.error, IndexError, ValueError) as error:
        raise InstrunetError(f"{path}: not a readable MIDI file: {error}") from error
    clock = _Clock(ticks_per_beat, events)
    spans = [(clock.seconds(a), clock.seconds(b)) for track in tracks for a, b in _held(list(_events(track)))]
    return np.array(sorted(spans), np.float64).reshape(-1, 2)


def sounding_stretches(spans: NDArray[np.float64], *, pause_s: float = 0.0) -> list[tuple[float, float]]:
    """Join overlapping notes, and those at most ``pause_s`` apart.

    >>> sounding_stretches(np.array([[0.0, 1.0], [0.5, 2.0], [3.0, 4.0]]))
    [(0.0, 2.0), (3.0, 4.0)]
    """
    joined: list[tuple[float, float]] = []
    for start_s, end_s in spans.tolist():
        if joined and start_s <= joined[-1][1] + pause_s:
            joined[-1] = (joined[-1][0], max(end_s, joined[-1][1]))
        else:
            joined.append((start_s, end_s))
    return joined


class _Clock:
    """Seconds of ticks under a tempo map."""

    def __init__(self, ticks_per_beat: int, events: list[_Event]) -> None:
        ticks, tempos = [0], [DEFAULT_TEMPO_US]
        for event in events:
            if event.kind == "tempo":
                ticks.append(event.tick)
                tempos.append(event.value)
        self.ticks = np.array(ticks, np.float64)
        self.s_per_tick = np.array(tempos, np.float64) / 1e6 / ticks_per_beat
        self.at_s = np.concatenate([[0.0], np.cumsum(np.diff(self.ticks) * self.s_per_tick[:-1])])

    def seconds(self, tick: int) -> float:
        index = int(np.searchsorted(self.ticks, tick, side="right")) - 1
        return float(self.at_s[index] + (tick - self.ticks[index]) * self.s_per_tick[index])


def _chunks(content: bytes) -> tuple[int, list[bytes]]:
    if content[:4] != b"MThd":
        raise ValueError("it does not begin with MThd")
    length, _, n_tracks, division = struct.unpack(">IHHH", content[4:14])
    if division & 0x8000:
        raise ValueError("time in SMPTE frames is not supported")
    if not division:
        raise ValueError("no ticks in a beat")
    tracks: list[bytes] = []
    at = 8 + length
    while at + 8 <= len(content) and len(tracks) < n_tracks:
        kind, size = content[at : at + 4], struct.unpack(">I", content[at + 4 : at + 8])[0]
        if at + 8 + size > len(content):
            raise ValueError("it is cut off")
        if kind == b"MTrk":
            tracks.append(content[at + 8 : at + 8 + size])
        at += 8 + size
    if len(tracks) < n_tracks:
        raise ValueError(f"{n_tracks} tracks are announced, {len(tracks)} are there")
    return division, tracks


def _events(track: bytes) -> Iterator[_Event]:
    """Notes (``value`` is channel × 128 + key) and tempos of one track."""
    at, tick, status = 0, 0, 0
    while at < len(track):
        delta, at = _variable(track, at)
        tick += delta
        if track[at] & 0x80:
            status, at = track[at], at + 1
        elif not status:
            raise ValueError("data without a status")
        if status == 0xFF:
            kind = track[at]
            size, at = _variable(track, at + 1)
            if kind == 0x51:
                yield _Event(tick, "tempo", int.from_bytes(track[at : at + size], "big"))
            at += size
        elif status in (0xF0, 0xF7):
            size, at = _variable(track, at)
            at += size
        else:
            yield from _note(track, at, tick, status)
            at += _DATA_BYTES[status >> 4] if status < 0xF0 else 0
    yield _Event(tick, "end", 0)


def _note(track: bytes, at: int, tick: int, status: int) -> Iterator[_Event]:
    if status >> 4 in (0x8, 0x9):
        key, velocity = track[at], track[at + 1]
        yield _Event(tick, "on" if status >> 4 == 0x9 and velocity else "off", (status & 15) * 128 + key)


def _held(events: list[_Event]) -> Iterator[tuple[int, int]]:
    """Ticks from each note's beginning to its release; a release ends every such note that is held."""
    held: dict[int, list[int]] = {}
    for event in events:
        if event.kind == "on":
            held.setdefault(event.value, []).append(event.tick)
        elif event.kind == "off":
            yield from ((start, event.tick) for start in held.pop(event.value, ()))
    last = events[-1].tick if events else 0
    yield from ((start, last) for starts in held.values() for start in starts)


def _variable(track: bytes, at: int) -> tuple[int, int]:
    value = 0
    for _ in range(4):
        byte, at = track[at], at + 1
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            return value, at
    raise ValueError("a length that does not end")
