"""Sound-fonts (and patch sets) as banks of notes: every useful preset is played note by note and cut apart."""

from __future__ import annotations

import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from instrunet.errors import InstrunetError
from instrunet.synthesis.bank import SAMPLE_RATE_HZ, NoteRow
from instrunet.synthesis.patch_set import numbers_of, timidity_command

NOTE_S, SLOT_S = 2.6, 3.4
"""A note is held for NOTE_S and cut after SLOT_S, so that its release is heard."""


@dataclass(frozen=True)
class Preset:
    """One entry of a sound-font's preset list."""

    bank: int
    program: int
    name: str


# instrument -> (programs, lowest, highest MIDI pitch)
PROGRAMS: dict[str, tuple[tuple[int, ...], int, int]] = {
    "piano": ((0, 1, 3), 24, 104), "electric_piano": ((2, 4, 5, 7), 29, 96), "harpsichord": ((6,), 31, 88),
    "mallet_percussion": ((8, 9, 10, 11, 12, 13, 14), 53, 100), "organ": ((16, 17, 18, 19, 20), 31, 96),
    "accordion": ((21, 23), 43, 90), "harmonica": ((22,), 53, 92), "acoustic_guitar": ((24, 25), 40, 84),
    "electric_guitar": ((26, 27, 28, 29, 30), 40, 86), "double_bass": ((32, 43), 28, 58),
    "electric_bass": ((33, 34, 35, 36, 37), 27, 58), "violin": ((40, 110), 55, 98), "viola": ((41,), 48, 86),
    "cello": ((42,), 36, 76), "string_section": ((44, 45, 48, 49), 36, 92), "harp": ((46,), 28, 98),
    "timpani": ((47,), 38, 57), "voice": ((52, 53), 43, 81), "trumpet": ((56, 59), 54, 86),
    "trombone": ((57,), 36, 72), "tuba": ((58,), 26, 60), "french_horn": ((60,), 36, 77),
    "brass_section": ((61,), 38, 84), "saxophone": ((64, 65, 66, 67), 42, 84), "oboe": ((68, 69), 52, 88),
    "bassoon": ((70,), 34, 72), "clarinet": ((71,), 50, 91), "flute": ((72, 73), 59, 98),
    "synthesizer": ((38, 39, 50, 51, 62, 63, 80, 81, 82, 83, 84, 86, 87, 88, 89, 90, 93, 94, 95), 36, 88),
    "sitar": ((104,), 48, 82), "banjo": ((105,), 48, 86),
}  # fmt: skip

VARIATIONS: dict[tuple[int, int], str] = {(8, 24): "ukulele", (16, 25): "mandolin"}
"""Presets of the variation banks that are another instrument than their program says."""

NOT_SHIPPABLE_FONTS = ("merlin",)
"""Sound-fonts whose own text forbids commercial use."""

FM_CHIPS = ("opl",)
"""Sound-fonts of synthesizer chips: their violin is no violin, so only their synthesizers count."""

DRUM_FONTS = ("black_pearl", "red_zeppelin")
"""Sound-fonts that hold a drum kit where General MIDI has its first piano."""

SOUND_FONT_FOLDERS = ("/usr/share/sounds/sf2", "/usr/share/sounds/sf3", "/usr/share/minuet/soundfonts")
"""Where Debian's packages put them."""

SAME_AS = {"freepats": "freepats_pat"}
"""Fonts whose samples also stand among the recorded notes, and under which name: both are one source."""

PERCUSSIVE = ("mallet_percussion", "harp", "timpani", "banjo", "ukulele", "mandolin", "sitar", "acoustic_guitar",
              "electric_guitar", "piano", "harpsichord", "electric_piano", "electric_bass")  # fmt: skip

DRUM_KINDS = {35: "kick", 36: "kick", 37: "sidestick", 38: "snare", 40: "snare", 39: "clap", 41: "tom", 43: "tom",
              45: "tom", 47: "tom", 48: "tom", 50: "tom", 42: "hihat_closed", 44: "hihat_pedal", 46: "hihat_open",
              49: "crash", 57: "crash", 51: "ride", 59: "ride", 53: "ride_bell", 52: "china", 55: "splash"}  # fmt: skip
HAND_KINDS = {54: "tambourine", 56: "cowbell", 60: "bongo", 61: "bongo", 62: "conga", 63: "conga", 64: "conga",
              65: "timbale", 66: "timbale", 67: "agogo", 68: "agogo", 69: "cabasa", 70: "maracas", 73: "guiro",
              74: "guiro", 75: "claves", 76: "woodblock", 77: "woodblock", 80: "triangle", 81: "triangle",
              82: "shaker"}  # fmt: skip


