"""Each loss against a slow twin that follows the formula element by element, and against its own gradients."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from instrunet.training import losses  # noqa: E402
from instrunet.training.recipe import LossConfig  # noqa: E402

CLIPS, CLASSES = 6, 4


@pytest.fixture
def batch(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    logits = rng.normal(0, 2, (CLIPS, CLASSES))
    y = rng.choice([0.0, 1.0, 0.7], (CLIPS, CLASSES))
    return logits, y, rng.random((CLIPS, CLASSES)) < 0.6


def slow_mean(values: list[float]) -> float:
    return sum(values) / max(1, len(values))


def slow_elements(batch: tuple[np.ndarray, ...], element: object) -> float:
    logits, y, mask = batch
    return slow_mean(
        [element(logits[i, j], y[i, j], j) for i in range(CLIPS) for j in range(CLASSES) if mask[i, j]]  # type: ignore[operator]
    )


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


WEIGHTS = (1.0, 2.0, 0.5, 3.0)


def slow_bce(z: float, y: float, j: int) -> float:
    return -(WEIGHTS[j] * y * math.log(sigmoid(z)) + (1 - y) * math.log(1 - sigmoid(z)))


def slow_focal(z: float, y: float, j: int) -> float:
    p_truth = y * sigmoid(z) + (1 - y) * (1 - sigmoid(z))
    return (1 - p_truth) ** 2 * -(y * math.log(sigmoid(z)) + (1 - y) * math.log(1 - sigmoid(z)))


def slow_asymmetric(z: float, y: float, j: int) -> float:
    p, shifted = sigmoid(z), max(0.0, sigmoid(z) - 0.05)
    return -(y * math.log(p) + (1 - y) * shifted**4 * math.log(1 - shifted))


@pytest.mark.parametrize(
    ("config", "slow"),
    [
        (LossConfig(pos_weight=True), slow_bce),
        (LossConfig(name="focal"), slow_focal),
        (LossConfig(name="asymmetric"), slow_asymmetric),
    ],
)
def test_multi_label_losses_equal_their_slow_twins(
    batch: tuple[np.ndarray, ...], config: LossConfig, slow: object
) -> None:
    loss = losses.loss_of(config, torch.tensor(WEIGHTS, dtype=torch.float64))
    got = loss(*(torch.tensor(a, dtype=torch.float64) for a in batch))
    assert float(got) == pytest.approx(slow_elements(batch, slow), rel=1e-9)


def test_cross_entropy_equals_its_slow_twin(rng: np.random.Generator) -> None:
    logits = rng.normal(size=(3, CLASSES))
    y = np.eye(CLASSES)[[1, 3, 0]]
    mask = np.ones((3, CLASSES))
    mask[2] = 0  # nothing known of the last clip
    slow = slow_mean(
        [-math.log(math.exp(logits[i, k]) / sum(math.exp(v) for v in logits[i])) for i, k in ((0, 1), (1, 3))]
    )
    got = losses.single_label_cross_entropy(*(torch.tensor(a) for a in (logits, y, mask)))
    assert float(got) == pytest.approx(slow, rel=1e-9)


@pytest.mark.parametrize("name", ["bce", "focal", "asymmetric"])
def test_what_was_not_observed_gets_no_gradient(batch: tuple[np.ndarray, ...], name: str) -> None:
    logits, y, mask = (torch.tensor(a, dtype=torch.float64) for a in batch)
    logits.requires_grad_()
    losses.loss_of(LossConfig(name=name))(logits, y, mask).backward()  # type: ignore[arg-type]
    assert logits.grad is not None
    assert (logits.grad[mask == 0] == 0).all()
    assert (logits.grad[mask == 1] != 0).any()
    flipped = torch.where(mask == 1, y, 1 - y)
    logits = logits.detach()
    loss = losses.loss_of(LossConfig(name=name))  # type: ignore[arg-type]
    assert float(loss(logits, y, mask)) == float(loss(logits, flipped, mask))


def test_an_empty_batch_costs_nothing() -> None:
    zeros = torch.zeros(2, 3)
    for name in ("bce", "focal", "asymmetric", "cross_entropy"):
        assert float(losses.loss_of(LossConfig(name=name))(zeros, zeros, zeros)) == 0.0  # type: ignore[arg-type]


def test_extreme_logits_stay_finite() -> None:
    logits = torch.tensor([[80.0, -80.0]], requires_grad=True)
    for name in ("bce", "focal", "asymmetric", "cross_entropy"):
        loss = losses.loss_of(LossConfig(name=name))(logits, torch.tensor([[0.0, 1.0]]), torch.ones(1, 2))  # type: ignore[arg-type]
        (gradient,) = torch.autograd.grad(loss, logits)
        assert torch.isfinite(loss)
        assert torch.isfinite(gradient).all(), name


def test_positive_weights_count_only_what_was_observed() -> None:
    y = np.array([[1, 0, 1], [0, 0, 1], [0, 0, 1], [1, 1, 1.0]])
    mask = np.array([[1, 1, 1], [1, 1, 1], [1, 0, 1], [0, 1, 1]], bool)
    assert losses.positive_weights(y, mask).tolist() == [2.0, 2.0, 1.0]
    assert losses.positive_weights(y, mask, most=1.5).tolist() == [1.5, 1.5, 1.0]
