"""Tuned thresholds are the best there are, and calibration finds a temperature that was put in."""

from __future__ import annotations

import numpy as np
import pytest

from instrunet.evaluation import EvaluationError, Tuning, tune
from instrunet.evaluation.calibration import fit_temperature, reliability, with_temperature
from instrunet.evaluation.counts import count
from instrunet.evaluation.thresholds import f1_by_threshold, tune_thresholds
from tests.evaluation.conftest import Drawn


def test_no_threshold_beats_the_tuned_one(drawn: Drawn) -> None:
    tuned = tune_thresholds(drawn.scores, drawn.y, drawn.mask)
    best = count(drawn.scores >= tuned, drawn.y, drawn.mask).per_class().f1
    for threshold in np.arange(0.0, 1.0, 0.005):
        other = count(drawn.scores >= threshold, drawn.y, drawn.mask).per_class().f1
        assert (best >= other - 1e-12).all()


def test_a_class_that_teaches_nothing_keeps_the_usual_threshold() -> None:
    scores = np.array([[0.9, 0.8, 0.7], [0.1, 0.2, 0.3]])
    y = np.array([[1, 0, 1], [1, 0, 0]], float)
    mask = np.array([[1, 1, 0], [1, 1, 0]], float)
    assert tune_thresholds(scores, y, mask).tolist() == [0.5, 0.5, 0.5]


def test_tuning_is_found_again_by_label_whatever_the_order() -> None:
    tuning = Tuning.from_thresholds({"piano": 0.3, "flute": 0.6}, temperature=2.0)
    assert tuning.for_labels(["flute", "piano"]).tolist() == [0.6, 0.3]
    assert tuning.to_dict()["thresholds"] == {"piano": 0.3, "flute": 0.6}
    with pytest.raises(EvaluationError, match="no tuned threshold for harp"):
        tuning.for_labels(["harp"])


def test_f1_by_threshold_equals_counting(drawn: Drawn) -> None:
    micro, macro = f1_by_threshold(drawn.scores, drawn.y, drawn.mask, [0.2, 0.6])
    counts = count(drawn.scores >= 0.6, drawn.y, drawn.mask)
    assert micro[1] == counts.micro().f1
    assert macro[1] == counts.macro().f1


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_was_put_in_is_found(temperature: float, rng: np.random.Generator) -> None:
    honest = 1 / (1 + np.exp(-rng.normal(size=(20_000, 1)) * 2))
    y = rng.random(honest.shape) < honest
    told = with_temperature(honest, 1 / temperature)
    found = fit_temperature(told, y, np.ones_like(told))
    assert found == pytest.approx(temperature, rel=0.06)
    mended = reliability(with_temperature(told, found), y, np.ones_like(told))
    assert mended.ece < 0.02
    if temperature != 1.0:
        assert mended.ece < reliability(told, y, np.ones_like(told)).ece / 3


def test_reliability_by_hand() -> None:
    curve = reliability([[0.05], [0.95], [0.95], [1.0]], [[0], [1], [0], [1]], [[1], [1], [1], [1]], n_bins=10)
    assert curve.n == (1, 0, 0, 0, 0, 0, 0, 0, 0, 3)
    assert np.isnan(curve.mean_score[1])
    assert curve.share_positive[9] == pytest.approx(2 / 3)
    assert curve.ece == pytest.approx((0.05 + 3 * (2.9 / 3 - 2 / 3)) / 4)
    assert curve.largest_gap == pytest.approx(0.3)


def test_nothing_observed_teaches_nothing() -> None:
    nothing = (np.full((2, 1), 0.3), np.ones((2, 1)), np.zeros((2, 1)))
    assert fit_temperature(*nothing) == 1.0
    assert np.isnan(reliability(*nothing).ece)
    assert np.isnan(reliability(*nothing).largest_gap)


def test_tune_learns_both_from_validation(drawn: Drawn) -> None:
    tuning = tune(drawn.scores, drawn.y, drawn.mask, list("abcdef"))
    assert tuning.n_clips == 200
    assert tuning.thresholds == tuple(tune_thresholds(drawn.scores, drawn.y, drawn.mask))
    assert tuning.temperature == fit_temperature(drawn.scores, drawn.y, drawn.mask)
