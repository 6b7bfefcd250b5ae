from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from instrunet.synthesis.codec import Coding, code
from instrunet.synthesis.rooms import Room, measured_rooms, reverberate, synthetic_response
from instrunet.synthesis.studio import MixBus, Release, StemStudio
from instrunet.synthesis.studio.drive import Amplifier, Saturation, amplify, saturate
from instrunet.synthesis.studio.dynamics import Compressor, compress, compression_gain, limit
from instrunet.synthesis.studio.motion import Chorus, Echo, Phaser, Tremolo, chorus, echo, phase, tremolo
from instrunet.synthesis.studio.surroundings import KINDS, Surroundings, surround, surrounding_noise
from instrunet.synthesis.studio.tone import Band, Channel, Equaliser, band_limit, equalise
from tests.synth import noise, plucked, silence, tone

RATE_HZ = 16_000

Effect = Callable[..., Any]
Draw = Callable[[np.random.Generator], Any]

EFFECTS: list[tuple[Effect, Draw]] = [
    (equalise, Equaliser.draw),
    (compress, Compressor.draw),
    (saturate, Saturation.draw),
    (amplify, Amplifier.draw),
    (tremolo, Tremolo.draw),
    (chorus, Chorus.draw),
    (phase, Phaser.draw),
    (echo, Echo.draw),
    (reverberate, Room.draw),
    (surround, Surroundings.draw),
    (band_limit, Channel.draw),
    (code, Coding.draw),
]


@pytest.mark.parametrize(("effect", "draw"), EFFECTS, ids=[effect.__name__ for effect, _ in EFFECTS])
def test_an_effect_keeps_length_and_type_and_is_the_same_for_the_same_seed(effect: Effect, draw: Draw) -> None:
    x = plucked(220, 0.5, sample_rate_hz=RATE_HZ)
    before = x.copy()
    first, second = (effect(x, RATE_HZ, draw(np.random.default_rng(3))) for _ in range(2))
    assert first.dtype == np.float32
    assert first.shape == x.shape
    assert np.isfinite(first).all()
    assert np.array_equal(first, second)
    assert np.array_equal(x, before), "the input must not change"


@pytest.mark.parametrize(("effect", "draw"), EFFECTS, ids=[effect.__name__ for effect, _ in EFFECTS])
def test_an_effect_survives_silence_and_nothing(effect: Effect, draw: Draw) -> None:
    for x in (silence(0.1, sample_rate_hz=RATE_HZ), np.zeros(0, np.float32), np.zeros(1, np.float32)):
        out = effect(x, RATE_HZ, draw(np.random.default_rng(3)))
        assert out.shape == x.shape
        assert np.isfinite(out).all()


def _gain_db(hz: float, equaliser: Equaliser) -> float:
    x = tone(hz, 0.5, sample_rate_hz=RATE_HZ)
    return float(20 * np.log10(equalise(x, RATE_HZ, equaliser)[4000:].std() / x[4000:].std()))


@pytest.mark.parametrize(
    ("shape", "hz", "expected_db"),
    [
        ("low_shelf", 60, 6),
        ("low_shelf", 6000, 0),
        ("high_shelf", 6000, 6),
        ("high_shelf", 60, 0),
        ("peak", 1000, 6),
        ("peak", 60, 0),
    ],
)
def test_a_band_raises_its_own_region_only(shape: str, hz: float, expected_db: float) -> None:
    assert _gain_db(hz, Equaliser((Band(shape, 1000.0, 6.0),))) == pytest.approx(expected_db, abs=0.5)


def test_the_compressor_obeys_its_ratio() -> None:
    loud = np.full(RATE_HZ, 10 ** (-8 / 20), np.float32)
    gain = compression_gain(loud, RATE_HZ, Compressor(threshold_db=-20, ratio=4))
    assert 20 * np.log10(gain[-1]) == pytest.approx(-12 * 3 / 4, abs=0.1)
    quiet = np.full(RATE_HZ, 10 ** (-30 / 20), np.float32)
    assert np.allclose(compression_gain(quiet, RATE_HZ, Compressor(threshold_db=-20, ratio=4)), 1)


def test_the_limiter_never_passes_its_ceiling(rng: np.random.Generator) -> None:
    x = noise(0.5, rng, sample_rate_hz=RATE_HZ, level=1.0)
    assert np.abs(limit(x, RATE_HZ, ceiling=0.5)).max() <= 0.5


