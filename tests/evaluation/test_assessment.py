"""Evaluation as a whole: hand cases, bad input, and what the mask must never let through."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from instrunet.evaluation import (
    BootstrapConfig,
    ClipFacts,
    EvaluationConfig,
    EvaluationError,
    Tuning,
    evaluate,
    unmasked,
)
from instrunet.evaluation.clips import mixes, worst
from tests.evaluation.conftest import Drawn

QUICK = BootstrapConfig(n_resamples=10)


def test_unobserved_scores_and_truth_change_nothing(drawn: Drawn, rng: np.random.Generator) -> None:
    config = EvaluationConfig(bootstrap=QUICK)
    first = evaluate(drawn.scores, drawn.y, drawn.mask, list("abcdef"), config=config).to_dict()
    hidden = drawn.mask == 0
    scores = np.where(hidden, rng.random(drawn.scores.shape), drawn.scores)
    y = np.where(hidden, 1 - drawn.y, drawn.y)
    assert evaluate(scores, y, drawn.mask, list("abcdef"), config=config).to_dict() == first


def test_thresholds_of_every_clip_decide_as_the_model_did() -> None:
    scores = np.array([[0.5, 0.5, np.nan], [0.5, 0.5, np.nan], [0.2, 0.9, np.nan]])
    own = np.array([[0.4, 0.6, 0.5], [0.6, 0.4, 0.5], [0.4, 0.6, 0.5]])
    y = np.array([[1, 0, 0], [0, 1, 0], [0, 1, 0]], float)
    facts = ClipFacts(sources=("mix", "mix", "stem"))
    config = EvaluationConfig(bootstrap=QUICK, decision="tuned", own_thresholds=own)
    result = evaluate(scores, y, None, ["a", "b", "c"], facts=facts, config=config)
    assert result.numbers()["subset_accuracy@tuned"] == 1.0
    assert [row.threshold for row in result.decision.classes] == [0.6, 0.6, 0.5]
    assert [(part.name, part.micro_f1) for part in result.by_source] == [("mix", 1.0), ("stem", 1.0)]
    assert result.to_dict()["config"]["own_thresholds"] is None
    config = replace(config, own_thresholds=1 - own)
    turned = evaluate(scores, y, None, ["a", "b", "c"], facts=facts, config=config)
    assert turned.numbers()["subset_accuracy@tuned"] == pytest.approx(1 / 3)
    with pytest.raises(EvaluationError, match=r"thresholds have the shape \(3, 2\)"):
        evaluate(scores, y, None, ["a", "b", "c"], config=replace(config, own_thresholds=own[:, :2]))


def test_perfect_scores_are_perfect_everywhere() -> None:
    y = np.array([[1, 0, 0], [0, 1, 1], [0, 0, 1], [1, 1, 0]], float)
    result = evaluate(y, y, None, ["a", "b", "c"], config=EvaluationConfig(bootstrap=QUICK))
    numbers = result.numbers()
    for name in ("map", "roc_auc", "lrap", "top1", "macro_f1@0.5", "samples_f1@0.2", "subset_accuracy@0.3"):
        assert numbers[name] == 1.0, name
    assert numbers["bce"] < 1e-6
    assert worst(result.clips, 5) == ()
    assert result.confusion.n_right == result.confusion.n_clips == 2


def test_confusion_has_a_column_for_no_prediction() -> None:
    scores = [[0.9, 0.1], [0.6, 0.7], [0.1, 0.2], [0.9, 0.9]]
    y = [[1, 0], [1, 0], [0, 1], [1, 1]]
    result = evaluate(scores, y, None, ["a", "b"], config=EvaluationConfig(bootstrap=QUICK))
    assert result.confusion.columns == ("a", "b", "no prediction")
    assert result.confusion.counts == ((1, 1, 0), (0, 0, 1))


def test_the_table_of_mixes_names_right_missed_and_invented() -> None:
    facts = ClipFacts(ids=("one", "two"), sources=("mix", "stem"), groups=("song", "song"))
    result = evaluate(
        [[0.9, 0.1, 0.8, 0.7], [0.9, 0.2, 0.1, 0.1]],
        [[1, 1, 0, 0], [1, 0, 0, 0]],
        [[1, 1, 1, 0], [1, 1, 1, 1]],
        ["a", "b", "c", "d"],
        facts=facts,
        config=EvaluationConfig(bootstrap=QUICK),
    )
    (mix,) = mixes(result.clips)
    assert (mix.id, mix.true, mix.predicted) == ("one", ("a", "b"), ("a", "c"))
    assert (mix.tp, mix.fn, mix.fp, mix.unjudged) == (("a",), ("b",), ("c",), ("d",))
    assert [clip.id for clip in worst(result.clips, 9)] == ["one"]
    assert [part.name for part in result.by_source] == ["mix", "stem"]
    assert [(part.name, part.n_clips) for part in result.by_polyphony] == [("1", 1), ("2", 1)]
    assert result.by_polyphony[0].samples_f1 == 1.0


def test_tuned_thresholds_come_from_outside_and_stand_beside_the_fixed_ones() -> None:
    scores, y = [[0.35, 0.9], [0.1, 0.8]], [[1, 1], [0, 0]]
    tuning = Tuning.from_thresholds({"b": 0.85, "a": 0.3}, temperature=2.0)
    config = EvaluationConfig(tuning=tuning, decision="tuned", bootstrap=QUICK)
    result = evaluate(scores, y, None, ["a", "b"], config=config)
    assert result.numbers()["macro_f1@tuned"] == 1.0
    assert result.numbers()["macro_f1@0.5"] < 1.0
    assert result.decision.name == "tuned"
    assert [c.threshold for c in result.decision.classes] == [0.3, 0.85]
    assert result.calibration.scaled_bce is not None
    assert json.dumps(result.to_dict(), allow_nan=False)


def test_a_class_the_model_cannot_say_is_named_and_left_out() -> None:
    scores = np.array([[0.9, np.nan], [0.1, np.nan]])
    result = evaluate(scores, [[1, 1], [0, 1]], None, ["a", "b"], config=EvaluationConfig(bootstrap=QUICK))
    assert result.not_scored == ("b",)
    assert result.numbers()["macro_f1@0.5"] == 1.0
    assert result.n_complete == 2


def test_one_class_one_clip() -> None:
    result = evaluate([[0.7]], [[1]], [[1]], ["piano"], config=EvaluationConfig(bootstrap=QUICK))
    assert result.numbers()["map"] == 1.0
    assert np.isnan(result.numbers()["roc_auc"])
    assert json.dumps(result.to_dict(), allow_nan=False)


def test_the_protocol_that_knows_no_mask_is_another_number() -> None:
    scores, y, mask = [[0.9, 0.9], [0.1, 0.1]], [[1, 1], [0, 0]], [[1, 0], [1, 1]]
    config = EvaluationConfig(bootstrap=QUICK)
    masked = evaluate(scores, y, mask, ["a", "b"], config=config).numbers()
    published = evaluate(scores, *unmasked(y, mask), ["a", "b"], config=config).numbers()
    assert masked["micro_precision@0.5"] == 1.0
    assert published["micro_precision@0.5"] == 0.5


@pytest.mark.parametrize(
    ("scores", "y", "mask", "labels", "words"),
    [
        ([[0.5]], [[1, 0]], None, ["a"], "same shape"),
        ([[0.5]], [[1]], None, ["a", "b"], "2 labels for 1"),
        ([[0.5, 0.5]], [[1, 1]], None, ["a", "a"], "labels must differ"),
        ([[3.2]], [[1]], None, ["a"], "score of clip 0 for a is 3.2"),
        ([[0.2, 0.1], [0.2, np.nan]], [[1, 0], [1, 0]], None, ["a", "b"], "score of clip 1 for b is nan"),
        ([[0.5]], [[7]], None, ["a"], "truth must lie"),
        ([[0.5]], [[1]], [[0]], ["a"], "nothing to evaluate"),
        (np.zeros((0, 2)), np.zeros((0, 2)), None, ["a", "b"], "expected \\(clips, classes\\)"),
    ],
)
def test_what_does_not_fit_is_one_clear_sentence(scores, y, mask, labels, words) -> None:
    with pytest.raises(EvaluationError, match=words):
        evaluate(scores, y, mask, labels)


def test_facts_of_the_wrong_length_and_unknown_decisions_are_refused() -> None:
    with pytest.raises(EvaluationError, match="groups has 2 entries for 1 clips"):
        evaluate([[0.5]], [[1]], None, ["a"], facts=ClipFacts(groups=("x", "y")))
    with pytest.raises(EvaluationError, match=r"no decision named 0\.9"):
        evaluate([[0.5]], [[1]], None, ["a"], config=EvaluationConfig(decision=0.9))
    with pytest.raises(EvaluationError, match="no threshold given"):
        evaluate([[0.5]], [[1]], None, ["a"], config=EvaluationConfig(thresholds=()))
