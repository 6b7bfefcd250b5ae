"""The shallow baseline: the same mel input, one hidden layer, no convolution."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from instrunet.models.blocks import Standardise, dense_head


@dataclass(frozen=True)
class FeedforwardConfig:
    """The clip is averaged onto a fixed grid of mel bands × moments, so that any length fits the first layer."""

    n_classes: int = 14
    pooled: tuple[int, int] = (64, 16)
    hidden: int = 128
    dropout: float = 0.3
    input_mean: float = 0.0
    input_std: float = 1.0


class Feedforward(nn.Module):
    """(batch, 1, mels, frames) -> (batch, classes)."""

    def __init__(self, config: FeedforwardConfig) -> None:
        super().__init__()
        self.features = nn.Sequential(
            Standardise(config.input_mean, config.input_std), nn.AdaptiveAvgPool2d(config.pooled), nn.Flatten()
        )
        self.head = dense_head(
            config.pooled[0] * config.pooled[1], config.hidden, config.n_classes, dropout=config.dropout
        )

    def forward(self, mel: Tensor) -> Tensor:
        """Log-mel in, logits out."""
        return self.head(self.features(mel))
