"""Multi-scale convolutions, a bidirectional GRU over time, and attention that picks the moments that matter."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from instrunet.models.blocks import Standardise


@dataclass(frozen=True)
class MscrnnConfig:
    """Three blocks of parallel 3/5/7 kernels, 32 channels each; two GRU layers of 256 each way."""

    n_classes: int = 20
    n_blocks: int = 3
    kernels: tuple[int, ...] = (3, 5, 7)
    channels: int = 32
    gru_hidden: int = 256
    gru_layers: int = 2
    dropout: float = 0.3
    input_mean: float = 0.0
    input_std: float = 1.0


class MultiScaleBlock(nn.Module):
    """The same input seen through kernels of several sizes, side by side."""

    def __init__(self, n_in: int, channels: int, kernels: tuple[int, ...]) -> None:
        super().__init__()
        self.scales = nn.ModuleList(nn.Conv2d(n_in, channels, k, padding=k // 2) for k in kernels)
        self.norm = nn.BatchNorm2d(channels * len(kernels))
        self.pool = nn.MaxPool2d(2)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, n_in, rows, columns) -> (batch, channels × kernels, rows / 2, columns / 2)."""
        return self.pool(self.norm(torch.cat([scale(x) for scale in self.scales], dim=1)).relu())


class Mscrnn(nn.Module):
    """(batch, 1, mels, frames) -> (batch, classes)."""

    def __init__(self, config: MscrnnConfig) -> None:
        super().__init__()
        wide = config.channels * len(config.kernels)
        blocks = [
            MultiScaleBlock(1 if i == 0 else wide, config.channels, config.kernels) for i in range(config.n_blocks)
        ]
        self.features = nn.Sequential(Standardise(config.input_mean, config.input_std), *blocks)
        self.gru = nn.GRU(
            wide,
            config.gru_hidden,
            config.gru_layers,
            batch_first=True,
            bidirectional=True,
            dropout=config.dropout if config.gru_layers > 1 else 0.0,
        )
        self.attention = nn.Linear(2 * config.gru_hidden, 1)
        self.head = nn.Sequential(nn.Dropout(config.dropout), nn.Linear(2 * config.gru_hidden, config.n_classes))

    def forward(self, mel: Tensor) -> Tensor:
        """Log-mel in, logits out."""
        over_time = self.features(mel).mean(dim=2).transpose(1, 2)  # (batch, moments, channels)
        states, _ = self.gru(over_time)  # (batch, moments, 2 × hidden)
        weights = self.attention(states).softmax(dim=1)
        return self.head((weights * states).sum(dim=1))
