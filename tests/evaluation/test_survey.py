"""Predictions without truth."""

from __future__ import annotations

import numpy as np
import pytest

from instrunet.evaluation import ClipFacts, EvaluationError, SurveyConfig, Tuning, survey


def test_counts_shares_histograms_and_order(rng: np.random.Generator) -> None:
    scores = rng.random((50, 3))
    found = survey(scores, ["a", "b", "c"], config=SurveyConfig(threshold=0.4, n_files=5))
    for j, row in enumerate(found.classes):
        assert row.n_found == (scores[:, j] >= 0.4).sum()
        assert row.share == row.n_found / 50
        assert sum(row.histogram) == 50
        assert row.n_by_threshold[found.curve.index(0.5)] == (scores[:, j] >= 0.5).sum()
        assert list(row.n_by_threshold) == sorted(row.n_by_threshold, reverse=True)
    assert sum(found.n_by_count) == 50
    assert found.n_empty == (scores < 0.4).all(axis=1).sum()
    assert len(found.most_certain) == len(found.least_certain) == 5
    assert found.most_certain[0].entropy < found.least_certain[-1].entropy


def test_the_sure_and_the_unsure_file_are_told_apart() -> None:
    found = survey([[0.5, 0.5], [0.01, 0.99], [0.0, 1.0]], ["a", "b"], facts=ClipFacts(paths=["u", "s", "sure"]))
    assert found.least_certain[0].id == "u"
    assert found.least_certain[0].entropy == pytest.approx(1.0)
    assert found.most_certain[0].id == "sure"


def test_tuned_thresholds_are_used_by_label() -> None:
    config = SurveyConfig(tuning=Tuning.from_thresholds({"b": 0.9, "a": 0.1}))
    found = survey([[0.5, 0.5]], ["a", "b"], config=config)
    assert found.files[0].predicted == ("a",)


@pytest.mark.parametrize("scores", [[[0.5]], [[2.0, 0.1]], [[np.nan, 0.1]], np.zeros((0, 2))])
def test_scores_that_do_not_fit_are_refused(scores) -> None:
    with pytest.raises(EvaluationError, match="scores"):
        survey(scores, ["a", "b"])
