"""Whole parts played on sound-fonts: by the FluidSynth command, or by tinysoundfont where that is not installed.

All parts of a piece that use one sound-font are played one after the other in a single run, because loading a large
sound-font takes longer than playing a part.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instrunet.errors import InstrunetError
from instrunet.synthesis.general_midi import ON_DRUM_CHANNEL
from instrunet.synthesis.midi import DRUM_CHANNEL, Message, messages_of
from instrunet.synthesis.midi_bytes import TEMPO_120, midi_file, voice_event
from instrunet.synthesis.phrases import Event
from instrunet.synthesis.soundfont import Preset, instrument_of, presets

Samples = NDArray[np.float32]

GAP_S = 1.0
TIMEOUT_FACTOR, TIMEOUT_LEAST_S = 2.0, 120.0
TICKS_PER_S = 1000
BANK_COARSE, BANK_FINE = 0, 32
"""Controllers that choose a bank of presets."""


@dataclass(frozen=True)
class FontPart:
    """A part and the preset that plays it; a preset of bank 128 is a drum kit."""

    preset: Preset
    events: tuple[Event, ...]


@lru_cache(maxsize=16)
def presets_of(font: str) -> dict[str, tuple[Preset, ...]]:
    """The presets of a sound-font by canonical instrument; kits serve drums, cymbals and hand percussion."""
    found: dict[str, list[Preset]] = {}
    for preset in presets(font):
        if preset.bank == 128:
            for name in ON_DRUM_CHANNEL:
                found.setdefault(name, []).append(preset)
        elif (name_of := instrument_of(preset)) is not None:
            found.setdefault(name_of, []).append(preset)
    return {name: tuple(rows) for name, rows in found.items()}


def renderer() -> str:
    """What plays sound-fonts here: ``fluidsynth`` or ``tinysoundfont``.

    Raises:
        InstrunetError: neither is installed.
    """
    if shutil.which("fluidsynth"):
        return "fluidsynth"
    try:
        import tinysoundfont  # noqa: F401
    except ImportError as error:
        raise InstrunetError(
            "playing sound-fonts needs FluidSynth (the system package 'fluidsynth') or 'pip install tinysoundfont'"
        ) from error
    return "tinysoundfont"


def play_parts(
    font: str | Path, parts: Sequence[FontPart], *, length_s: float, sample_rate_hz: int, engine: str | None = None
) -> list[Samples]:
    """Every part alone, mono, dry, ``length_s`` long.

    Raises:
        InstrunetError: the sound-font is not there or no engine is installed.
    """
    if not Path(font).is_file():
        raise InstrunetError(f"{font}: no such sound-font; install one, for example the package 'fluid-soundfont-gm'")
    if not parts:
        return []
    play = _by_fluidsynth if (engine or renderer()) == "fluidsynth" else _by_tinysoundfont
    slot_s = length_s + GAP_S
    long = play(str(font), parts, slot_s, sample_rate_hz)
    n, slot = round(length_s * sample_rate_hz), round(slot_s * sample_rate_hz)
    long = np.pad(long, (0, max(0, slot * len(parts) - len(long))))
    return [long[k * slot : k * slot + n].copy() for k in range(len(parts))]


def _timeline(parts: Sequence[FontPart], slot_s: float) -> list[tuple[float, int, Preset | None, Message | None]]:
    """(time, channel, preset to choose, message) of all parts, one slot each."""
    rows: list[tuple[float, int, Preset | None, Message | None]] = []
    for number, part in enumerate(parts):
        channel = DRUM_CHANNEL if part.preset.bank == 128 else number % DRUM_CHANNEL
        start_s = number * slot_s
        rows.append((start_s, channel, part.preset, None))
        for message in messages_of(part.events, length_s=slot_s - GAP_S):
            rows.append((start_s + message.time_s, channel, None, message))
    return rows


def _by_fluidsynth(font: str, parts: Sequence[FontPart], slot_s: float, rate_hz: int) -> Samples:
    seconds = slot_s * len(parts)
    with tempfile.TemporaryDirectory() as folder:
        midi, raw = Path(folder) / "parts.mid", Path(folder) / "parts.raw"
        midi.write_bytes(_midi_bytes(_timeline(parts, slot_s), seconds))
        command = ["fluidsynth", "-ni", "-q", "-R", "0", "-C", "0", "-g", "0.5", "-r", str(rate_hz), "-O", "s16",
                   "-T", "raw", "-o", "synth.midi-bank-select=mma", "-o", "synth.dynamic-sample-loading=1",
                   "-F", str(raw), font, str(midi)]  # fmt: skip
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=TIMEOUT_LEAST_S + TIMEOUT_FACTOR * seconds)
        except (subprocess.SubprocessError, OSError) as error:
            raise InstrunetError(f"{font}: FluidSynth could not play it: {error}") from error
        stereo = np.fromfile(raw, dtype="<i2")
    return np.asarray(stereo[: len(stereo) // 2 * 2].reshape(-1, 2).mean(axis=1) / 32768, np.float32)


def _midi_bytes(timeline: Sequence[tuple[float, int, Preset | None, Message | None]], seconds: float) -> bytes:
    """A format-0 file of 1000 ticks a second."""
    rows = [(0, TEMPO_120)]
    for time_s, channel, preset, message in timeline:
        rows += [(round(time_s * TICKS_PER_S), event) for event in _raw(channel, preset, message)]
    return midi_file([rows], ticks_per_beat=TICKS_PER_S // 2, end_tick=round(seconds * TICKS_PER_S))


def _raw(channel: int, preset: Preset | None, message: Message | None) -> list[bytes]:
    if preset is not None:
        bank = 0 if preset.bank == 128 else preset.bank
        numbers = ((BANK_COARSE, bank >> 7), (BANK_FINE, bank & 127))
        choose = [voice_event("control_change", channel, *pair) for pair in numbers]
        return [*choose, voice_event("program_change", channel, preset.program)]
    return [voice_event(message.kind, channel, message.first, message.second)] if message else []


@lru_cache(maxsize=2)
def _tiny(font: str, rate_hz: int) -> tuple[Any, int]:
    import tinysoundfont

    synth = tinysoundfont.Synth(gain=-6, samplerate=rate_hz)
    return synth, synth.sfload(font)


def _by_tinysoundfont(font: str, parts: Sequence[FontPart], slot_s: float, rate_hz: int) -> Samples:
    try:
        synth, loaded = _tiny(font, rate_hz)
    except Exception as error:
        raise InstrunetError(f"{font}: tinysoundfont could not load it: {error}") from error
    blocks: list[Samples] = []
    now = 0
    for time_s, channel, preset, message in _timeline(parts, slot_s):
        at = round(time_s * rate_hz)
        if at > now:
            blocks.append(_generated(synth, at - now))
            now = at
        if preset is not None:
            drums = preset.bank == 128
            synth.program_select(channel, loaded, 128 if drums else preset.bank, preset.program, drums)
        elif message is not None and message.kind == "note_on":
            synth.noteon(channel, message.first, message.second)
        elif message is not None and message.kind == "note_off":
            synth.noteoff(channel, message.first)
        elif message is not None:
            synth.sounds_off(channel)
    blocks.append(_generated(synth, max(1, round(slot_s * len(parts) * rate_hz) - now)))
    return np.concatenate(blocks)


def _generated(synth: Any, n: int) -> Samples:
    stereo = np.frombuffer(bytes(synth.generate(n)), np.float32).reshape(-1, 2)
    return np.asarray(stereo.mean(axis=1), np.float32)
