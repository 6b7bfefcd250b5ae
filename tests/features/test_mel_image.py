"""The mel image against Pillow's scaling of librosa's spectrogram."""

from __future__ import annotations

import numpy as np
import pytest

from instrunet.errors import InstrunetError
from instrunet.features import LogMelConfig, MelImageConfig, mel_image
from tests.synth import noise, plucked

librosa = pytest.importorskip("librosa")
image = pytest.importorskip("PIL.Image")


@pytest.mark.parametrize("duration_s", [0.3, 2.0])
def test_equals_librosa_scaled_by_pillow(duration_s, rng):
    x = plucked(330.0, duration_s, sample_rate_hz=16_000) + noise(duration_s, rng, sample_rate_hz=16_000, level=0.01)
    power = librosa.feature.melspectrogram(
        y=x.astype(np.float64), sr=16_000, n_fft=1024, hop_length=256, pad_mode="reflect"
    )
    levels = librosa.power_to_db(power, ref=np.max) / 80 + 1
    picture = image.fromarray(levels.astype(np.float32)).resize((128, 128), image.Resampling.BILINEAR)
    assert np.max(np.abs(mel_image(x) - np.asarray(picture))) * 80 < 1e-3


def test_silence_is_black_and_one_sample_is_a_picture():
    assert not mel_image(np.zeros(5_000, np.float32)).any()
    assert mel_image(np.ones(1, np.float32)).shape == (128, 128)


def test_size_follows_the_config_which_survives_the_round_trip(rng):
    config = MelImageConfig(height=64, width=96)
    assert mel_image(noise(0.2, rng, sample_rate_hz=16_000), config).shape == (64, 96)
    assert MelImageConfig.from_dict(config.to_dict()) == config


def test_a_scale_without_a_peak_is_refused():
    with pytest.raises(InstrunetError, match="below the peak"):
        MelImageConfig(mel=LogMelConfig())
