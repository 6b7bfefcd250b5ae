"""Counting and averaging against scikit-learn's report and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from instrunet.evaluation.counts import count, per_clip
from instrunet.evaluation.metrics import mean_of_known
from tests.evaluation.conftest import Drawn


@pytest.mark.parametrize("average", ["micro", "macro", "weighted"])
@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.99])
def test_averages_equal_the_oracle(drawn: Drawn, average: str, threshold: float) -> None:
    said = drawn.scores >= threshold
    ours = getattr(count(said, drawn.y, drawn.whole), average)()
    expected = precision_recall_fscore_support(drawn.y, said.astype(int), average=average, zero_division=0)
    np.testing.assert_allclose([ours.precision, ours.recall, ours.f1], expected[:3], atol=1e-12)


def test_each_class_and_each_clip_equal_the_oracle(drawn: Drawn) -> None:
    said = drawn.scores >= 0.5
    counts = count(said, drawn.y, drawn.whole)
    each = counts.per_class()
    expected = precision_recall_fscore_support(drawn.y, said.astype(int), average=None, zero_division=0)
    np.testing.assert_allclose([each.precision, each.recall, each.f1, counts.support], expected, atol=1e-12)
    clips = per_clip(said, drawn.y, drawn.whole)
    samples = precision_recall_fscore_support(drawn.y, said.astype(int), average="samples", zero_division=0)
    ours = [mean_of_known(part) for part in (clips.precision, clips.recall, clips.f1)]
    np.testing.assert_allclose(ours, samples[:3], atol=1e-12)


def test_masked_counts_are_those_of_the_observed_elements(drawn: Drawn) -> None:
    said = drawn.scores >= 0.5
    counts = count(said, drawn.y, drawn.mask)
    for j in range(drawn.y.shape[1]):
        seen = drawn.mask[:, j] > 0
        assert counts.tp[j] == (said[seen, j] & (drawn.y[seen, j] > 0)).sum()
        assert counts.tn[j] == (~said[seen, j] & (drawn.y[seen, j] == 0)).sum()
        assert counts.observed[j] == seen.sum()
    seen = drawn.mask > 0
    expected = precision_recall_fscore_support(drawn.y[seen], said[seen], average="binary")
    np.testing.assert_allclose([counts.micro().precision, counts.micro().recall, counts.micro().f1], expected[:3])


def test_a_class_that_is_masked_out_is_nan_and_not_part_of_the_mean() -> None:
    counts = count([[1, 1, 0]], [[1, 0, 0]], [[1, 0, 1]])
    assert counts.per_class().f1[0] == 1.0
    assert np.isnan(counts.per_class().f1[1])
    assert np.isnan(counts.accuracy[1])
    assert float(counts.macro().f1) == 0.5  # the third class is observed and absent: 0 / 0 counts as 0
    assert float(counts.macro_present().f1) == 1.0


def test_weights_count_a_clip_as_often_as_it_was_drawn(drawn: Drawn, rng: np.random.Generator) -> None:
    times = rng.integers(0, 4, (2, len(drawn.y)))
    said = drawn.scores >= 0.5
    weighted = count(said, drawn.y, drawn.mask, times.astype(np.float32))
    for i in range(2):
        rows = np.repeat(np.arange(len(drawn.y)), times[i])
        repeated = count(said[rows], drawn.y[rows], drawn.mask[rows])
        np.testing.assert_array_equal(weighted.tp[i], repeated.tp)
        np.testing.assert_array_equal(weighted.fn[i], repeated.fn)
        assert float(weighted.macro().f1[i]) == pytest.approx(float(repeated.macro().f1))


def test_nothing_said_and_nothing_there() -> None:
    counts = count(np.zeros((3, 2)), np.zeros((3, 2)), np.ones((3, 2)))
    assert float(counts.micro().f1) == 0.0
    assert float(counts.weighted().f1) == 0.0
    assert counts.accuracy.tolist() == [1.0, 1.0]
