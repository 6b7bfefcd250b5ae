"""Several trained networks that answer together: the mean of their probabilities, or weights searched on validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from instrunet.bundles import Bundle
from instrunet.evaluation.counts import count
from instrunet.evaluation.thresholds import tune_thresholds
from instrunet.training.clips import Clips
from instrunet.training.course import Surroundings, gathered, reopened, scores_of
from instrunet.training.errors import TrainingError
from instrunet.training.judging import Judged, judge, summary, truth, tuned
from instrunet.training.recipe import Recipe
from instrunet.training.run_folder import RunFolder
from instrunet.training.serving import Learned, bundle_of, served, to_onnx, view_of
from instrunet.training.validation import clip_logits

Scores = NDArray[np.float64]


class Ensemble(nn.Module):
    """Members on the same front end; the logit of the weighted mean of their probabilities."""

    weights: Tensor

    def __init__(self, members: Sequence[nn.Module], weights: Sequence[float]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.register_buffer("weights", torch.tensor(weights, dtype=torch.float32))

    def forward(self, mel: Tensor) -> Tensor:
        """(batch, 1, mels, frames) -> (batch, classes)."""
        each = torch.stack([clip_logits(member(mel)).sigmoid() for member in self.members])
        mean = (self.weights[:, None, None] * each).sum(dim=0).clamp(1e-6, 1 - 1e-6)
        return mean.log() - (1 - mean).log()


def combined(scores: Sequence[Scores], weights: Sequence[float]) -> Scores:
    """The weighted mean of the members' probabilities.

    >>> combined([np.array([[0.2]]), np.array([[0.6]])], [0.5, 0.5]).round(2).tolist()
    [[0.4]]
    """
    return np.einsum("m,mij->ij", np.asarray(weights, np.float64), np.stack(scores))


def searched_weights(scores: Sequence[Scores], clips: Clips, *, seed: int = 0, n_draws: int = 300) -> tuple[float, ...]:
    """Weights with the best macro-F1 at thresholds tuned for them, on validation.

    Tried are the even mean, each member alone and ``n_draws`` random weightings; the even mean wins ties.
    """
    n = len(scores)
    draws = np.random.default_rng(seed).dirichlet(np.ones(n), n_draws)
    best, best_value = np.full(n, 1 / n), -1.0
    y = truth(clips)
    for weights in np.vstack([np.full((1, n), 1 / n), np.eye(n), draws]):
        together = combined(scores, weights)
        thresholds = tune_thresholds(together, y, clips.mask)
        value = float(count(together >= thresholds, y, clips.mask).macro().f1)
        if value > best_value + 1e-9:
            best, best_value = weights, value
    return tuple(float(w) for w in best)


@dataclass(frozen=True)
class Assembled:
    """A finished ensemble."""

    folder: RunFolder
    weights: tuple[float, ...]
    judged: Judged
    bundle: Bundle


def assemble_ensemble(recipe: Recipe, members: Mapping[str, Path], folder: Path, around: Surroundings) -> Assembled:
    """Join finished runs as the recipe says, judge them together on its test clips, write one bundle.

    Args:
        recipe: a recipe with an ``[ensemble]`` table.
        members: the run folder of each member by name.
        folder: the run folder of the ensemble.
        around: places and cache.

    Raises:
        TrainingError: a member is missing or unfinished, or sees or names things differently.
    """
    if recipe.ensemble is None:
        raise TrainingError(f"{recipe.name} is no ensemble: it has no [ensemble] table")
    run = RunFolder(folder)
    run.begin(recipe, resume=around.resume)
    opened = {name: reopened(members[name]) for name in recipe.ensemble.members}
    for name, (member, _, _) in opened.items():
        _require_same_input(recipe, member, name)
    material = gathered(recipe, around)
    run.write("data.json", material.corpus.describe())
    singles = [member.loss.name == "cross_entropy" for member, _, _ in opened.values()]
    networks = [network for _, network, _ in opened.values()]
    asked = list(zip(networks, singles, strict=True))
    validation = [scores_of(net, material.validation, single_label=single) for net, single in asked]
    even = (1 / len(networks),) * len(networks)
    weights = searched_weights(validation, material.validation.clips) if recipe.ensemble.method == "searched" else even
    tuning = tuned(combined(validation, weights), material.validation.clips, material.corpus.labels)
    test = combined([scores_of(net, material.test, single_label=single) for net, single in asked], weights)
    judged = judge(recipe, test, material.test.clips, tuning, run.report)
    run.write("result.json", {**summary(judged), "weights": dict(zip(opened, weights, strict=True))})
    learned = Learned(material.corpus.labels, tuple(float(t) for t in tuning.thresholds), judged.numbers())
    view = view_of(recipe)
    whole = Ensemble([served(net, view, single_label=single) for net, single in asked], weights)
    onnx = to_onnx(whole, view.front_shape())
    return Assembled(run, weights, judged, bundle_of(recipe, onnx, learned, run.bundle))


def member_recipe(recipe: Recipe, ensemble: Recipe) -> Recipe:
    """A member as trained inside an ensemble: its own recipe on the ensemble's clip length."""
    return replace(recipe, data=replace(recipe.data, clip_s=ensemble.data.clip_s))


def _require_same_input(ensemble: Recipe, member: Recipe, name: str) -> None:
    for setting in ("vocabulary", "labels", "front_end", "clip_s", "preparation"):
        wanted, found = getattr(ensemble.data, setting), getattr(member.data, setting)
        if wanted != found:
            raise TrainingError(f"member {name} has data.{setting} {found!r}, the ensemble {wanted!r}; they must agree")
