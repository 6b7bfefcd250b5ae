"""The MedleyDB network of 2025's course project, after Han et al. (2016): four convolutions, 528,145 parameters."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from instrunet.models.blocks import SameMaxPool, Standardise, dense_head


@dataclass(frozen=True)
class MedleydbCnnConfig:
    """The published sizes; the two input numbers bring decibels to unit scale (0 and 1 leave them alone)."""

    n_classes: int = 17
    channels: tuple[int, ...] = (32, 64, 128, 256)
    hidden: int = 512
    conv_dropout: float = 0.25
    dense_dropout: float = 0.5
    input_mean: float = 0.0
    input_std: float = 1.0


class MedleydbCnn(nn.Module):
    """(batch, 1, 128, frames) -> (batch, classes)."""

    def __init__(self, config: MedleydbCnnConfig) -> None:
        super().__init__()
        layers: list[nn.Module] = [Standardise(config.input_mean, config.input_std)]
        n_in = 1
        for depth, n_out in enumerate(config.channels):
            layers += [nn.Conv2d(n_in, n_out, 3, padding=1), nn.ReLU()]
            if depth < len(config.channels) - 1:
                layers.append(SameMaxPool(3))
            layers.append(nn.Dropout(config.conv_dropout))
            n_in = n_out
        self.features = nn.Sequential(*layers)
        self.head = dense_head(n_in, config.hidden, config.n_classes, dropout=config.dense_dropout)

    def forward(self, mel: Tensor) -> Tensor:
        """Log-mel in, logits out; the time axis may have any length."""
        return self.head(self.features(mel).mean(dim=(2, 3)))
