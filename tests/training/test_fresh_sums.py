"""Fresh sums: power adds up, truth is the union, every epoch differs, and what cannot be summed is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from instrunet.features import front_end, log_mel
from instrunet.training.batches import BatchSource
from instrunet.training.clips import Clips
from instrunet.training.feature_store import FeatureStore, View
from instrunet.training.fresh_sums import FreshSums, fresh_sums
from instrunet.training.recipe import AugmentationConfig, SamplingConfig
from instrunet.training.settings import RecipeError
from tests.training.toys import toy_clips

VIEW = View("mel16k-standardised", 0.5)
RAW = replace(VIEW, unstandardised=True).mel
ALWAYS = SamplingConfig(fresh_sums=1.0, sums_most=2, fresh_gain_db=0.0)


def noises(n: int) -> np.ndarray:
    """Independent noises, each loud in a band of its own."""
    rng = np.random.default_rng(3)
    t = np.arange(8_000) / 16_000
    return np.stack([rng.normal(0, 0.05, 8_000) + 0.3 * np.sin(2 * np.pi * 400 * (k + 1) * t) for k in range(n)])


def solos(n: int = 4) -> tuple[Clips, FeatureStore, np.ndarray]:
    """``n`` clips with one label each, their store of plain log-mel, and their samples."""
    clips, _ = toy_clips(n, seed=0)
    sounds = noises(n)
    clips = replace(clips, y=np.eye(n, dtype=np.float32), mask=np.ones((n, n), np.bool_))
    return clips, FeatureStore(np.stack([log_mel(x, RAW) for x in sounds]).astype(np.float16), {}), sounds


def summing(config: SamplingConfig, clips: Clips) -> FreshSums:
    fresh = fresh_sums(config, VIEW, clips)
    assert fresh is not None
    return fresh


def test_a_sum_of_power_is_what_the_sum_of_sound_looks_like(rng: np.random.Generator) -> None:
    clips, store, sounds = solos()
    made = summing(ALWAYS, clips).batch(clips, store, np.array([0, 1, 2, 3]), rng)
    assert (made.y.sum(axis=1) <= 2).all()
    assert made.y.sum() > 4
    for mel, y in zip(made.mel, made.y, strict=True):
        heard = log_mel(sounds[y == 1].sum(axis=0), front_end(VIEW.front_end))
        assert np.corrcoef(mel.ravel(), heard.ravel())[0, 1] > 0.9
        assert abs(mel.mean()) < 1e-4
        assert mel.std() == pytest.approx(1, abs=1e-3)


def test_clips_that_are_not_summed_are_as_the_front_end_makes_them(rng: np.random.Generator) -> None:
    clips, store, sounds = solos()
    both = replace(clips, y=np.ones_like(clips.y))
    both.y[0] = [1, 0, 0, 0]
    made = summing(ALWAYS, both).batch(both, store, np.array([1, 2]), rng)
    np.testing.assert_allclose(made.mel[0], log_mel(sounds[1], front_end(VIEW.front_end)), atol=0.02)
    np.testing.assert_array_equal(made.y, both.y[[1, 2]])


def test_an_equaliser_is_one_smooth_curve_for_all_frames_of_a_clip(rng: np.random.Generator) -> None:
    clips, store, _ = solos()
    both = replace(clips, y=np.ones_like(clips.y))
    both.y[0] = [1, 0, 0, 0]
    plain, bent = (
        replace(summing(replace(ALWAYS, fresh_eq_db=db), both), front=RAW).batch(both, store, np.array([1, 2]), rng)
        for db in (0.0, 12.0)
    )
    curves = bent.mel - plain.mel
    assert np.ptp(curves, axis=2).max() < 1e-3
    assert 0.1 < np.ptp(curves[:, :, 0], axis=1).max() < 30
    assert not np.allclose(curves[0], curves[1])
    assert np.abs(np.diff(curves[:, :, 0], axis=1)).max() < 0.5


def test_the_truth_of_a_sum_is_the_union_of_what_is_known(rng: np.random.Generator) -> None:
    clips, store, _ = solos()
    clips.mask[:, 3] = np.arange(4) == 3
    config = replace(ALWAYS, sums_most=4)
    for _ in range(20):
        made = summing(config, clips).batch(clips, store, np.array([0]), rng)
        assert made.y[0, 0] == 1
        assert made.mask[0, :3].all()
        assert made.mask[0, 3] == made.y[0, 3]


def test_single_clips_are_laid_onto_mixes(rng: np.random.Generator) -> None:
    clips, store, sounds = solos()
    clips.y[0] = [1, 1, 0, 0]
    only = SamplingConfig(fresh_onto_mixes=1.0, fresh_gain_db=0.0)
    rows = np.zeros(40, np.int64)
    made = summing(only, clips).batch(clips, store, rows, rng)
    assert (made.y[:, :2] == 1).all()
    assert {2.0, 3.0, 4.0} == set(made.y.sum(axis=1)), "one or two on top, of which one may be there already"
    fullest = int(made.y.sum(axis=1).argmax())
    heard = log_mel(sounds[0] + sounds[2] + sounds[3], front_end(VIEW.front_end))
    assert np.corrcoef(made.mel[fullest].ravel(), heard.ravel())[0, 1] > 0.9
    alone = summing(only, clips).batch(clips, store, np.array([2, 3]), rng)
    np.testing.assert_array_equal(alone.y, clips.y[[2, 3]])
    np.testing.assert_array_equal(summing(ALWAYS, clips).batch(clips, store, rows, rng).y, clips.y[rows])


def test_sums_depend_on_epoch_and_step_alone() -> None:
    clips, store, _ = solos()
    source = BatchSource(clips, store, ALWAYS, AugmentationConfig(), 2, 5, fresh=summing(ALWAYS, clips))
    first, again, later = (list(source.batches(epoch)) for epoch in (0, 0, 1))
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a.content.mel, b.content.mel)
    assert not np.allclose(first[0].content.mel, later[0].content.mel)
    np.testing.assert_array_equal(next(source.batches(0, first_step=1)).content.mel, first[1].content.mel)


def test_what_cannot_be_summed_is_refused() -> None:
    clips, _, _ = solos()
    assert fresh_sums(SamplingConfig(), VIEW, clips) is None
    for name in ("yamnet", "mel-image"):
        with pytest.raises(RecipeError, match=rf"which {name} does not keep: use sampling\.sums"):
            fresh_sums(ALWAYS, View(name, 3.0), clips)
    with pytest.raises(RecipeError, match="sums_most must be 2 or more"):
        fresh_sums(replace(ALWAYS, sums_most=1), VIEW, clips)
    with pytest.raises(RecipeError, match="nothing can be added"):
        fresh_sums(ALWAYS, VIEW, replace(clips, y=np.ones_like(clips.y)))
