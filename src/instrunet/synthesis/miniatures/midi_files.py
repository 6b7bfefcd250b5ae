"""Standard MIDI files of a miniature's notes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from instrunet.errors import MissingExtraError
from instrunet.synthesis.miniatures.sounds import Note

TICKS_PER_BEAT = 480
TEMPO_US = 500_000
DRUM_CHANNEL = 9


@dataclass(frozen=True)
class MidiPart:
    """One instrument's notes; ``program`` is 0-based, ``is_drum`` puts them on the drum channel."""

    name: str
    program: int
    is_drum: bool
    notes: tuple[Note, ...]


def write_midi(path: Path, parts: tuple[MidiPart, ...]) -> None:
    """Write the parts as a type 1 file, a track each, at 120 beats a minute."""
    try:
        import mido
    except ImportError as error:
        raise MissingExtraError("synth", "writing MIDI") from error
    path.parent.mkdir(parents=True, exist_ok=True)
    midi = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT)
    head = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=TEMPO_US)])
    midi.tracks.append(head)
    channels = [c for c in range(16) if c != DRUM_CHANNEL]
    for i, part in enumerate(parts):
        channel = DRUM_CHANNEL if part.is_drum else channels[i % len(channels)]
        track = mido.MidiTrack([mido.MetaMessage("track_name", name=part.name)])
        track.append(mido.Message("program_change", channel=channel, program=0 if part.is_drum else part.program))
        now = 0
        for tick, kind, note in _events(part):
            velocity = note.velocity if kind == "note_on" else 0
            track.append(mido.Message(kind, channel=channel, note=note.midi, velocity=velocity, time=tick - now))
            now = tick
        midi.tracks.append(track)
    midi.save(path)


def _events(part: MidiPart) -> list[tuple[int, str, Note]]:
    def tick(time_s: float) -> int:
        return round(time_s * 1e6 / TEMPO_US * TICKS_PER_BEAT)

    events = [(tick(n.start_s), "note_on", n) for n in part.notes]
    events += [(tick(n.start_s + n.duration_s), "note_off", n) for n in part.notes]
    return sorted(events, key=lambda e: (e[0], e[1] == "note_on", e[2].midi))
