from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from instrunet.labels import INSTRUMENT_IDS, instrument
from instrunet.synthesis.bank import SAMPLE_RATE_HZ
from instrunet.synthesis.phrases import UNPITCHED, Event, draw_phrase
from instrunet.synthesis.sampler import Playing, draw_playing, play, read_at, sustained
from tests.synthesis.note_material import small_bank, tone

STEADY = Playing(release_s=0.05)


def loudest_hz(x):
    spectrum = np.abs(np.fft.rfft(x * np.hanning(len(x))))
    return np.fft.rfftfreq(len(x), 1 / SAMPLE_RATE_HZ)[spectrum.argmax()]


@pytest.mark.parametrize("name", INSTRUMENT_IDS)
def test_every_instrument_has_phrases_within_their_time(name, rng):
    for _ in range(6):
        events = draw_phrase(name, 4.0, rng)
        assert events
        assert all(0 <= e.start_s < 4.2 and e.duration_s > 0 and 0 < e.loudness <= 1 for e in events)
        if name not in UNPITCHED:
            known = instrument(name)
            assert all(known.midi_low - 13 <= e.pitch <= known.midi_high + 13 for e in events)


def test_phrases_repeat_with_their_seed():
    one, two = (draw_phrase("violin", 5.0, np.random.default_rng(3)) for _ in range(2))
    assert one == two


@pytest.mark.parametrize("pitch", [58.0, 64.0, 71.0])
def test_a_note_sounds_at_its_pitch(tmp_path, rng, pitch):
    bank = small_bank(tmp_path)
    x = play(bank, [0, 1, 2], [Event(0.1, 1.0, pitch, 0.9)], 1.5, STEADY, rng)
    wanted = 440 * 2 ** ((pitch - 69) / 12)
    assert abs(loudest_hz(x[6400:32_000]) / wanted - 1) < 0.01
    assert np.abs(x).max() == pytest.approx(1.0)
    assert np.abs(x[: int(0.09 * SAMPLE_RATE_HZ)]).max() == 0


def test_a_pitch_out_of_reach_comes_back_by_octaves(tmp_path, rng):
    x = play(small_bank(tmp_path), [0, 1, 2], [Event(0.0, 0.5, 96.0, 0.9)], 1.0, STEADY, rng)
    assert abs(loudest_hz(x[1000:14_000]) / (440 * 2 ** ((72 - 69) / 12)) - 1) < 0.02


def test_a_smaller_body_keeps_the_pitch_and_reads_a_lower_note_faster(tmp_path, rng):
    bank, event, as_is = small_bank(tmp_path), [Event(0.0, 2.0, 66.0, 0.9)], Playing(ring=True, release_s=0.05)
    as_recorded = play(bank, [3, 4, 5], [Event(0.0, 2.0, 60.0, 0.9)], 2.0, as_is, rng)
    smaller = play(bank, [3, 4, 5], event, 2.0, replace(as_is, body=6.0), rng)
    larger = play(bank, [3, 4, 5], event, 2.0, replace(as_is, body=-6.0), rng)
    sounding = [int(np.flatnonzero(np.abs(x) > 0.01)[-1]) for x in (smaller, as_recorded, larger)]
    assert sounding[0] < 0.8 * sounding[1] < 0.8 * 0.8 * sounding[2]
    for x in (smaller, larger):
        assert abs(loudest_hz(x[1000:12_000]) / (440 * 2 ** ((66 - 69) / 12)) - 1) < 0.02


def test_detuning_is_heard(tmp_path, rng):
    x = play(small_bank(tmp_path), [0, 1, 2], [Event(0.0, 1.0, 66.0, 0.9)], 1.0, Playing(cents=50.0), rng)
    assert 1200 * np.log2(loudest_hz(x[1000:30_000]) / (440 * 2 ** ((66 - 69) / 12))) == pytest.approx(50, abs=6)


def test_vibrato_spreads_the_tone(tmp_path, rng):
    event = [Event(0.0, 1.9, 66.0, 0.9)]
    plain = play(small_bank(tmp_path / "a"), [1], event, 2.0, STEADY, rng)
    shaken = play(small_bank(tmp_path / "b"), [1], event, 2.0, Playing(vibrato_cents=60.0, vibrato_after_s=0.0), rng)
    peak = [np.abs(np.fft.rfft(x * np.hanning(len(x)))).max() for x in (plain, shaken)]
    assert peak[1] < 0.8 * peak[0]


def test_drums_play_the_asked_kind(tmp_path, rng):
    bank = small_bank(tmp_path)
    x = play(bank, [6, 7, 8], [Event(0.2, 0.5, 0, 1.0, "snare")], 1.0, draw_playing("drums", rng), rng)
    assert np.abs(x).max() == pytest.approx(1.0)
    assert np.abs(x[:6000]).max() == 0


def test_no_events_is_silence(tmp_path, rng):
    assert not play(small_bank(tmp_path), [0], [], 0.5, STEADY, rng).any()


def test_reading_between_samples_keeps_a_tone():
    x = tone(57.0)
    y = read_at(x, np.arange(0, 10_000) * 1.5)
    assert abs(loudest_hz(y[:10_000]) / 330.0 - 1) < 0.02


def test_a_lengthened_tone_keeps_its_loudness():
    x = sustained(tone(69.0), 60_000)
    blocks = x[:57_600].reshape(-1, 3200)
    assert np.sqrt((blocks**2).mean(1)).min() > 0.2
