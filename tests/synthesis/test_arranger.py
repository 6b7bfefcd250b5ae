from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from instrunet.labels import INSTRUMENT_IDS, instrument
from instrunet.synthesis.arranger import compose
from instrunet.synthesis.arranger.casting import BASS, LEAD, SUITS, Player
from instrunet.synthesis.arranger.harmony import PROGRESSIONS, SCALES, Harmony, chord_notes
from instrunet.synthesis.arranger.lines import WRITERS, Section, write_part
from instrunet.synthesis.arranger.performance import Hand, Tempo, perform
from instrunet.synthesis.arranger.rhythms import HAND_PATTERNS, PATTERNS
from instrunet.synthesis.arranger.styles import STYLES

PIECES = [compose(np.random.default_rng([7, number]), 20.0) for number in range(60)]


def _section(seed: int = 0, **changes: object) -> Section:
    harmony = Harmony.draw(np.random.default_rng(seed), tonic=2, family="major")
    return Section(**{"name": "verse", "n_bars": 4, "beats": 4, "harmony": harmony, "energy": 0.6, "busy": 0.6,
                      "drum_pattern": "rock"} | changes)  # type: ignore[arg-type]  # fmt: skip


def test_the_same_seed_is_the_same_piece() -> None:
    assert compose(np.random.default_rng(3), 15.0) == compose(np.random.default_rng(3), 15.0)


def test_every_instrument_can_play_something() -> None:
    assert set(SUITS) == set(INSTRUMENT_IDS)
    for name in INSTRUMENT_IDS:
        piece = compose(np.random.default_rng(1), 12.0, available=(name,))
        assert [part.instrument for part in piece.parts] == [name]


def test_rare_instruments_are_as_common_as_the_piano() -> None:
    counts = Counter(part.instrument for seed in range(200) for part in compose(np.random.default_rng(seed), 8.0).parts)
    for name in ("ukulele", "mandolin", "banjo", "accordion", "trombone", "harp", "clarinet", "bassoon"):
        assert 0.45 < counts[name] / counts["piano"] < 2.2


def test_with_voice_is_about_as_common_as_without() -> None:
    share = np.mean([any(part.instrument == "voice" for part in piece.parts) for piece in PIECES])
    assert 0.2 < share < 0.6


def test_notes_stay_within_the_piece_and_the_range_of_the_instrument() -> None:
    for piece in PIECES:
        for part in piece.parts:
            known = instrument(part.instrument)
            for event in part.events:
                assert 0 <= event.start_s < 20.0
                assert event.duration_s > 0
                assert event.start_s + event.duration_s <= 20.0 + 1e-9
                assert 0 < event.loudness <= 1
                if not event.kind and known.midi_low and known.midi_high:
                    assert known.midi_low - 12 <= event.pitch <= known.midi_high + 12


def test_textures_are_sparse_and_dense() -> None:
    sizes = [len(piece.parts) for piece in PIECES]
    assert min(sizes) <= 2
    assert max(sizes) >= 6
    assert len({piece.facts["style"] for piece in PIECES}) >= 10


@pytest.mark.parametrize("role", sorted(WRITERS))
def test_a_role_writes_within_its_section(role: str) -> None:
    name = next(name for name, roles in SUITS.items() if role in roles)
    for seed in range(4):
        strokes = write_part(Player(name, role, 48, 67), _section(seed), np.random.default_rng(seed))
        assert strokes
        assert all(0 <= stroke.beat < 16 for stroke in strokes)
        assert all(48 <= stroke.pitch <= 67 for stroke in strokes if not stroke.kind)


def test_the_bass_begins_every_bar_on_the_root_of_its_chord() -> None:
    section = _section(1)
    strokes = write_part(Player("electric_bass", BASS, 28, 45), section, np.random.default_rng(1))
    firsts = [stroke for stroke in strokes if stroke.beat % 4 == 0]
    assert firsts
    assert all(stroke.pitch % 12 == section.harmony.chord(int(stroke.beat) // 4).root for stroke in firsts)


def test_a_melody_keeps_to_the_key_and_its_chords() -> None:
    section = _section(2)
    strokes = write_part(Player("flute", LEAD, 60, 84), section, np.random.default_rng(2))
    for stroke in strokes:
        bar = int(stroke.beat) // 4
        allowed = section.harmony.scale_notes(60, 84) + chord_notes(section.harmony.chord(bar), 60, 84)
        assert stroke.pitch in allowed


def test_tables_are_well_formed() -> None:
    assert all(len(row) == 16 for p in PATTERNS.values() for row in (p.kick, p.snare, p.steady))
    assert all(len(row) == 16 for row in HAND_PATTERNS)
    assert all(set(style.families) <= set(PROGRESSIONS) for style in STYLES)
    assert all(set(style.drum_pattern) <= set(PATTERNS) for style in STYLES)
    assert all(0 in scale for scale in SCALES.values())


def test_hands_strum_double_and_repeat() -> None:
    chord = write_part(Player("mandolin", "pad", 55, 80), _section(n_bars=1), np.random.default_rng(0))
    rng = np.random.default_rng(0)
    strummed = perform(chord, Tempo(0.5), Hand(strum_s=0.02), rng)
    assert len({round(event.start_s, 4) for event in strummed}) == len(chord)
    assert len(perform(chord, Tempo(0.5), Hand(octave=12), rng)) == 2 * len(chord)
    assert len(perform(chord, Tempo(0.5), Hand(tremolo_hz=10), rng)) >= 15 * len(chord)
