"""Level, trim and fit, beside librosa where it does the same."""

from __future__ import annotations

import numpy as np
import pytest

from instrunet.audio import first_above, fit, peak_normalise, to_mono, trim_silence
from tests.synth import noise, plucked, silence


def test_mono_is_the_mean() -> None:
    x = np.stack([np.ones(4), np.zeros(4)]).astype(np.float32)
    assert to_mono(x).tolist() == [0.5] * 4
    assert to_mono(x[0]) is x[0] or to_mono(x[0]).tolist() == [1.0] * 4


def test_the_peak_is_one_and_silence_stays() -> None:
    assert np.abs(peak_normalise(0.1 * plucked(440, 0.1))).max() == pytest.approx(1.0)
    assert not peak_normalise(silence(0.1)).any()
    assert len(peak_normalise(np.zeros(0, np.float32))) == 0


@pytest.mark.parametrize("top_db", [20.0, 40.0, 60.0])
@pytest.mark.parametrize("seed", range(4))
def test_trim_is_librosas(top_db: float, seed: int) -> None:
    effects = pytest.importorskip("librosa").effects
    rng = np.random.default_rng(seed)
    quiet = [noise(float(rng.uniform(0, 0.3)), rng, level=10 ** rng.uniform(-5, -3)) for _ in range(2)]
    x = np.concatenate([quiet[0], plucked(440, 0.4), quiet[1]])
    expected, _ = effects.trim(x, top_db=top_db)
    np.testing.assert_array_equal(trim_silence(x, top_db=top_db), expected)


def test_trim_of_several_channels_keeps_what_any_of_them_plays() -> None:
    x = np.zeros((2, 20_000), np.float32)
    x[0, 8000:9000] = 1
    x[1, 12_000:13_000] = 1
    start, end = trim_silence(x).shape[1], 20_000
    assert 5000 < start < end


@pytest.mark.parametrize("n", [0, 1, 100])
def test_trim_of_silence_gives_it_back(n: int) -> None:
    assert len(trim_silence(np.zeros(n, np.float32))) == n


def test_fit_and_first_above() -> None:
    x = np.arange(5, dtype=np.float32)
    assert fit(x, 3).tolist() == [0, 1, 2]
    assert fit(np.stack([x, x]), 7).shape == (2, 7)
    assert first_above(x, 2.5) == 3
    assert first_above(np.stack([x * 0, x]), 2.5) == 3
    assert first_above(x, 99.0) == first_above(x[:0], 1.0) == 0
