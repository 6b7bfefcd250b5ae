"""One label a clip: a CNN over the ten IRMAS instruments, and the ranking that its users read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from instrunet.models.blocks import Standardise, conv_blocks, dense_head


@dataclass(frozen=True)
class SingleLabelCnnConfig:
    """Four convolution blocks; softmax over the classes is taken by whoever reads the logits."""

    n_classes: int = 10
    channels: tuple[int, ...] = (16, 32, 64, 128)
    hidden: int = 128
    dropout: float = 0.3
    input_mean: float = 0.0
    input_std: float = 1.0


class SingleLabelCnn(nn.Module):
    """(batch, 1, mels, frames) -> (batch, classes)."""

    def __init__(self, config: SingleLabelCnnConfig) -> None:
        super().__init__()
        self.features = nn.Sequential(
            Standardise(config.input_mean, config.input_std),
            *conv_blocks(config.channels),
        )
        self.head = dense_head(config.channels[-1], config.hidden, config.n_classes, dropout=config.dropout)

    def forward(self, mel: Tensor) -> Tensor:
        """Log-mel in, logits out."""
        return self.head(self.features(mel).mean(dim=(2, 3)))


@dataclass(frozen=True)
class RankedLabel:
    """One of the best guesses: its probability among all classes, and its share among the guesses shown."""

    label: str
    probability: float
    share: float


def best_guesses(logits: NDArray[np.floating], labels: Sequence[str], *, count: int = 3) -> tuple[RankedLabel, ...]:
    """Rank the classes of one clip by softmax; the shares of what is shown add up to one.

    >>> [g.label for g in best_guesses(np.array([0.0, 2.0, 1.0]), ("cello", "flute", "organ"), count=2)]
    ['flute', 'organ']
    """
    weights = np.exp(np.asarray(logits, np.float64) - np.max(logits))
    probabilities = weights / weights.sum()
    order = np.argsort(-probabilities, kind="stable")[:count]
    shown = probabilities[order].sum()
    return tuple(RankedLabel(labels[i], float(probabilities[i]), float(probabilities[i] / shown)) for i in order)
