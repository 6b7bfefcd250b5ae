"""Two convolutions with channel and spatial attention (CBAM, Woo et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from instrunet.models.blocks import Standardise, dense_head


@dataclass(frozen=True)
class CbamCnnConfig:
    """``pooling`` puts a 2×2 max pooling behind each block; the published fine-tuning had none."""

    n_classes: int = 20
    channels: tuple[int, int] = (32, 64)
    reduction: int = 8
    spatial_kernel: int = 7
    pooling: bool = True
    hidden: int = 256
    dropout: float = 0.3
    input_mean: float = 0.0
    input_std: float = 1.0


class Cbam(nn.Module):
    """Weighs channels by what they hold anywhere, then places by what any channel holds there."""

    def __init__(self, channels: int, reduction: int, spatial_kernel: int) -> None:
        super().__init__()
        self.channel = nn.Sequential(
            nn.Linear(channels, channels // reduction), nn.ReLU(), nn.Linear(channels // reduction, channels)
        )
        self.spatial = nn.Conv2d(2, 1, spatial_kernel, padding=spatial_kernel // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, rows, columns) in and out."""
        squeezed = self.channel(x.mean(dim=(2, 3))) + self.channel(x.amax(dim=(2, 3)))
        x = x * squeezed.sigmoid()[:, :, None, None]
        places = torch.cat((x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)), dim=1)
        return x * self.spatial(places).sigmoid()


class CbamCnn(nn.Module):
    """(batch, 1, mels, frames) -> (batch, classes)."""

    def __init__(self, config: CbamCnnConfig) -> None:
        super().__init__()
        layers: list[nn.Module] = [Standardise(config.input_mean, config.input_std)]
        n_in = 1
        for n_out in config.channels:
            layers += [nn.Conv2d(n_in, n_out, 3, padding=1), nn.ReLU()]
            layers.append(Cbam(n_out, config.reduction, config.spatial_kernel))
            if config.pooling:
                layers.append(nn.MaxPool2d(2))
            n_in = n_out
        self.features = nn.Sequential(*layers)
        self.head = dense_head(n_in, config.hidden, config.n_classes, dropout=config.dropout)

    def forward(self, mel: Tensor) -> Tensor:
        """Log-mel in, logits out."""
        return self.head(self.features(mel).mean(dim=(2, 3)))
