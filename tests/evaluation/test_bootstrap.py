"""Resampled metrics equal metrics of repeated clips; intervals hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest

from instrunet.evaluation import BootstrapConfig, ClipFacts, metrics
from instrunet.evaluation.bootstrap import draws, interval, replicates
from instrunet.evaluation.counts import count, per_clip
from instrunet.evaluation.trial import trial
from tests.evaluation.conftest import Drawn


def test_every_replicate_is_the_metric_of_the_repeated_clips(drawn: Drawn) -> None:
    config = BootstrapConfig(n_resamples=3, seed=5)
    tried = trial(drawn.scores, drawn.y, drawn.mask, list("abcdef"))
    said = tried.scores >= 0.5
    found = replicates(tried, {"0.5": said}, config)
    times = np.concatenate(list(draws(tried.n_clips, (), config))).astype(int)
    for i in range(3):
        rows = np.repeat(np.arange(tried.n_clips), times[i])
        args = (tried.scores[rows], tried.y[rows], tried.mask[rows])
        np.testing.assert_allclose(found["class_ap"][i], metrics.average_precision(*args), atol=1e-5)
        np.testing.assert_allclose(found["class_roc_auc"][i], metrics.roc_auc(*args), atol=1e-5)
        assert found["lrap"][i] == pytest.approx(metrics.lrap(*args))
        assert found["bce"][i] == pytest.approx(metrics.bce(*args))
        assert found["subset_accuracy@0.5"][i] == pytest.approx(metrics.subset_accuracy(*args))
        assert found["macro_f1@0.5"][i] == pytest.approx(float(count(said[rows], *args[1:]).macro().f1))
        assert (found["micro_ap"][i], found["micro_roc_auc"][i]) == pytest.approx(
            metrics.micro_ranking(*args), abs=1e-5
        )
        for k in (1, 3):
            assert found[f"top{k}"][i] == pytest.approx(metrics.top_k(*args, k), nan_ok=True)
        clips = per_clip(said[rows], *args[1:])
        for part in ("precision", "recall", "f1"):
            assert found[f"samples_{part}@0.5"][i] == pytest.approx(metrics.mean_of_known(getattr(clips, part)))


def test_a_rare_class_that_a_resample_did_not_draw_is_not_judged_in_it() -> None:
    y = np.zeros((12, 2))
    y[0, 0] = 1
    y[:, 1] = 1
    found = replicates(trial(y, y, None, ["rare", "common"]), {"0.5": y > 0}, BootstrapConfig(n_resamples=50))
    rare = found["class_f1@0.5"][:, 0]
    assert np.isnan(rare).any()
    assert (rare[~np.isnan(rare)] == 1).all()
    assert (found["macro_f1@0.5"] == 1).all()


def test_whole_groups_are_drawn() -> None:
    groups = ("a", "b", "a", "c")
    block = next(draws(4, groups, BootstrapConfig(n_resamples=20)))
    np.testing.assert_array_equal(block[:, 0], block[:, 2])
    np.testing.assert_array_equal(block[:, 0] + block[:, 1] + block[:, 3], 3)


def test_a_clip_without_a_group_is_one_of_its_own() -> None:
    block = next(draws(4, ClipFacts(groups=("a", "", "", "a")).units, BootstrapConfig(n_resamples=20)))
    np.testing.assert_array_equal(block[:, 0], block[:, 3])
    assert (block[:, 1] != block[:, 2]).any()
    assert ClipFacts(groups=("", "")).units == ()


def test_the_draw_is_that_of_the_seed_whatever_the_block() -> None:
    config = BootstrapConfig(n_resamples=10, seed=3)
    assert np.array_equal(next(draws(6, (), config)), next(draws(6, (), config)))
    assert sum(len(block) for block in draws(6, (), config, at_once=4)) == 10


def test_groups_widen_an_interval_when_clips_of_a_group_are_copies(rng: np.random.Generator) -> None:
    y = np.repeat(rng.random((30, 1)) < 0.5, 10, axis=0)
    scores = np.repeat(rng.random((30, 1)), 10, axis=0)
    names = tuple(str(i // 10) for i in range(300))
    config = BootstrapConfig(n_resamples=200)
    widths = []
    for groups in ((), names):
        tried = trial(scores, y, None, ["piano"], facts=ClipFacts(groups=groups))
        values = replicates(tried, {"0.5": scores >= 0.5}, config)["binary_accuracy@0.5"]
        found = interval(values, 0.9)
        widths.append(found.high - found.low)
    assert widths[1] > 2 * widths[0]


def test_a_ninety_per_cent_interval_holds_the_truth_about_nine_times_in_ten(rng: np.random.Generator) -> None:
    held = 0
    for seed in range(60):
        y = rng.random((150, 1)) < 0.5
        right = rng.random(y.shape) < 0.8
        scores = np.where(right == y, 0.9, 0.1)
        values = replicates(
            trial(scores, y, None, ["a"]), {"0.5": scores >= 0.5}, BootstrapConfig(n_resamples=100, seed=seed)
        )
        found = interval(values["binary_accuracy@0.5"], 0.9)
        held += found.low <= 0.8 <= found.high
    assert 45 <= held <= 60


def test_no_resamples_no_intervals(drawn: Drawn) -> None:
    tried = trial(drawn.scores, drawn.y, drawn.mask, list("abcdef"))
    assert replicates(tried, {}, BootstrapConfig(n_resamples=0)) == {}
    assert np.isnan(interval(np.array([np.nan]), 0.9).low)
