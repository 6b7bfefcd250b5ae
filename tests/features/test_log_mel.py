"""Every front end against librosa or a reference written out here, and the torch twin against the served one."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from instrunet.errors import InstrunetError, UsageError
from instrunet.features import FRONT_ENDS, LogMelConfig, front_end, log_mel
from tests.synth import noise, plucked

librosa = pytest.importorskip("librosa")
DB_PER_LN = 10 / np.log(10)


@pytest.fixture
def music(rng: np.random.Generator) -> NDArray[np.float32]:
    strings = sum(plucked(hz, 1.5, decay_s=0.8) for hz in (110.0, 277.2, 659.3))
    return (0.3 * np.asarray(strings) + noise(1.5, rng, level=0.01)).astype(np.float32)


def librosa_mel(x: NDArray[np.floating], config: LogMelConfig, pad_mode: str) -> NDArray[np.float64]:
    mel = librosa.feature.melspectrogram(
        y=x.astype(np.float64),
        sr=config.sample_rate_hz,
        n_fft=config.n_fft,
        win_length=config.win_length,
        hop_length=config.hop_length,
        n_mels=config.n_mels,
        fmin=config.fmin_hz,
        fmax=config.fmax_hz,
        pad_mode=pad_mode,
    )
    return np.asarray(mel, np.float64)


def test_ours_equals_librosa(music):
    config = LogMelConfig()
    expected = np.log(librosa_mel(music, config, "reflect") + 1e-5)
    served = log_mel(music).astype(np.float64) * config.divisor - config.offset
    assert np.max(np.abs(served - expected)) * DB_PER_LN < 1e-3


def test_librosa_default_front_end_equals_librosa(music):
    power = librosa.feature.melspectrogram(y=music.astype(np.float64), sr=22_050)
    expected = librosa.power_to_db(power, ref=np.max)
    assert np.max(np.abs(log_mel(music, front_end("librosa22k-db")) - expected)) < 1e-3


def test_standardised_front_end_equals_librosa_and_is_standard(music):
    config = front_end("mel16k-standardised")
    levels = np.log(librosa_mel(music, config, "reflect") + 1e-6)
    expected = (levels - levels.mean()) / levels.std()
    served = log_mel(music, config)
    assert np.max(np.abs(served - expected)) * levels.std() * DB_PER_LN < 1e-3
    assert abs(float(served.mean())) < 1e-4
    assert float(served.std()) == pytest.approx(1, abs=1e-4)


def passt_reference(x: NDArray[np.floating]) -> NDArray[np.float64]:
    """Slow and plain: one frame and one band at a time, in double precision."""
    x = x.astype(np.float64)
    emphasised = x[1:] - 0.97 * x[:-1]
    padded = np.pad(emphasised, 512, mode="reflect")
    window = np.zeros(1024)
    window[112:912] = np.hanning(800)
    mel_of = lambda hz: 1127 * np.log(1 + np.asarray(hz) / 700)  # noqa: E731
    corners = np.linspace(mel_of(0), mel_of(15_000), 130)
    axis = mel_of(np.arange(513) * 32_000 / 1024)
    out = np.empty((128, 1 + len(emphasised) // 320))
    for k in range(out.shape[1]):
        power = np.abs(np.fft.rfft(padded[320 * k : 320 * k + 1024] * window)) ** 2
        for band in range(128):
            out[band, k] = np.interp(axis, corners[band : band + 3], [0, 1, 0]) @ power
    return (np.log(out + 1e-5) + 4.5) / 5


def test_passt_front_end_equals_its_written_reference(music):
    served = log_mel(music[:16_000], front_end("passt32k"))
    assert np.max(np.abs(served - passt_reference(music[:16_000]))) * 5 * DB_PER_LN < 1e-3


@pytest.mark.parametrize("name", FRONT_ENDS)
@pytest.mark.parametrize("n_samples", [1, 2, 700, 20_000])
def test_torch_equals_served(name, n_samples, music):
    pytest.importorskip("torch")
    import torch

    from instrunet.features.torch_log_mel import TorchLogMel

    config = front_end(name)
    clips = np.stack([music[:n_samples], music[-n_samples:]])
    together = TorchLogMel(config)(torch.from_numpy(clips)).numpy()
    for clip, mel in zip(clips, together, strict=True):
        served = log_mel(clip, config)
        assert served.shape == mel.shape == (config.n_mels, config.n_frames(n_samples))
        assert np.max(np.abs(served - mel)) < 1e-3


def test_a_tone_lights_its_band():
    config = LogMelConfig()
    t = np.arange(32_000) / 32_000
    bank_peak_hz = [440.0, 3_000.0, 12_000.0]
    rows = [int(log_mel(np.sin(2 * np.pi * hz * t).astype(np.float32), config)[:, 25].argmax()) for hz in bank_peak_hz]
    centres = librosa.mel_frequencies(n_mels=130, fmin=30, fmax=15_500)[1:-1]
    assert [int(np.argmin(np.abs(centres - hz))) for hz in bank_peak_hz] == rows


def test_silence_is_the_floor_and_standardised_silence_is_zero():
    zeros = np.zeros(8_000, np.float32)
    assert log_mel(zeros) == pytest.approx((np.log(1e-5) + 6) / 4, abs=1e-5)
    assert not log_mel(zeros, front_end("mel16k-standardised")).any()


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"win_length": 2000}, "longer than n_fft"),
        ({"fmax_hz": 17_000.0}, "do not fit"),
        ({"hop_length": 0}, "hop_length must be positive"),
        ({"scale": "bark"}, "choose from ln, db"),
    ],
)
def test_a_front_end_that_cannot_be_is_refused(changes, complaint):
    with pytest.raises(InstrunetError, match=complaint):
        LogMelConfig(**changes)


def test_configs_survive_the_round_trip_and_unknown_settings_do_not():
    for config in FRONT_ENDS.values():
        assert LogMelConfig.from_dict(config.to_dict()) == config
    with pytest.raises(InstrunetError, match="unknown setting loudness"):
        LogMelConfig.from_dict({"loudness": 3})


def test_unknown_names_and_wrong_shapes_are_one_sentence():
    with pytest.raises(UsageError, match="there are instrunet32k"):
        front_end("mfcc")
    for bad in (np.zeros((2, 100)), np.zeros(0)):
        with pytest.raises(InstrunetError, match="mono samples"):
            log_mel(bad)
