"""Notes out as MIDI: one file with a track a part, and one file a part."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from instrunet.errors import MissingExtraError
from instrunet.files import written_whole
from instrunet.labels import instrument
from instrunet.transcription.notes import Note, Part

BEND_RANGE_SEMITONES = 2.0


def to_pretty_midi(parts: Sequence[Part], *, tempo_bpm: float = 120.0) -> Any:
    """Give a ``pretty_midi.PrettyMIDI`` with the General MIDI program of each instrument; drums on channel ten."""
    try:
        import pretty_midi
    except ImportError as error:
        raise MissingExtraError("transcribe", "writing MIDI") from error
    midi = pretty_midi.PrettyMIDI(initial_tempo=tempo_bpm)
    for part in parts:
        track = pretty_midi.Instrument(program=program_of(part.instrument), is_drum=part.is_drums, name=part.instrument)
        for note in part.notes:
            end = max(note.offset_s, note.onset_s + 0.02)
            track.notes.append(pretty_midi.Note(note.velocity, note.pitch, note.onset_s, end))
            track.pitch_bends.extend(_bends(note, pretty_midi))
        midi.instruments.append(track)
    return midi


def write_midi(path: Path, parts: Sequence[Part], *, tempo_bpm: float = 120.0) -> None:
    """Write the parts into one MIDI file."""
    midi = to_pretty_midi(parts, tempo_bpm=tempo_bpm)
    with written_whole(path) as beside:
        midi.write(str(beside))


def read_midi(path: Path) -> tuple[Part, ...]:
    """Read a MIDI file back; a track is named by its program unless its name is a canonical instrument."""
    try:
        import pretty_midi
    except ImportError as error:
        raise MissingExtraError("transcribe", "reading MIDI") from error
    from instrunet.labels import INSTRUMENT_IDS, to_canonical

    parts: list[Part] = []
    for track in pretty_midi.PrettyMIDI(str(path)).instruments:
        name = track.name if track.name in INSTRUMENT_IDS else "drums"
        if track.name not in INSTRUMENT_IDS and not track.is_drum:
            name = (*to_canonical("gm", str(track.program)), "piano")[0]
        notes = (Note(float(n.start), float(n.end), int(n.pitch), int(n.velocity)) for n in track.notes)
        parts.append(Part(name, tuple(sorted(notes))))
    return tuple(parts)


def program_of(name: str) -> int:
    """Give the General MIDI program (0-based) that stands for a canonical instrument."""
    programs = instrument(name).gm_programs
    return programs[0] if programs else 0


def _bends(note: Note, pretty_midi: Any) -> list[Any]:
    if not note.bends or max(abs(b) for b in note.bends) < 0.1:
        return []
    step = note.duration_s / len(note.bends)
    bends = [
        pretty_midi.PitchBend(
            int(max(-8192, min(8191, bend / BEND_RANGE_SEMITONES * 8192))), note.onset_s + index * step
        )
        for index, bend in enumerate(note.bends)
    ]
    return [*bends, pretty_midi.PitchBend(0, note.offset_s)]