def test_drive_adds_overtones() -> None:
    x = tone(500, 0.5, sample_rate_hz=RATE_HZ, level=1.0)
    spectrum = np.abs(np.fft.rfft(saturate(x, RATE_HZ, Saturation(drive_db=20))))
    clean = np.abs(np.fft.rfft(x))
    third = round(1500 * 0.5)
    assert spectrum[third] > 30 * clean[third]


def test_a_room_rings_on_for_its_time() -> None:
    x = np.zeros(RATE_HZ, np.float32)
    x[0] = 1
    short, long = (reverberate(x, RATE_HZ, Room(wet=1, t60_s=t60_s, seed=4)) for t60_s in (0.2, 1.5))
    half = RATE_HZ // 2
    assert np.sum(long[half:] ** 2) > 100 * np.sum(short[half:] ** 2)


def test_measured_rooms_leave_out_what_may_not_ship(shared: Path) -> None:
    every, shippable = (measured_rooms(shared / "ir", shippable=flag) for flag in (False, True))
    assert len(every) == 15
    assert len(shippable) == 11
    wet = reverberate(plucked(220, 0.5, sample_rate_hz=RATE_HZ), RATE_HZ, Room(wet=0.5, path=shippable[0]))
    assert np.isfinite(wet).all()


def test_a_synthetic_response_is_reproducible() -> None:
    room = Room(wet=0.2, seed=9)
    assert np.array_equal(synthetic_response(room, RATE_HZ), synthetic_response(room, RATE_HZ))


@pytest.mark.parametrize("kind", KINDS)
def test_surroundings_have_unit_loudness(kind: str) -> None:
    made = surrounding_noise(RATE_HZ, RATE_HZ, Surroundings(kind, -20, seed=2))
    assert np.sqrt(np.mean(made**2)) == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("codec", ["mp3", "ogg", "opus"])
@pytest.mark.parametrize("kbit_s", [32, 320])
def test_a_codec_pass_stays_in_time(codec: str, kbit_s: int) -> None:
    x = band_limit(noise(0.5, np.random.default_rng(1), sample_rate_hz=32_000), 32_000, Channel(100, 1000))
    y = code(x, 32_000, Coding(codec, kbit_s))
    lags = np.correlate(y, x[2000:12000], mode="valid")
    assert int(np.argmax(lags)) == pytest.approx(2000, abs=2)
    assert np.corrcoef(x, y)[0, 1] > 0.9


def test_a_low_sample_rate_removes_the_top(rng: np.random.Generator) -> None:
    x = noise(0.5, rng, sample_rate_hz=32_000)
    spectrum = np.abs(np.fft.rfft(code(x, 32_000, Coding(rate_hz=8000))))
    assert spectrum[4000:].mean() < 0.02 * spectrum[:1500].mean()


def test_an_unknown_codec_is_named() -> None:
    with pytest.raises(ValueError, match="wax"):
        code(np.ones(10, np.float32), 16_000, Coding("wax"))


def test_a_stem_keeps_its_level_and_writes_every_draw(rng: np.random.Generator) -> None:
    studio = StemStudio.draw(rng, "electric_guitar")
    out = studio.apply(plucked(110, 0.5, sample_rate_hz=RATE_HZ), RATE_HZ)
    assert np.abs(out).max() == pytest.approx(10 ** (studio.level_db / 20), rel=1e-3)
    assert json.loads(json.dumps(studio.to_dict()))["level_db"] == studio.level_db


def test_mastered_stems_add_up_below_the_ceiling(rng: np.random.Generator) -> None:
    stems = [noise(0.5, rng, sample_rate_hz=RATE_HZ, level=0.4) for _ in range(5)]
    for seed in range(5):
        bus = MixBus.draw(np.random.default_rng(seed))
        done = bus.apply(stems, RATE_HZ)
        assert np.abs(np.sum(done, axis=0)).max() <= bus.ceiling + 1e-4
        assert bus.to_dict()["ceiling"] == bus.ceiling


def test_silent_stems_pass_the_bus() -> None:
    stems = [silence(0.1, sample_rate_hz=RATE_HZ)] * 2
    assert not np.any(MixBus.draw(np.random.default_rng(1)).apply(stems, RATE_HZ))
    assert MixBus().apply([], RATE_HZ) == []


def test_a_release_comes_back_from_its_metadata() -> None:
    x = plucked(220, 0.5, sample_rate_hz=RATE_HZ)
    for seed in range(12):
        release = Release.draw(np.random.default_rng(seed))
        again = Release.from_dict(json.loads(json.dumps(release.to_dict())))
        assert again == release
        assert np.array_equal(again.apply(x, RATE_HZ), release.apply(x, RATE_HZ))
