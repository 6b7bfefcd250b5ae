"""Augmentation: pictures against scipy, labels against the meaning of union and blend."""

from __future__ import annotations

import numpy as np
import pytest

from instrunet.training.audio_warping import shifted, stretched
from instrunet.training.augmentation import LabelledMel, augmented, mixed, resized
from instrunet.training.recipe import AugmentationConfig
from tests.synth import tone


@pytest.mark.parametrize(("vertical", "horizontal"), [(1.0, 0.6), (1.0, 1.4), (1.7, 1.0), (0.5, 1.3)])
def test_warping_equals_scipy_zoom(rng: np.random.Generator, vertical: float, horizontal: float) -> None:
    from scipy.ndimage import zoom

    picture = rng.normal(size=(16, 23)).astype(np.float32)
    expected = picture
    for factors in ((vertical, 1), (1, horizontal)):
        zoomed = zoom(expected, factors, order=1)
        fitted = np.full(picture.shape, expected.min(), np.float32)
        rows, columns = (min(a, b) for a, b in zip(zoomed.shape, picture.shape, strict=True))
        fitted[:rows, :columns] = zoomed[:rows, :columns]
        expected = fitted
    np.testing.assert_allclose(resized(picture, vertical, horizontal), expected, atol=1e-5)


def batch(rng: np.random.Generator, n: int = 64) -> LabelledMel:
    mask = (rng.random((n, 3)) < 0.7).astype(np.float32)
    return LabelledMel(
        rng.normal(size=(n, 8, 9)).astype(np.float32), (rng.random((n, 3)) < 0.4).astype(np.float32), mask
    )


def test_union_mixup_never_invents_an_absence(rng: np.random.Generator) -> None:
    plain = batch(rng)
    out = mixed(plain, AugmentationConfig(mixup_p=1.0), rng)
    known_absent = (out.mask == 1) & (out.y < 0.5)
    own_absent = (plain.mask == 1) & (plain.y < 0.5)
    assert (own_absent | ~known_absent).all()  # absent in the mixture only where it is known absent of this clip
    own_present = (plain.mask == 1) & (plain.y >= 0.5)
    assert (out.y[own_present] == 1).all()
    assert (out.mask[own_present] == 1).all()
    assert (out.y.sum() + 0) > plain.y[own_present].sum()


def test_blend_mixup_averages_relevance_with_the_sound(rng: np.random.Generator) -> None:
    plain = LabelledMel(
        np.stack([np.zeros((2, 2)), np.ones((2, 2))]).astype(np.float32),
        np.eye(2, dtype=np.float32),
        np.ones((2, 2), np.float32),
    )
    out = mixed(plain, AugmentationConfig(mixup_p=1.0, mixup_labels="blend", mixup_alpha=1.0), np.random.default_rng(3))
    np.testing.assert_allclose(out.mel[:, 0, 0], out.y[:, 1], atol=1e-6)
    np.testing.assert_allclose(out.y.sum(axis=1), 1.0, atol=1e-6)


def test_nothing_asked_nothing_changed(rng: np.random.Generator) -> None:
    plain = batch(rng)
    out = augmented(plain, AugmentationConfig(), rng)
    np.testing.assert_array_equal(out.mel, plain.mel)
    np.testing.assert_array_equal(out.y, plain.y)


def test_masks_cover_runs_of_frames_and_bands(rng: np.random.Generator) -> None:
    plain = batch(rng)
    config = AugmentationConfig(time_masks=1, time_mask_frames=4, frequency_masks=1, frequency_mask_bands=3)
    out = augmented(plain, config, np.random.default_rng(0))
    changed = out.mel != plain.mel
    assert changed.any()
    full_columns, full_rows = changed.all(axis=1).sum(axis=1), changed.all(axis=2).sum(axis=1)
    assert full_columns.max() <= 4
    assert full_rows.max() <= 3
    assert (plain.mel == batch(np.random.default_rng(7)).mel).all()  # the input is left alone


def test_only_extra_clips_are_warped_if_asked(rng: np.random.Generator) -> None:
    plain = batch(rng, 40)
    extra = np.arange(40) % 2 == 0
    out = augmented(plain, AugmentationConfig(warp_p=1.0, warp_only_extra=True), rng, extra=extra)
    differs = (out.mel != plain.mel).any(axis=(1, 2))
    np.testing.assert_array_equal(differs, extra)


def peak_hz(x: np.ndarray, rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(x * np.hanning(len(x))))
    return float(np.argmax(spectrum) * rate / len(x))


@pytest.mark.parametrize("rate", [0.5, 0.8, 1.5])
def test_stretched_audio_keeps_its_pitch(rate: float) -> None:
    x = tone(440, 1.0, sample_rate_hz=16_000)
    y = stretched(x, rate)
    assert len(y) == pytest.approx(len(x) / rate, abs=1)
    assert peak_hz(y[2000:-2000], 16_000) == pytest.approx(440, rel=0.01)


@pytest.mark.parametrize("semitones", [-12.0, -5.0, 7.0, 12.0])
def test_shifted_audio_keeps_its_length(semitones: float) -> None:
    x = tone(440, 1.0, sample_rate_hz=16_000)
    y = shifted(x, semitones, 16_000)
    assert len(y) == len(x)
    assert peak_hz(y[2000:-2000], 16_000) == pytest.approx(440 * 2 ** (semitones / 12), rel=0.015)
    assert np.sqrt(np.mean(y[2000:-2000] ** 2)) == pytest.approx(np.sqrt(np.mean(x**2)), rel=0.25)
