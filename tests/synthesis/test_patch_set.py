from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from instrunet.errors import InstrunetError
from instrunet.synthesis import patch_set
from instrunet.synthesis.patch_set import find_patch_sets, numbers_of, timidity_command
from instrunet.synthesis.soundfont import Preset, is_patch_set, play_preset, presets, soundfont_notes

TEXT = """dir /usr/share/midi  # where
drumset 0
 35 Drum_000/kick.pat amp=100
bank 0
 40 Tone_000/violin.pat
 #41 Tone_000/viola.pat
 57 Tone_000/trombone.pat
bank 1
 12 Tone_001/other.pat
"""
FREEPATS = Path(patch_set.PATCH_SETS[0])


def test_programs_of_the_first_bank_and_drums_are_read(tmp_path):
    path = tmp_path / "set.cfg"
    path.write_text(TEXT)
    assert numbers_of(path) == ([40, 57], True)
    assert presets(path) == [Preset(0, 40, ""), Preset(0, 57, ""), Preset(128, 0, "")]
    assert is_patch_set(path)
    assert not is_patch_set("a.sf2")


def test_a_file_without_patches_is_refused(tmp_path):
    (tmp_path / "set.cfg").write_text("dir /tmp\n")
    with pytest.raises(InstrunetError, match="names no patches"):
        presets(tmp_path / "set.cfg")


def test_without_a_player_the_package_is_named(tmp_path, monkeypatch):
    (tmp_path / "set.cfg").write_text(TEXT)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert find_patch_sets((str(tmp_path / "set.cfg"),)) == []
    with pytest.raises(InstrunetError, match="install the system package 'timidity'"):
        timidity_command("a.cfg", Path("a.mid"), Path("a.raw"), 32_000)
    with pytest.raises(InstrunetError, match="timidity"):
        next(iter(soundfont_notes(tmp_path / "set.cfg")))


@pytest.mark.skipif(not find_patch_sets(), reason="FreePats and TiMidity++ are not installed")
def test_a_patch_sounds_at_the_pitch_that_was_asked_for():
    low, high = play_preset(FREEPATS, Preset(0, 71, "Clarinet"), [(57, 100), (69, 100)])
    for x, hz in ((low, 220), (high, 440)):
        spectrum = np.abs(np.fft.rfft(x[8000:40_000] * np.hanning(32_000)))
        assert spectrum[hz - 4 : hz + 5].max() > 0.2 * spectrum.max()
        assert spectrum[hz - 40 : hz - 10].max() < 0.1 * spectrum[hz - 4 : hz + 5].max()
