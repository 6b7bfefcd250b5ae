"""Metrics against scikit-learn and against cases that one can work out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as oracle

from instrunet.evaluation import metrics
from tests.evaluation.conftest import Drawn


def test_average_precision_and_roc_equal_the_oracle_with_ties(drawn: Drawn) -> None:
    ap = metrics.average_precision(drawn.scores, drawn.y, drawn.whole)
    auc = metrics.roc_auc(drawn.scores, drawn.y, drawn.whole)
    np.testing.assert_allclose(ap, oracle.average_precision_score(drawn.y, drawn.scores, average=None), atol=1e-12)
    np.testing.assert_allclose(auc, oracle.roc_auc_score(drawn.y, drawn.scores, average=None), atol=1e-12)


def test_the_mask_leaves_elements_out_of_each_class(drawn: Drawn) -> None:
    ap = metrics.average_precision(drawn.scores, drawn.y, drawn.mask)
    auc = metrics.roc_auc(drawn.scores, drawn.y, drawn.mask)
    for j in range(drawn.y.shape[1]):
        seen = drawn.mask[:, j] > 0
        y, s = drawn.y[seen, j], drawn.scores[seen, j]
        assert ap[j] == pytest.approx(oracle.average_precision_score(y, s), abs=1e-12)
        assert auc[j] == pytest.approx(oracle.roc_auc_score(y, s), abs=1e-12)


def test_micro_ranking_equals_the_oracle(drawn: Drawn) -> None:
    seen = drawn.mask > 0
    ap, auc = metrics.micro_ranking(drawn.scores, drawn.y, drawn.mask)
    assert ap == pytest.approx(oracle.average_precision_score(drawn.y[seen], drawn.scores[seen]), abs=1e-12)
    assert auc == pytest.approx(oracle.roc_auc_score(drawn.y[seen], drawn.scores[seen]), abs=1e-12)


def test_lrap_bce_and_accuracies_equal_the_oracle(drawn: Drawn) -> None:
    args = (drawn.scores, drawn.y, drawn.whole)
    expected = oracle.label_ranking_average_precision_score(drawn.y, drawn.scores)
    assert metrics.lrap(*args) == pytest.approx(expected, abs=1e-12)
    inner = np.clip(drawn.scores, 1e-7, 1 - 1e-7)
    assert metrics.bce(*args) == pytest.approx(oracle.log_loss(drawn.y.ravel(), inner.ravel()), abs=1e-9)
    said = (drawn.scores >= 0.5).astype(int)
    assert metrics.subset_accuracy(*args) == pytest.approx(oracle.accuracy_score(drawn.y, said))
    assert metrics.binary_accuracy(*args) == pytest.approx(1 - oracle.hamming_loss(drawn.y, said))


def test_lrap_of_a_masked_clip_is_that_of_its_observed_classes(drawn: Drawn) -> None:
    each = metrics.lrap_per_clip(drawn.scores, drawn.y, drawn.mask)
    for i in range(40):
        seen = drawn.mask[i] > 0
        if seen.any():
            alone = oracle.label_ranking_average_precision_score(
                drawn.y[i : i + 1, seen], drawn.scores[i : i + 1, seen]
            )
            assert each[i] == pytest.approx(alone)


def test_lrap_in_blocks_equals_lrap_at_once(drawn: Drawn, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = metrics.lrap_per_clip(drawn.scores, drawn.y, drawn.mask)
    monkeypatch.setattr(metrics, "PAIRS_AT_ONCE", 100)
    np.testing.assert_array_equal(metrics.lrap_per_clip(drawn.scores, drawn.y, drawn.mask), at_once)


def test_top_k_equals_the_oracle_on_single_label_clips(rng: np.random.Generator) -> None:
    truth = rng.integers(0, 5, 100)
    scores = rng.random((100, 5))
    y = np.eye(5)[truth]
    for k in (1, 3):
        expected = oracle.top_k_accuracy_score(truth, scores, k=k, labels=np.arange(5))
        assert metrics.top_k(scores, y, np.ones_like(y), k) == pytest.approx(expected)


def test_top_k_ignores_classes_that_were_never_observed_and_incomplete_clips() -> None:
    y = np.array([[1, 0, 0], [1, 0, 0], [1, 1, 0]], float)
    mask = np.array([[1, 1, 0], [1, 0, 0], [1, 1, 0]], float)
    scores = np.array([[0.6, 0.5, 0.9], [0.1, 0.9, 0.9], [0.9, 0.1, 0.9]])
    assert metrics.single_label_clips(y, mask).tolist() == [True, False, False]
    assert metrics.top_k(scores, y, mask, 1) == 1.0


def test_a_constant_model_gains_nothing_from_ties() -> None:
    y, scores = np.eye(4), np.full((4, 4), 0.5)
    assert metrics.top_k(scores, y, np.ones((4, 4)), 1) == 0.0
    np.testing.assert_allclose(metrics.roc_auc(scores, y, np.ones((4, 4))), 0.5)


@pytest.mark.parametrize(("flip", "expected"), [(False, 1.0), (True, 0.0)])
def test_perfect_and_inverted_scores(flip: bool, expected: float) -> None:
    y = np.array([[1, 0], [0, 1], [1, 0], [0, 1]], float)
    scores, mask = np.where(flip, 1 - y, y), np.ones_like(y)
    assert metrics.roc_auc(scores, y, mask).tolist() == [expected, expected]
    assert metrics.binary_accuracy(scores, y, mask) == expected
    assert metrics.subset_accuracy(scores, y, mask) == expected
    assert metrics.top_k(scores, y, mask, 1) == expected
    ap = metrics.average_precision(scores, y, mask)
    np.testing.assert_allclose(ap, 0.5 if flip else 1.0)


def test_what_is_not_defined_is_nan() -> None:
    y = np.array([[1, 0, 1], [1, 0, 0]], float)
    mask = np.array([[1, 1, 0], [1, 1, 0]], float)
    scores = np.full((2, 3), 0.3)
    ap = metrics.average_precision(scores, y, mask)
    auc = metrics.roc_auc(scores, y, mask)
    assert ap[0] == 1.0
    assert np.isnan(ap[1:]).all()
    assert np.isnan(auc).all()


def test_nothing_observed_is_nan_everywhere() -> None:
    nothing = (np.full((3, 2), 0.4), np.ones((3, 2)), np.zeros((3, 2)))
    numbers = [metrics.lrap(*nothing), metrics.bce(*nothing), metrics.binary_accuracy(*nothing)]
    numbers += [metrics.subset_accuracy(*nothing), metrics.top_k(*nothing, 1)]
    assert np.isnan(numbers).all()
    assert np.isnan(metrics.average_precision(*nothing)).all()
