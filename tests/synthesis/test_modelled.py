from __future__ import annotations

import numpy as np
import pytest

from instrunet.labels import INSTRUMENT_IDS
from instrunet.synthesis import additive
from instrunet.synthesis.modelled import FAMILIES, modelled_notes
from instrunet.synthesis.plucked import STRINGS, plucked_string


def fundamental_hz(x):
    """By autocorrelation, because a partial may be louder than the fundamental."""
    part = x[12_000:24_000] - x[12_000:24_000].mean()
    power = np.abs(np.fft.rfft(part, 2 * len(part))) ** 2
    lags = np.fft.irfft(power)[: len(part) // 4]
    start = int(np.argmax(lags < 0))
    return 32_000 / (start + int(np.argmax(lags[start:])))


@pytest.mark.parametrize("kind", ["ukulele", "harp", "electric_bass"])
def test_a_string_sounds_at_its_pitch_and_dies_away(kind, rng):
    x = plucked_string(STRINGS[kind], rng)(57.0, 0.9, rng)
    assert abs(1200 * np.log2(fundamental_hz(x) / 220.0)) < 40
    assert np.square(x[:16_000]).mean() > 4 * np.square(x[-16_000:]).mean()


@pytest.mark.parametrize("make", [additive.free_reed, additive.bowed, additive.brass])
def test_a_blown_or_bowed_tone_lasts(make, rng):
    x = make(rng)(60.0, 0.9, rng)
    assert np.isfinite(x).all()
    assert np.abs(x).max() == pytest.approx(0.9, abs=1e-3)
    assert np.square(x[50_000:70_000]).mean() > 0.2 * np.square(x[10_000:30_000]).mean()


def test_vowels_and_keys_sound(rng):
    for make in (additive.sung_vowel, additive.fm_keys, additive.pipe_organ, additive.drawbar_organ):
        assert np.abs(make(rng)(60.0, 0.8, rng)).max() > 0.5


def test_louder_keys_are_brighter():
    def centroid(x):
        spectrum = np.abs(np.fft.rfft(x))
        return (spectrum * np.arange(len(spectrum))).sum() / spectrum.sum()

    note = additive.fm_keys(np.random.default_rng(2))
    soft, loud = (note(60.0, level, np.random.default_rng(1)) for level in (0.2, 1.0))
    assert centroid(loud) > centroid(soft)


def test_families_are_canonical():
    assert {family[0] for family in FAMILIES.values()} | set(STRINGS) <= set(INSTRUMENT_IDS)


def test_the_same_seed_gives_the_same_note():
    one, two = (next(modelled_notes(4, families=("string_ukulele",))) for _ in range(2))
    assert one[0] == two[0]
    np.testing.assert_array_equal(one[1], two[1])
