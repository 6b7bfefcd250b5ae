"""Losses over masked multi-label truth, and the softmax loss for one label a clip.

``y`` is relevance in [0, 1], ``mask`` is 1 where a label was observed; unobserved elements weigh nothing and get no
gradient. Every loss is the mean over observed elements, so that a batch with few labels counts no less.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from instrunet.training.recipe import LossConfig

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean of the observed elements; 0 where nothing was observed.

    >>> float(masked_mean(torch.tensor([1.0, 5.0]), torch.tensor([1.0, 0.0])))
    1.0
    """
    return (values * mask).sum() / mask.sum().clamp(min=1.0)


def masked_bce(logits: Tensor, y: Tensor, mask: Tensor, *, pos_weight: Tensor | None = None) -> Tensor:
    """Binary cross-entropy per element; ``pos_weight`` (classes,) multiplies the positive term."""
    return masked_mean(F.binary_cross_entropy_with_logits(logits, y, pos_weight=pos_weight, reduction="none"), mask)


def masked_focal(
    logits: Tensor, y: Tensor, mask: Tensor, *, gamma: float = 2.0, pos_weight: Tensor | None = None
) -> Tensor:
    """Cross-entropy weighed by ``(1 - p of the truth) ** gamma``: what is known already counts little."""
    p_truth = torch.sigmoid(logits) * y + torch.sigmoid(-logits) * (1 - y)
    bce = F.binary_cross_entropy_with_logits(logits, y, pos_weight=pos_weight, reduction="none")
    return masked_mean((1 - p_truth).pow(gamma) * bce, mask)


def masked_asymmetric(
    logits: Tensor,
    y: Tensor,
    mask: Tensor,
    *,
    gamma_negative: float = 4.0,
    gamma_positive: float = 0.0,
    clip: float = 0.05,
) -> Tensor:
    """Ridnik et al. 2021: negatives are focused harder, and forgotten once their probability is below ``clip``."""
    p = torch.sigmoid(logits)
    p_negative = (p - clip).clamp(min=0.0)
    positive = y * F.logsigmoid(logits)
    negative = (1 - y) * p_negative.pow(gamma_negative) * torch.log1p(-p_negative.clamp(max=1 - 1e-6))
    return masked_mean(-(positive + negative), mask)


def single_label_cross_entropy(logits: Tensor, y: Tensor, mask: Tensor, *, label_smoothing: float = 0.0) -> Tensor:
    """Softmax cross-entropy against the relevance as a distribution; clips without any positive are left out."""
    target = y * mask
    total = target.sum(dim=1, keepdim=True)
    known = (total[:, 0] > 0).to(logits.dtype)
    target = target / total.clamp(min=1e-6)
    smooth = label_smoothing / logits.shape[1]
    per_clip = -((1 - label_smoothing) * target + smooth).mul(F.log_softmax(logits, dim=1)).sum(dim=1)
    return masked_mean(per_clip, known)


def positive_weights(y: NDArray[np.floating], mask: NDArray[np.bool_], *, most: float = 20.0) -> NDArray[np.float32]:
    """Observed negatives over observed positives of each class, between 1/most and most; 1 where one side is empty.

    >>> positive_weights(np.array([[1.0], [0.0], [0.0], [1.0]]), np.array([[1], [1], [1], [0]], bool)).tolist()
    [2.0]
    """
    positives = (y * mask).sum(axis=0)
    negatives = ((1 - y) * mask).sum(axis=0)
    usable = (positives > 0) & (negatives > 0)
    ratio = np.where(usable, negatives / np.maximum(positives, 1e-9), 1.0)
    return np.clip(ratio, 1 / most, most).astype(np.float32)


def loss_of(config: LossConfig, pos_weight: Tensor | None = None) -> Loss:
    """Return the loss of a recipe as a function of (logits, y, mask)."""
    weight = pos_weight if config.pos_weight else None
    losses: dict[str, Loss] = {
        "bce": lambda z, y, m: masked_bce(z, y, m, pos_weight=weight),
        "focal": lambda z, y, m: masked_focal(z, y, m, gamma=config.gamma, pos_weight=weight),
        "asymmetric": lambda z, y, m: masked_asymmetric(
            z, y, m, gamma_negative=config.gamma_negative, clip=config.clip
        ),
        "cross_entropy": lambda z, y, m: single_label_cross_entropy(z, y, m, label_smoothing=config.label_smoothing),
    }
    return losses[config.name]
