from __future__ import annotations

import shutil
import struct

import numpy as np
import pytest

from instrunet.errors import InstrunetError
from instrunet.labels import INSTRUMENT_IDS
from instrunet.synthesis import soundfont
from instrunet.synthesis.soundfont import (
    PROGRAMS,
    Preset,
    find_soundfonts,
    instrument_of,
    pitches_of,
    play_preset,
    presets,
    soundfont_notes,
)


def header(*entries: tuple[int, int, str]) -> bytes:
    """As much of an SF2 file as the list of presets needs."""
    rows = [struct.pack("<20sHHHIII", name.encode(), program, bank, 0, 0, 0, 0) for bank, program, name in entries]
    rows.append(struct.pack("<20sHHHIII", b"EOP", 0, 0, 0, 0, 0, 0))
    body = b"".join(rows)
    return b"RIFF" + struct.pack("<I", len(body)) + b"sfbkphdr" + struct.pack("<I", len(body)) + body


def test_presets_are_read_from_the_header(tmp_path):
    path = tmp_path / "font.sf2"
    path.write_bytes(header((128, 0, "Kit"), (0, 40, "Violin"), (8, 24, "Ukulele")))
    assert presets(path) == [Preset(0, 40, "Violin"), Preset(8, 24, "Ukulele"), Preset(128, 0, "Kit")]


def test_what_is_no_sound_font_is_refused(tmp_path):
    path = tmp_path / "font.sf2"
    path.write_bytes(b"hello")
    with pytest.raises(InstrunetError, match="not an SF2"):
        presets(path)


def test_programs_are_canonical_and_disjoint():
    assert set(PROGRAMS) <= set(INSTRUMENT_IDS)
    every = [program for programs, _, _ in PROGRAMS.values() for program in programs]
    assert len(every) == len(set(every))


def test_variations_are_other_instruments():
    assert instrument_of(Preset(8, 24, "")) == "ukulele"
    assert instrument_of(Preset(0, 24, "")) == "acoustic_guitar"
    assert instrument_of(Preset(17, 40, "")) is None
    assert instrument_of(Preset(0, 122, "")) is None
    assert 57 in pitches_of("ukulele")


@pytest.fixture
def silent_player(monkeypatch):
    """Stands in for FluidSynth: every note is a burst."""
    played: list[Preset] = []

    def burst(path, preset, notes, *, slot_s=1.0):
        played.append(preset)
        return [np.full(800, 0.1, np.float32) for _ in notes]

    monkeypatch.setattr(soundfont, "play_preset", burst)
    return played


def test_notes_know_instrument_pitch_and_loudness(tmp_path, silent_player):
    path = tmp_path / "Font.sf2"
    path.write_bytes(header((0, 40, "Violin"), (128, 0, "Kit"), (0, 122, "Sea")))
    rows = [row for row, _ in soundfont_notes(path)]
    violins = [row for row in rows if row.instrument == "violin"]
    assert {row.source for row in rows} == {"font"}
    assert violins[0].pitch == 55
    assert violins[0].loudness < violins[1].loudness
    assert {"kick", "snare"} <= {row.kind for row in rows if row.instrument == "drums"}
    assert {"conga"} <= {row.kind for row in rows if row.instrument == "hand_percussion"}


def test_a_chip_has_only_synthesizers_and_a_forbidden_font_nothing(tmp_path, silent_player):
    for name in ("OPL-3.sf2", "Merlin.sf2"):
        (tmp_path / name).write_bytes(header((0, 40, "Violin"), (0, 81, "Saw")))
    assert {row.instrument for row, _ in soundfont_notes(tmp_path / "OPL-3.sf2", drums=False)} == {"synthesizer"}
    for name in ("Merlin.sf2", "Black_Pearl_4_LV2.sf2"):
        (tmp_path / name).write_bytes(header((0, 0, "Piano?")))
        assert not list(soundfont_notes(tmp_path / name))


def test_a_missing_player_names_the_package(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(InstrunetError, match="fluidsynth"):
        play_preset("x.sf2", Preset(0, 0, ""), [(60, 100)])


@pytest.mark.slow
def test_a_real_font_plays_in_tune():
    small = [font for font in find_soundfonts() if font.stem.startswith("TimGM") and shutil.which("fluidsynth")]
    if not small:
        pytest.skip("no small sound-font or no FluidSynth on this machine")
    x = play_preset(small[0], Preset(0, 73, "Flute"), [(69, 100)])[0]
    spectrum = np.abs(np.fft.rfft(x[16_000:48_000]))
    assert abs(np.fft.rfftfreq(32_000, 1 / 32_000)[spectrum.argmax()] - 440) < 8