def presets(path: str | Path) -> list[Preset]:
    """The preset list of an SF2 file, read from its ``phdr`` chunk, or of a patch set (``.cfg``).

    Raises:
        InstrunetError: the file is no sound-font.
    """
    if is_patch_set(path):
        programs, drums = numbers_of(path)
        return [Preset(0, program, "") for program in programs] + [Preset(128, 0, "")] * drums
    data = Path(path).read_bytes()
    at = data.rfind(b"phdr")
    if data[:4] != b"RIFF" or at < 0:
        raise InstrunetError(f"{path}: not an SF2 sound-font")
    size = struct.unpack_from("<I", data, at + 4)[0]
    found = []
    for offset in range(at + 8, at + 8 + size - 38, 38):
        program, bank = struct.unpack_from("<HH", data, offset + 20)
        found.append(Preset(bank, program, data[offset : offset + 20].split(b"\0")[0].decode("latin-1").strip()))
    return sorted(found, key=lambda p: (p.bank, p.program))


def is_patch_set(path: str | Path) -> bool:
    """Whether this is a configuration of GUS patches rather than a sound-font."""
    return Path(path).suffix == ".cfg"


def instrument_of(preset: Preset) -> str | None:
    """The canonical instrument of a preset, or None for effects, unknown banks and drum kits.

    >>> [instrument_of(Preset(*p, "")) for p in ((0, 40), (16, 25), (0, 122))]
    ['violin', 'mandolin', None]
    """
    if (preset.bank, preset.program) in VARIATIONS:
        return VARIATIONS[preset.bank, preset.program]
    if preset.bank in (30,) and preset.program in (48, 49):
        return "string_section"
    if preset.bank not in (0, 8):
        return None
    for instrument, (programs, _, _) in PROGRAMS.items():
        if preset.program in programs:
            return instrument
    return None


def pitches_of(instrument: str) -> list[int]:
    """Which notes of a preset are kept: every fourth semitone of the instrument's range."""
    low, high = {"ukulele": (57, 86), "mandolin": (55, 91)}.get(instrument) or PROGRAMS[instrument][1:]
    return list(range(low, high + 1, 4))


def find_soundfonts(folders: tuple[str, ...] = SOUND_FONT_FOLDERS) -> list[Path]:
    """The sound-fonts installed on this machine (one entry a real file)."""
    real = {p.resolve() for folder in folders if Path(folder).is_dir() for p in Path(folder).glob("*.sf[23]")}
    return sorted(real)


def soundfont_notes(path: str | Path, *, drums: bool = True) -> Iterator[tuple[NoteRow, NDArray[np.float32]]]:
    """Play every useful preset of a sound-font or patch set and yield its notes, loud and soft.

    Raises:
        InstrunetError: FluidSynth (or TiMidity++) is not installed, or the file is no sound-font.
    """
    source = Path(path).stem.lower()
    if source in NOT_SHIPPABLE_FONTS or source.startswith(DRUM_FONTS):
        return
    source = SAME_AS.get(source, source)
    for preset in presets(path):
        instrument = instrument_of(preset)
        if source.startswith(FM_CHIPS) and instrument != "synthesizer":
            continue
        if instrument is not None:
            jobs = [(pitch, velocity) for pitch in pitches_of(instrument) for velocity in (64, 112)]
            name = f"{preset.bank}:{preset.program}"
            for (pitch, velocity), x in zip(jobs, play_preset(path, preset, jobs), strict=True):
                if np.abs(x).max() > 1e-3:
                    loopable = instrument not in PERCUSSIVE and preset.program not in (32, 45)
                    yield _row(instrument, source, name, "", (float(pitch), velocity), loopable), x
        elif preset.bank == 128 and drums and preset.program not in (55, 56, 57, 58, 59, 95, 96, 127):
            yield from _kit_notes(path, source, preset)


def _kit_notes(path: str | Path, source: str, preset: Preset) -> Iterator[tuple[NoteRow, NDArray[np.float32]]]:
    keys = [(key, velocity) for key in (*DRUM_KINDS, *HAND_KINDS) for velocity in (70, 115)]
    for (key, velocity), x in zip(keys, play_preset(path, preset, keys, slot_s=1.7), strict=True):
        if np.abs(x).max() > 1e-3:
            drum = key in DRUM_KINDS
            kind = DRUM_KINDS[key] if drum else HAND_KINDS[key]
            patch = f"kit{preset.program}" if drum else "hand"
            yield _row("drums" if drum else "hand_percussion", source, patch, kind, (None, velocity), False), x


