from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from instrunet.errors import InstrunetError
from instrunet.labels import INSTRUMENT_IDS
from instrunet.synthesis.arranger import Part, Piece
from instrunet.synthesis.general_midi import program_of, slakh_class
from instrunet.synthesis.midi import BrokenMidiError, messages_of, read_midi, write_midi
from instrunet.synthesis.music_sources import Music, accompaniment, draw_piece, excerpt, find_midi, reassigned
from instrunet.synthesis.phrases import Event
from instrunet.synthesis.soundfont import Preset
from instrunet.synthesis.soundfont_parts import FontPart, play_parts, presets_of
from instrunet.synthesis.truth import activity, agreement, played_frames

FONT = Path("/usr/share/sounds/sf2/TimGM6mb.sf2")

PARTS = (
    Part("violin", "lead", tuple(Event(0.5 * k, 0.45, 62 + k, 0.8) for k in range(8))),
    Part("drums", "drums", tuple(Event(0.5 * k, 0.1, 0, 0.9, "kick" if k % 2 else "snare") for k in range(8))),
)


def test_parts_survive_a_midi_file(tmp_path: Path) -> None:
    write_midi(tmp_path / "a.mid", PARTS, length_s=5.0)
    piece = read_midi(tmp_path / "a.mid")
    assert [part.instrument for part in piece.parts] == ["violin", "drums"]
    for before, after in zip(PARTS, piece.parts, strict=True):
        assert [e.kind for e in after.events] == [e.kind for e in before.events]
        assert np.allclose([e.start_s for e in after.events], [e.start_s for e in before.events], atol=2e-3)
    assert [e.pitch for e in piece.parts[0].events] == list(range(62, 70))


def test_a_part_ends_with_the_pedal_up_and_silence() -> None:
    last = messages_of(PARTS[0].events, length_s=5.0)[-2:]
    assert [(m.kind, m.first, m.second) for m in last] == [("control_change", 64, 0), ("control_change", 120, 0)]


def test_a_key_is_let_go_before_it_is_struck_again() -> None:
    messages = messages_of([Event(0.0, 1.0, 60, 0.5), Event(0.5, 1.0, 60, 0.5)], length_s=2.0)[:-2]
    assert [m.kind for m in messages] == ["note_on", "note_off", "note_on", "note_off"]


@pytest.mark.parametrize(
    "content", [b"", b"MThd", b"RIFF....", b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\x01\xe0MTrk\x00\x00\x00\x02\x00"]
)
def test_broken_midi_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "bad.mid").write_bytes(content)
    with pytest.raises(BrokenMidiError, match="bad"):
        read_midi(tmp_path / "bad.mid")


def test_broken_files_are_skipped_and_counted(tmp_path: Path) -> None:
    write_midi(tmp_path / "good.mid", PARTS, length_s=5.0)
    (tmp_path / "bad.mid").write_bytes(b"nonsense")
    music = Music(arranger=0, midi=1, midi_files=find_midi([tmp_path]))
    n_skipped, n_midi = 0, 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        piece, skipped = draw_piece(music, rng, length_s=4.0, available=INSTRUMENT_IDS)
        n_skipped += sum(skipped.values())
        n_midi += piece.facts["music"] == "midi"
    assert n_skipped > 0
    assert n_midi >= 10


def test_an_excerpt_that_is_as_good_as_silent_is_not_taken(tmp_path: Path, rng: np.random.Generator) -> None:
    lone = Part("drums", "drums", PARTS[1].events[:2])
    write_midi(tmp_path / "lone.mid", [lone], length_s=20.0)
    music = Music(arranger=0, midi=1, midi_files=find_midi([tmp_path]))
    assert draw_piece(music, rng, length_s=8.0, available=INSTRUMENT_IDS)[0].facts["music"] == "arranger"


def test_a_folder_without_midi_is_named(tmp_path: Path) -> None:
    with pytest.raises(InstrunetError, match="no MIDI"):
        find_midi([tmp_path])


def test_an_excerpt_starts_at_zero_and_is_cut(rng: np.random.Generator) -> None:
    piece = excerpt(Piece("x", 4.0, PARTS), 2.0, rng)
    for part in piece.parts:
        assert all(0 <= event.start_s and event.start_s + event.duration_s <= 2.0 + 1e-9 for event in part.events)


def test_new_instruments_fit_and_none_comes_twice() -> None:
    low = Part("cello", "bass", tuple(Event(k, 1, 40 + k, 1.0) for k in range(4)))
    piece = Piece("x", 4.0, (PARTS[0], PARTS[1], low))
    for seed in range(20):
        names = [part.instrument for part in reassigned(piece, INSTRUMENT_IDS, np.random.default_rng(seed)).parts]
        assert len(names) == len(set(names))
        assert "drums" in names
        assert "flute" not in names[2:]


def test_every_instrument_has_a_program_and_a_class() -> None:
    for name in INSTRUMENT_IDS:
        assert 0 <= program_of(name) <= 128
        assert slakh_class(program_of(name))


@pytest.mark.skipif(shutil.which("mma") is None, reason="mma is not installed")
def test_accompaniments_come_from_mma() -> None:
    piece = accompaniment(np.random.default_rng(2), n_bars=4)
    assert len(piece.parts) >= 2
    assert piece.facts["groove"]


def test_real_midi_files_are_read(shared: Path) -> None:
    files = find_midi([shared / "midi"])
    assert len(files) == 143
    assert read_midi(files[0]).parts


@pytest.mark.skipif(not FONT.is_file(), reason="no sound-font")
@pytest.mark.parametrize("engine", ["fluidsynth", "tinysoundfont"])
def test_sound_fonts_play_parts_where_their_notes_are(engine: str) -> None:
    if engine == "fluidsynth" and shutil.which("fluidsynth") is None:
        pytest.skip("FluidSynth is not installed")
    if engine == "tinysoundfont":
        pytest.importorskip("tinysoundfont")
    chosen = presets_of(str(FONT))
    parts = [FontPart(chosen[part.instrument][0], part.events) for part in PARTS]
    made = play_parts(FONT, parts, length_s=4.5, sample_rate_hz=16_000, engine=engine)
    again = play_parts(FONT, parts, length_s=4.5, sample_rate_hz=16_000, engine=engine)
    assert [len(x) for x in made] == [72_000, 72_000]
    for x, y, part in zip(made, again, PARTS, strict=True):
        assert np.array_equal(x, y)
        found = activity([x], 16_000)
        assert agreement(found.sounds[0], played_frames(part.events, found.sounds.shape[1])) > 0.95


def test_a_missing_sound_font_names_the_package() -> None:
    with pytest.raises(InstrunetError, match="fluid-soundfont-gm"):
        play_parts("/nowhere.sf2", [FontPart(Preset(0, 0, ""), ())], length_s=1.0, sample_rate_hz=8000)
