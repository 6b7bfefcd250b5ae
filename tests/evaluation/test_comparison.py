"""Two models on the same clips: pairing, gains, and when two evaluations must not be compared."""

from __future__ import annotations

import json

import numpy as np
import pytest

from instrunet.evaluation import BootstrapConfig, ClipFacts, EvaluationConfig, EvaluationError, compare, evaluate
from instrunet.evaluation.comparison import class_values
from tests.evaluation.conftest import Drawn

LABELS = list("abcdef")


def judged(drawn: Drawn, scores: np.ndarray, **options):
    config = EvaluationConfig(bootstrap=BootstrapConfig(n_resamples=60, seed=1), **options)
    return evaluate(scores, drawn.y, drawn.mask, LABELS, config=config)


def test_a_model_against_itself_differs_in_nothing(drawn: Drawn) -> None:
    one = judged(drawn, drawn.scores)
    found = compare(one, one)
    assert all(row.gain == 0 or np.isnan(row.gain) for row in found.differences)
    assert all(row.low == row.high == 0 for row in found.main_gains)
    assert not any(row.clear for row in found.main_gains)
    assert all(row.p_value == 1.0 for row in found.main_gains)
    assert found.agreement.only_first == found.agreement.only_second == 0


def test_a_class_that_only_one_model_can_say_is_left_out_of_both(drawn: Drawn) -> None:
    few, fewer = drawn.scores.copy(), drawn.scores.copy()
    few[:, 1] = np.nan
    fewer[:, [1, 4]] = np.nan
    found = compare(judged(drawn, few), judged(drawn, fewer))
    assert found.first.not_scored == found.second.not_scored == ("b", "e")
    assert all(row.gain == 0 or np.isnan(row.gain) for row in found.differences)
    assert [row.name for row in found.main_gains if row.first > 0] == [c for c in LABELS if c not in "be"]


def test_a_class_that_was_mended_gains_and_the_others_do_not(drawn: Drawn) -> None:
    mended = drawn.scores.copy()
    mended[:, 2] = drawn.y[:, 2]
    found = compare(judged(drawn, drawn.scores), judged(drawn, mended))
    gains = {row.name: row for row in found.main_gains}
    assert gains["c"].second == 1.0
    assert gains["c"].clear
    assert gains["c"].p_value < 0.05
    assert gains["c"].low > 0
    assert all(gains[label].gain == 0 for label in "abdef")
    assert found.agreement.only_first == 0
    assert found.agreement.only_second > 0
    agreement = found.agreement
    total = agreement.both_right + agreement.only_first + agreement.only_second + agreement.both_wrong
    assert total == (drawn.mask > 0).sum()


def test_pairing_makes_the_interval_of_a_difference_narrow(drawn: Drawn, rng: np.random.Generator) -> None:
    almost = np.clip(drawn.scores + 0.02 * rng.normal(size=drawn.scores.shape), 0, 1)
    one, other = judged(drawn, drawn.scores), judged(drawn, almost)
    difference = next(row for row in compare(one, other).differences if row.name == "map")
    alone = one.intervals["map"]
    assert difference.high - difference.low < 0.6 * (alone.high - alone.low)
    assert difference.low <= difference.gain <= difference.high


def test_class_values_are_those_of_the_evaluation(drawn: Drawn) -> None:
    one = judged(drawn, drawn.scores)
    assert class_values(one, "f1@0.3") == tuple(row.f1 for row in one.decision_named("0.3").classes)
    assert class_values(one, "ap") == tuple(row.ap for row in one.classes)


def test_a_comparison_is_plain_json(drawn: Drawn) -> None:
    found = compare(judged(drawn, drawn.scores), judged(drawn, drawn.scores**2))
    plain = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert len(plain["gains"]["f1@0.5"]) == 6
    assert len(plain["evaluations"]) == 2


def test_without_resamples_there_are_differences_without_intervals(drawn: Drawn) -> None:
    config = EvaluationConfig(bootstrap=BootstrapConfig(n_resamples=0))
    one = evaluate(drawn.scores, drawn.y, drawn.mask, LABELS, config=config)
    other = evaluate(drawn.scores**2, drawn.y, drawn.mask, LABELS, config=config)
    assert np.isnan(compare(one, other).main_gains[0].low)


def test_what_cannot_be_paired_is_refused(drawn: Drawn) -> None:
    one = judged(drawn, drawn.scores)
    quick = BootstrapConfig(n_resamples=5)
    other_labels = evaluate(drawn.scores, drawn.y, drawn.mask, LABELS[::-1], config=one.config)
    other_truth = evaluate(drawn.scores, 1 - drawn.y, drawn.mask, LABELS, config=one.config)
    other_draw = evaluate(drawn.scores, drawn.y, drawn.mask, LABELS, config=EvaluationConfig(bootstrap=quick))
    groups = ClipFacts(groups=["x"] * 200)
    other_groups = evaluate(drawn.scores, drawn.y, drawn.mask, LABELS, facts=groups, config=one.config)
    for other, words in (
        (other_labels, "different labels"),
        (other_truth, "not of the same clips"),
        (other_draw, "different resamples"),
        (other_groups, "different resamples"),
        (judged(drawn, drawn.scores, decision=0.2), "different thresholds"),
    ):
        with pytest.raises(EvaluationError, match=words):
            compare(one, other)