def _row(
    instrument: str, source: str, patch: str, kind: str, note: tuple[float | None, int], loopable: bool
) -> NoteRow:
    return NoteRow(instrument, source, patch, kind, note[0], note[1] / 127, 0, 0, loopable, f"sound-font {source}")


def fluidsynth() -> str:
    """Where the program is.

    Raises:
        InstrunetError: it is not installed.
    """
    program = shutil.which("fluidsynth")
    if program is None:
        raise InstrunetError("rendering sound-fonts needs FluidSynth: install the system package 'fluidsynth'")
    return program


def play_preset(
    path: str | Path, preset: Preset, notes: list[tuple[int, int]], *, slot_s: float = SLOT_S
) -> list[NDArray[np.float32]]:
    """Render (key, velocity) pairs of one preset, each in its own slot, dry."""
    with tempfile.TemporaryDirectory() as folder:
        midi, wave = Path(folder) / "notes.mid", Path(folder) / "notes.raw"
        midi.write_bytes(_midi(preset, notes, slot_s))
        command = _player(path, midi, wave)
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=600)
        except (subprocess.SubprocessError, OSError) as error:
            raise InstrunetError(f"{path}: {Path(command[0]).name} could not play it: {error}") from error
        played = np.fromfile(wave, dtype="<i2").reshape(-1, 1 if is_patch_set(path) else 2)
    mono = played.mean(1).astype(np.float32) / 32768.0
    slot = int(slot_s * SAMPLE_RATE_HZ)
    mono = np.pad(mono, (0, max(0, slot * len(notes) - len(mono))))
    return [_faded(mono[i * slot : (i + 1) * slot]) for i in range(len(notes))]


def _player(path: str | Path, midi: Path, wave: Path) -> list[str]:
    """The command that plays a MIDI file dry, as raw 16-bit samples: stereo from a sound-font, mono from patches."""
    if is_patch_set(path):
        return timidity_command(path, midi, wave, SAMPLE_RATE_HZ)
    return [fluidsynth(), "-ni", "-q", "-R", "0", "-C", "0", "-g", "0.5", "-r", str(SAMPLE_RATE_HZ), "-O", "s16",
            "-T", "raw", "-o", "synth.midi-bank-select=mma", "-F", str(wave), str(path), str(midi)]  # fmt: skip


def _faded(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Cut the silent tail; the last 30 ms fade out."""
    loud = np.flatnonzero(np.abs(x) > 1e-4)
    x = x[: loud[-1] + 1 if len(loud) else 1].copy()
    fade = min(len(x), int(0.03 * SAMPLE_RATE_HZ))
    x[len(x) - fade :] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    return x


def _midi(preset: Preset, notes: list[tuple[int, int]], slot_s: float) -> bytes:
    """A format-0 file at 1000 ticks a second; the preset is chosen by bank select and program change."""
    channel = 9 if preset.bank == 128 else 0
    bank = 0 if preset.bank == 128 else preset.bank
    events = bytearray(b"\x00\xff\x51\x03\x07\xa1\x20")  # 120 beats a minute x 500 ticks = 1000 ticks a second
    events += b"\x00" + bytes([0xB0 | channel, 0, bank >> 7]) + b"\x00" + bytes([0xB0 | channel, 32, bank & 127])
    events += b"\x00" + bytes([0xC0 | channel, preset.program])
    hold = int(1000 * min(NOTE_S, 0.8 * slot_s))
    wait = 0
    for key, velocity in notes:
        events += _length(wait) + bytes([0x90 | channel, key, velocity])
        events += _length(hold) + bytes([0x80 | channel, key, 0])
        wait = int(1000 * slot_s) - hold
    events += _length(wait) + bytes([0xB0 | channel, 120, 0]) + b"\x00\xff\x2f\x00"
    return (b"MThd" + struct.pack(">IHHH", 6, 0, 1, 500)) + b"MTrk" + struct.pack(">I", len(events)) + bytes(events)


def _length(ticks: int) -> bytes:
    """A MIDI variable-length quantity.

    >>> _length(200).hex()
    '8148'
    """
    out = [ticks & 127]
    while ticks := ticks >> 7:
        out.append(128 | (ticks & 127))
    return bytes(reversed(out))
