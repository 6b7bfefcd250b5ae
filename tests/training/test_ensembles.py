"""Ensembles: the mean is a mean, and the search finds the member that is right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from instrunet.training.ensembles import Ensemble, combined, searched_weights  # noqa: E402
from instrunet.training.transplant import transplant  # noqa: E402
from tests.training.toys import toy_clips  # noqa: E402


def test_the_network_answers_the_logit_of_the_weighted_mean() -> None:
    torch.manual_seed(0)
    members = [nn.Sequential(nn.Flatten(), nn.Linear(12, 3)) for _ in range(2)]
    mel = torch.randn(4, 1, 3, 4)
    with torch.inference_mode():
        got = Ensemble(members, (0.3, 0.7)).eval()(mel).sigmoid().numpy()
        each = [m(mel).sigmoid().numpy() for m in members]
    np.testing.assert_allclose(got, combined(each, (0.3, 0.7)), atol=1e-5)


def test_the_search_prefers_who_is_right(rng: np.random.Generator) -> None:
    clips, _ = toy_clips(60, seed=3)
    clips = replace(clips, mask=np.ones_like(clips.mask))
    right = 0.25 + 0.5 * clips.y + rng.normal(0, 0.15, clips.y.shape)
    wrong = rng.random(clips.y.shape)
    weights = searched_weights([wrong, right], clips, n_draws=30)
    assert weights[1] > 0.6
    assert sum(weights) == pytest.approx(1.0)


def test_equals_share_evenly() -> None:
    clips, _ = toy_clips(20, seed=3)
    scores = np.asarray(clips.y, np.float64)
    assert searched_weights([scores, scores], clips, n_draws=5) == (0.5, 0.5)


def test_transplanting_needs_something_that_fits() -> None:
    from instrunet.models import build
    from instrunet.training.errors import TrainingError

    one, other = build("cbam_cnn", n_classes=10), build("cbam_cnn", n_classes=20)
    new = transplant(one.state_dict(), other)
    assert new == ("head.3.bias", "head.3.weight")
    assert torch.equal(one.state_dict()["features.1.weight"], other.state_dict()["features.1.weight"])
    with pytest.raises(TrainingError, match="another architecture"):
        transplant({"strange": torch.zeros(1)}, other)
    by_chance = {name: value for name, value in one.state_dict().items() if name.startswith("features.1.")}
    assert by_chance
    before = {name: value.clone() for name, value in other.state_dict().items()}
    with pytest.raises(TrainingError, match=rf"{len(by_chance)} of the \d+ tensors .* another architecture"):
        transplant(by_chance, other)
    assert all(torch.equal(value, before[name]) for name, value in other.state_dict().items())
