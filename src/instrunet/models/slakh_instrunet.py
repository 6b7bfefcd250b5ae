"""InstruNET as described for BabySlakh: three convolution blocks, adaptive average pooling, two dense layers."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from instrunet.models.blocks import Standardise, conv_blocks, dense_head


@dataclass(frozen=True)
class SlakhInstrunetConfig:
    """Channels and depth are published; the pooled grid, the hidden width and the dropout are ours.

    ``shrink`` averages so many bands and frames of the input into one, for machines that cannot spend much on a clip.
    """

    n_classes: int = 14
    channels: tuple[int, int, int] = (32, 64, 128)
    pooled: tuple[int, int] = (4, 4)
    hidden: int = 256
    dropout: float = 0.5
    shrink: tuple[int, int] = (1, 1)
    input_mean: float = 0.0
    input_std: float = 1.0


class SlakhInstrunet(nn.Module):
    """(batch, 1, mels, frames) -> (batch, classes)."""

    def __init__(self, config: SlakhInstrunetConfig) -> None:
        super().__init__()
        self.shrink = config.shrink
        self.features = nn.Sequential(
            Standardise(config.input_mean, config.input_std),
            *conv_blocks(config.channels),
            nn.AdaptiveAvgPool2d(config.pooled),
            nn.Flatten(),
        )
        self.head = dense_head(
            config.channels[-1] * config.pooled[0] * config.pooled[1],
            config.hidden,
            config.n_classes,
            dropout=config.dropout,
        )

    def forward(self, mel: Tensor) -> Tensor:
        """Log-mel in, logits out."""
        smaller = F.avg_pool2d(mel, self.shrink) if self.shrink != (1, 1) else mel
        return self.head(self.features(smaller))
