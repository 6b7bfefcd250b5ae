"""MIDI files as parts, and parts as MIDI files whose last note always ends."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from instrunet.errors import InstrunetError, MissingExtraError
from instrunet.files import written_whole
from instrunet.labels import UnknownLabelError, to_canonical
from instrunet.synthesis.arranger import Part, Piece
from instrunet.synthesis.general_midi import DRUM_PROGRAM, KIND_OF_KEY, ON_DRUM_CHANNEL, drum_key, program_of
from instrunet.synthesis.midi_bytes import TEMPO_120, Row, midi_file, name_event, voice_event
from instrunet.synthesis.phrases import Event

TICKS_PER_BEAT = 480
TICKS_PER_S = 2 * TICKS_PER_BEAT
DRUM_CHANNEL = 9
SUSTAIN, ALL_SOUND_OFF = 64, 120
REPEAT_GAP_S = 0.006
"""A note ends so long before the same key is struck again: one key cannot sound twice."""
LONGEST_S = 3600.0
"""A file that claims to last longer is taken for broken."""


class BrokenMidiError(InstrunetError):
    """A MIDI file that cannot be read; batches skip and count it."""


@dataclass(frozen=True)
class Message:
    """One MIDI event at a time; ``first`` and ``second`` are its data (key and velocity, controller and value)."""

    time_s: float
    kind: str
    first: int
    second: int


def messages_of(events: Sequence[Event], *, length_s: float) -> list[Message]:
    """The notes of a part, then pedal up and silence, so that nothing sounds on for ever.

    >>> [message.kind for message in messages_of([Event(0.0, 1.0, 60, 0.5)], length_s=2.0)]
    ['note_on', 'note_off', 'control_change', 'control_change']
    """
    made: list[tuple[float, int, Message]] = []
    following: dict[int, float] = {}
    for event in sorted(events, key=lambda event: -event.start_s):
        key = drum_key(event.kind) if event.kind else min(127, max(0, round(event.pitch)))
        end_s = min(event.start_s + event.duration_s, length_s, following.get(key, length_s) - REPEAT_GAP_S)
        end_s = max(end_s, event.start_s + REPEAT_GAP_S)
        following[key] = event.start_s
        velocity = min(127, max(1, round(event.loudness * 127)))
        made.append((event.start_s, 1, Message(event.start_s, "note_on", key, velocity)))
        made.append((end_s, 0, Message(end_s, "note_off", key, 0)))
    messages = [message for _, _, message in sorted(made, key=lambda row: (row[0], row[1], row[2].first))]
    last_s = max([length_s, *[message.time_s for message in messages]])
    stop = [Message(last_s, "control_change", SUSTAIN, 0), Message(last_s, "control_change", ALL_SOUND_OFF, 0)]
    return messages + stop


def write_midi(path: str | Path, parts: Sequence[Part], *, length_s: float) -> None:
    """Write the parts, a track each, at 120 beats a minute (times are what counts, not bars)."""
    free = [channel for channel in range(16) if channel != DRUM_CHANNEL]
    tracks: list[list[Row]] = [[(0, TEMPO_120)]]
    for number, part in enumerate(parts):
        channel = DRUM_CHANNEL if part.instrument in ON_DRUM_CHANNEL else free[number % len(free)]
        program = program_of(part.instrument) % DRUM_PROGRAM
        rows = [(0, name_event(part.instrument)), (0, voice_event("program_change", channel, program))]
        for message in messages_of(part.events, length_s=length_s):
            event = voice_event(message.kind, channel, message.first, message.second)
            rows.append((round(message.time_s * TICKS_PER_S), event))
        tracks.append(rows)
    with written_whole(path) as beside:
        beside.write_bytes(midi_file(tracks, ticks_per_beat=TICKS_PER_BEAT))


def read_midi(path: str | Path) -> Piece:
    """Read a MIDI file as a piece; instruments that have no canonical name (effects) are left out.

    Raises:
        BrokenMidiError: it cannot be read, lasts for ever, or holds no note.
    """
    try:
        import pretty_midi
    except ImportError as error:
        raise MissingExtraError("synth", "reading MIDI") from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            score = pretty_midi.PrettyMIDI(str(path))
        length_s = float(score.get_end_time())
    except (OSError, EOFError, ValueError, KeyError, IndexError, TypeError, AttributeError, ZeroDivisionError) as error:
        raise BrokenMidiError(f"{path}: not a MIDI file that can be read: {error or type(error).__name__}") from error
    if not 0 < length_s < LONGEST_S:
        raise BrokenMidiError(f"{path}: lasts {length_s:.0f} s; a playable file has notes and ends within an hour")
    parts = [part for track in score.instruments if (part := _part(track)) is not None]
    if not parts:
        raise BrokenMidiError(f"{path}: no notes of any instrument we know")
    return Piece(Path(path).stem, length_s, tuple(parts), {"midi": Path(path).name})


def _part(track: Any) -> Part | None:
    name = "drums" if track.is_drum else _instrument(track.program)
    if name is None or not track.notes:
        return None
    events = tuple(_event(note, drums=track.is_drum) for note in sorted(track.notes, key=lambda n: (n.start, n.pitch)))
    return Part(name, "drums" if track.is_drum else role_of(events), events, {"program": int(track.program)})


def _event(note: Any, *, drums: bool) -> Event:
    kind = KIND_OF_KEY.get(note.pitch, "any0") if drums else ""
    length_s = max(0.03, float(note.end) - float(note.start))
    return Event(float(note.start), length_s, float(note.pitch), max(1, note.velocity) / 127, kind=kind)


def _instrument(program: int) -> str | None:
    try:
        found = to_canonical("gm", program)
    except UnknownLabelError:
        return None
    return found[0] if found else None


def role_of(events: Sequence[Event]) -> str:
    """What a track does, from its notes: low and single is bass, several at once are chords, else a lead.

    >>> role_of([Event(0, 1, 36, 1.0), Event(1, 1, 40, 1.0)])
    'bass'
    """
    starts = {round(event.start_s, 2) for event in events}
    mean_pitch = sum(event.pitch for event in events) / len(events)
    if len(events) > 1.5 * len(starts):
        return "chords"
    return "bass" if mean_pitch < 48 else "lead"
