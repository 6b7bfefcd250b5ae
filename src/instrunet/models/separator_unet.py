"""A small spectrogram U-Net that is told which instrument to keep.

It sees the compressed magnitude of the mix on bands that are single bins at the bottom and grow wider above, and gives
a mask between 0 and 1 for the instrument asked for. The instrument enters every block as a scale and a shift of the
channels (FiLM, Perez et al. 2018), so one network serves the whole vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class SeparatorUnetConfig:
    """Bands, number of instruments, channel widths from fine to coarse, and the size of the query."""

    n_bands: int = 256
    n_classes: int = 36
    widths: tuple[int, ...] = (16, 32, 48, 64, 96)
    n_query: int = 64


class _Block(nn.Module):
    """Two convolutions with the query's scale and shift between them, and a shortcut."""

    def __init__(self, before: int, width: int, n_query: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(before, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.film = nn.Linear(n_query, 2 * width)
        self.second = nn.Conv2d(width, width, 3, padding=1, groups=width, bias=False)
        self.mix = nn.Conv2d(width, width, 1, bias=False)
        self.norm_out = nn.BatchNorm2d(width)

    def forward(self, x: Tensor, query: Tensor) -> Tensor:
        """(batch, before, bands, frames), (batch, n_query) -> (batch, width, bands, frames)."""
        x = self.norm(self.first(x))
        scale, shift = self.film(query)[:, :, None, None].chunk(2, dim=1)
        x = nn.functional.relu(x * (1 + scale) + shift)
        return nn.functional.relu(x + self.norm_out(self.mix(self.second(x))))


class SeparatorUnet(nn.Module):
    """(batch, 1, bands, frames) and (batch, classes) one-hot -> mask (batch, 1, bands, frames) in 0 to 1.

    The number of frames must be a multiple of ``2 ** (len(widths) - 1)``.
    """

    def __init__(self, config: SeparatorUnetConfig) -> None:
        super().__init__()
        self.query = nn.Sequential(nn.Linear(config.n_classes, config.n_query), nn.ReLU())
        widths = config.widths
        self.down = nn.ModuleList(
            _Block(before, width, config.n_query) for before, width in zip((2, *widths[:-1]), widths, strict=True)
        )
        self.up = nn.ModuleList(
            _Block(coarse + fine, fine, config.n_query)
            for coarse, fine in zip(widths[:0:-1], widths[-2::-1], strict=True)
        )
        self.out = nn.Conv2d(widths[0], 1, 1)
        place = torch.linspace(-1, 1, config.n_bands)[None, None, :, None]
        self.register_buffer("place", place)

    def forward(self, magnitude: Tensor, instrument: Tensor) -> Tensor:
        """Compressed band magnitudes and one-hot instruments in, masks out."""
        query = self.query(instrument)
        place: Tensor = self.place  # type: ignore[assignment]
        x = torch.cat([magnitude, place.expand(magnitude.shape[0], -1, -1, magnitude.shape[3])], dim=1)
        kept: list[Tensor] = []
        for index, block in enumerate(self.down):
            x = block(x, query)
            if index < len(self.down) - 1:
                kept.append(x)
                x = nn.functional.avg_pool2d(x, 2)
        for block in self.up:
            fine = kept.pop()
            x = nn.functional.interpolate(x, scale_factor=2.0, mode="nearest")
            x = block(torch.cat([x, fine], dim=1), query)
        mask: Tensor = torch.sigmoid(self.out(x))
        return mask
