"""A plain CNN on the 128×128 mel image of a clip, multi-label over the eleven words of the IRMAS experiment."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from instrunet.models.blocks import Standardise, conv_blocks, dense_head


@dataclass(frozen=True)
class MelImageCnnConfig:
    """The source names no layer sizes; these are ours, in its spirit."""

    n_classes: int = 11
    channels: tuple[int, ...] = (32, 64, 128, 128)
    hidden: int = 256
    dropout: float = 0.3
    input_mean: float = 0.0
    input_std: float = 1.0


class MelImageCnn(nn.Module):
    """(batch, 1, 128, 128) -> (batch, classes)."""

    def __init__(self, config: MelImageCnnConfig) -> None:
        super().__init__()
        self.features = nn.Sequential(
            Standardise(config.input_mean, config.input_std),
            *conv_blocks(config.channels),
        )
        self.head = dense_head(config.channels[-1], config.hidden, config.n_classes, dropout=config.dropout)

    def forward(self, image: Tensor) -> Tensor:
        """Image in, logits out."""
        return self.head(self.features(image).mean(dim=(2, 3)))
