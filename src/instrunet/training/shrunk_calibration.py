"""Calibration from few clips: one scale for all classes, a bias a class that is shrunk towards the common one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """Logits times ``scale`` plus ``bias``, for every class."""

    scale: Array
    bias: Array

    def __call__(self, logits: NDArray[np.floating]) -> Array:
        """Logits (…, classes) to probabilities."""
        return np.asarray(1.0 / (1.0 + np.exp(-(self.scale * logits + self.bias))), np.float64)


def fit_shrunk(logits: Array, truth: Array, mask: Array, *, strength: float = 4.0) -> Calibration:
    """Fit by penalised likelihood; a class without positives keeps the bias of all.

    Args:
        logits: (clips, classes).
        truth: 0 or 1.
        mask: 1 where the truth is known.
        strength: weight of the squared deviation of a class's bias from the common one.

    >>> logits = np.array([[-1.0], [1.0], [3.0], [-3.0]]); truth = np.array([[0.0], [0.0], [1.0], [0.0]])
    >>> bool(fit_shrunk(logits, truth, np.ones((4, 1))).bias[0] < 0)
    True
    """
    x, y, known = (torch.from_numpy(np.asarray(a, np.float64)) for a in (logits, truth, mask))
    log_scale = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    common = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    own = torch.zeros(x.shape[1], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([log_scale, common, own], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        each = torch.nn.functional.binary_cross_entropy_with_logits(
            log_scale.exp() * x + common + own, y, reduction="none"
        )
        total = (each * known).sum() + strength * own.square().sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    optimiser.step(loss)
    scale = np.full(x.shape[1], float(log_scale.detach().exp()))
    return Calibration(scale, (common + own).detach().numpy())


def micro_f1(scores: Array, truth: Array, mask: Array, threshold: float) -> float:
    """F1 over all known (clip, class) pairs at one threshold."""
    chosen = (scores >= threshold) * mask
    return float(2 * (chosen * truth).sum() / max(1.0, chosen.sum() + (truth * mask).sum()))


def fair_threshold(
    scores: Array,
    truth: Array,
    mask: Array,
    kinds: Sequence[str],
    *,
    candidates: Array | None = None,
    factors: Array | None = None,
) -> tuple[float, Mapping[str, float]]:
    """The threshold whose micro-F1 is nowhere far below the best of any; and how far it is, for each kind of clip.

    With ``factors`` (one a clip) the threshold is times its factor in each clip; the best to compare with is then still
    that of one threshold for all clips of a kind.

    >>> scores = np.array([[0.9], [0.2], [0.6], [0.1]]); truth = np.array([[1.0], [0.0], [1.0], [0.0]])
    >>> fair_threshold(scores, truth, np.ones((4, 1)), ["solo", "solo", "mix", "mix"])[1]
    {'mix': 0.0, 'solo': 0.0}
    """
    tried = np.arange(0.06, 0.7, 0.01) if candidates is None else candidates
    names = sorted(set(kinds))
    rows = [np.array([kind == name for kind in kinds]) for name in names]

    def f1_of(found: Array) -> Array:
        return np.array([[micro_f1(found[r], truth[r], mask[r], t) for r in rows] for t in tried])

    gaps = f1_of(scores).max(axis=0) - f1_of(scores if factors is None else scores / factors[:, None])
    best = int((gaps.max(axis=1) + 0.3 * gaps.mean(axis=1)).argmin())
    return float(tried[best]), {name: float(gap) for name, gap in zip(names, gaps[best], strict=True)}
