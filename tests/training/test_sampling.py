"""Sampling: balanced draws, oversampled rare classes, sums, and batches that depend on seed, epoch and step alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from instrunet.training.batches import Share
from instrunet.training.clips import Clips
from instrunet.training.recipe import AugmentationConfig, SamplingConfig
from instrunet.training.sampling import draw_weights, epoch_order, oversampled, with_audio_copies, with_sums
from tests.training.toys import toy_clips, toy_recipe, toy_source


def clips_with(y: np.ndarray) -> Clips:
    clips, _ = toy_clips(len(y), seed=0)
    return replace(clips, y=y.astype(np.float32), mask=np.ones(y.shape, bool))


def test_balanced_draws_meet_each_class_equally(rng: np.random.Generator) -> None:
    y = np.zeros((110, 3))
    y[:100, 0], y[100:108, 1], y[108:, 2] = 1, 1, 1
    clips = clips_with(y)
    np.testing.assert_allclose(y.T @ draw_weights(clips, SamplingConfig(kind="balanced")), 1 / 3)
    drawn = epoch_order(clips, SamplingConfig(kind="balanced"), rng, 3000)
    np.testing.assert_allclose(y[drawn].mean(axis=0), 1 / 3, atol=0.04)


def test_source_weights_scale_the_draws() -> None:
    clips = clips_with(np.eye(4))
    weights = draw_weights(replace(clips, weights=np.array([1, 1, 1, 3.0])), SamplingConfig())
    np.testing.assert_allclose(weights, [1 / 6, 1 / 6, 1 / 6, 1 / 2])


def test_without_weights_every_clip_comes_once(rng: np.random.Generator) -> None:
    clips = clips_with(np.eye(7))
    assert sorted(epoch_order(clips, SamplingConfig(), rng, 7)) == list(range(7))


def test_oversampling_fills_rare_classes_with_single_label_clips(rng: np.random.Generator) -> None:
    y = np.zeros((60, 3))
    y[:40, 0], y[40:50, 1], y[50:, :2] = 1, 1, 1  # the third class never occurs, ten clips have two labels
    out = oversampled(clips_with(y), SamplingConfig(oversample_to=0.75), rng)
    assert len(out) == 60 + 20
    assert out.extra.sum() == 20
    assert (out.y[out.extra] == [0, 1, 0]).all()
    assert len({e.loud_seed for e in out.excerpts if e.loud_seed is not None}) == 20
    limited = oversampled(clips_with(y), SamplingConfig(oversample_to=1.0, oversample_limit=1.5), rng)
    assert len(limited) == 60 + 5


def test_sums_have_the_union_of_what_is_known(rng: np.random.Generator) -> None:
    clips = clips_with(np.eye(3))
    clips.mask[0, 2] = False
    out = with_sums(clips, SamplingConfig(sums=50, sums_most=2), rng)
    for row in range(3, len(out)):
        parts = 1 + len(out.excerpts[row].added)
        assert (out.y[row] * out.mask[row]).sum() == parts
        if out.ids[row].startswith("clip0") and parts == 1:
            assert not out.mask[row, 2]


def test_audio_copies_carry_their_warp(rng: np.random.Generator) -> None:
    out = with_audio_copies(clips_with(np.eye(3)), AugmentationConfig(audio_copies=2), rng)
    assert len(out) == 9
    assert all(e.stretch != 1 and e.semitones != 0 for e in out.excerpts[3:])


def test_batches_can_begin_anywhere() -> None:
    source = toy_source(toy_recipe(), mixup_p=1.0, warp_p=0.5)
    whole = list(source.batches(2))
    assert len(whole) == source.n_steps == 5
    later = list(source.batches(2, first_step=4))
    for a, b in zip(whole[4:], later, strict=True):
        np.testing.assert_array_equal(a.rows, b.rows)
        np.testing.assert_array_equal(a.content.mel, b.content.mel)
    assert any((a.rows != b.rows).any() for a, b in zip(whole[:5], source.batches(3), strict=False))


def test_processes_share_each_batch() -> None:
    source = toy_source(toy_recipe())
    parts = [replace(source, share=Share(rank, 2)) for rank in (0, 1)]
    for whole, first, second in zip(*(s.batches(0) for s in (source, *parts)), strict=True):
        assert sorted(whole.rows) == sorted([*first.rows, *second.rows])
