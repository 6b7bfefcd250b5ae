"""Each named preparation does what the published work did, step by step."""

from __future__ import annotations

import numpy as np
import pytest

from instrunet.audio import PREPARATIONS, Audio, Preparation, fit, peak_normalise, prepare, resample, trim_silence
from instrunet.errors import UsageError
from tests.synth import silence, tone

SIZES = {"mel-image": 80_000, "medleydb": 330_750, "openmic": 320_000, "openmic-16k": 160_000, "irmas": 132_300}


def clip(seconds: float, rate: int = 44_100) -> Audio:
    return Audio(0.25 * tone(440, seconds, sample_rate_hz=rate, level=1.0), rate, ("a remark",))


@pytest.mark.parametrize(("name", "n"), SIZES.items())
@pytest.mark.parametrize("seconds", [0.01, 1.0, 16.0])
def test_rate_and_length_are_fixed(name: str, n: int, seconds: float) -> None:
    ready = prepare(clip(seconds), name)
    assert ready.samples.shape == (n,)
    assert ready.samples.dtype == np.float32
    assert ready.remarks == ("a remark",)


def test_all_five_are_named() -> None:
    assert set(PREPARATIONS) == set(SIZES)


def test_mel_image_is_resampled_normalised_trimmed_and_fitted() -> None:
    x = np.concatenate([silence(0.5, sample_rate_hz=44_100), clip(1.0).samples, silence(0.5, sample_rate_hz=44_100)])
    by_hand = fit(trim_silence(peak_normalise(resample(x, 44_100, 16_000))), 80_000)
    np.testing.assert_array_equal(prepare(Audio(x, 44_100), "mel-image").samples, by_hand)
    assert by_hand[15_000:18_500].any()
    assert not by_hand[20_000:].any()


def test_medleydb_begins_at_the_first_sound() -> None:
    x = np.concatenate([silence(2.0, sample_rate_hz=22_050), clip(14.0, 22_050).samples])
    ready = prepare(Audio(x, 22_050), "medleydb").samples
    assert abs(ready[0]) <= 0.01 or abs(ready[1]) > 0.01
    np.testing.assert_array_equal(ready, (x * (1 / np.abs(x).max())).astype(np.float32)[-330_750:])


def test_medleydb_pads_what_is_short() -> None:
    x = np.concatenate([silence(2.0, sample_rate_hz=22_050), clip(3.0, 22_050).samples])
    ready = prepare(Audio(x, 22_050), "medleydb").samples
    onset = int(np.argmax(np.abs(peak_normalise(x)) > 0.01))
    np.testing.assert_array_equal(ready[: len(x) - onset], peak_normalise(x)[onset:])
    assert not ready[len(x) - onset :].any()


def test_an_annotated_start_is_obeyed() -> None:
    x = np.arange(22_050 * 20, dtype=np.float32)
    ready = prepare(Audio(x, 22_050), "medleydb", start_s=2.0).samples
    assert ready[0] * x.max() == pytest.approx(44_100, rel=1e-5)


def test_your_own_preparation_and_a_wrong_name() -> None:
    assert prepare(clip(1.0), Preparation(0.5, sample_rate_hz=8000)).samples.shape == (4000,)
    with pytest.raises(UsageError, match="choose from mel-image"):
        prepare(clip(1.0), "nonesuch")


def test_nothing_at_all_becomes_silence() -> None:
    for name, n in SIZES.items():
        rate = PREPARATIONS[name].sample_rate_hz or 44_100
        assert not prepare(Audio(np.zeros((2, 0), np.float32), rate), name).samples.any()
        assert n
