"""A small spectrogram U-Net that is told which instruments play and shares every band out among them.

It sees the compressed magnitude of the mix on bands that are single bins at the bottom and grow wider above. The list
of instruments enters every block as a scale and a shift of the channels (FiLM, Perez et al. 2018); at the end each
place of the spectrogram has a vector, each instrument of the vocabulary a learned query, and their products compete in
a softmax among the instruments of the list and a rest. One pass serves the whole list, whatever its length.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

PATCH = 2
"""Bands and frames that are folded into channels before the first convolution."""


@dataclass(frozen=True)
class SeparatorUnetConfig:
    """Bands, number of instruments, channel widths from fine to coarse, and the sizes of list and query vectors."""

    n_bands: int = 256
    n_classes: int = 36
    widths: tuple[int, ...] = (16, 32, 64, 128)
    n_list: int = 64
    n_query: int = 16

    @property
    def frame_multiple(self) -> int:
        """The number of frames must be a multiple of this.

        >>> SeparatorUnetConfig().frame_multiple
        16
        """
        return int(PATCH * 2 ** (len(self.widths) - 1))


class _Block(nn.Module):
    """Two convolutions; between them the list's scale and shift, and a layer that joins all bands of a frame."""

    def __init__(self, before: int, width: int, n_bands: int, n_list: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(before, width, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.film = nn.Linear(n_list, 2 * width)
        narrow = max(8, n_bands // 4)
        self.gather = nn.Parameter(torch.randn(narrow, n_bands) / n_bands**0.5)
        self.spread = nn.Parameter(torch.randn(n_bands, narrow) * 0.1 / narrow**0.5)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.norm_out = nn.BatchNorm2d(width)

    def forward(self, x: Tensor, listed: Tensor) -> Tensor:
        """(batch, before, bands, frames), (batch, n_list) -> (batch, width, bands, frames)."""
        x = self.norm(self.first(x))
        scale, shift = self.film(listed)[:, :, None, None].chunk(2, dim=1)
        x = nn.functional.relu(x * (1 + scale) + shift)
        x = x + torch.matmul(self.spread, nn.functional.relu(torch.matmul(self.gather, x)))
        return nn.functional.relu(x + self.norm_out(self.second(x)))


class SeparatorUnet(nn.Module):
    """(batch, 1, bands, frames) and (batch, n, classes) one-hot rows -> masks (batch, n, bands, frames).

    A row of zeros stands for no instrument and gets no share. The masks of the rows sum to at most one; what is missing
    belongs to none of them.
    """

    def __init__(self, config: SeparatorUnetConfig) -> None:
        super().__init__()
        self.listed = nn.Sequential(nn.Linear(config.n_classes, config.n_list), nn.ReLU())
        widths, top = config.widths, config.n_bands // PATCH
        bands = [top // 2**level for level in range(len(widths))]
        befores = (2 * PATCH * PATCH, *widths[:-1])
        self.down = nn.ModuleList(
            _Block(before, width, n, config.n_list) for before, width, n in zip(befores, widths, bands, strict=True)
        )
        self.up = nn.ModuleList(
            _Block(coarse + fine, fine, n, config.n_list)
            for coarse, fine, n in zip(widths[:0:-1], widths[-2::-1], bands[-2::-1], strict=True)
        )
        self.out = nn.Conv2d(widths[0], config.n_query * PATCH * PATCH, 1)
        self.query = nn.Parameter(torch.randn(config.n_classes, config.n_query) / config.n_query**0.5)
        self.rest = nn.Parameter(torch.zeros(config.n_query))
        place = torch.linspace(-1, 1, config.n_bands)[None, None, :, None]
        self.register_buffer("place", place)

    def forward(self, magnitude: Tensor, instruments: Tensor) -> Tensor:
        """Compressed band magnitudes of mean one and one-hot rows of instruments in, masks out."""
        place: Tensor = self.place  # type: ignore[assignment]
        x = torch.log(magnitude + 0.01) * 0.6 + 1.0
        x = torch.cat([x, place.expand(magnitude.shape[0], -1, -1, magnitude.shape[3])], dim=1)
        x = self._vectors(nn.functional.pixel_unshuffle(x, PATCH), self.listed(instruments.sum(dim=1)))
        queries = torch.matmul(instruments, self.query)
        logits = torch.einsum("bdft,bnd->bnft", x, queries.to(x.dtype)).float()
        rest = torch.einsum("bdft,d->bft", x, self.rest.to(x.dtype)).float()
        logits = logits + ((instruments.sum(dim=2) - 1) * 1e4)[:, :, None, None]
        shares = torch.softmax(torch.cat([logits, rest[:, None]], dim=1), dim=1)
        masks: Tensor = shares[:, :-1]
        return masks

    def _vectors(self, x: Tensor, listed: Tensor) -> Tensor:
        kept: list[Tensor] = []
        for index, block in enumerate(self.down):
            x = block(x, listed)
            if index < len(self.down) - 1:
                kept.append(x)
                x = nn.functional.avg_pool2d(x, 2)
        for block in self.up:
            fine = kept.pop()
            x = nn.functional.interpolate(x, scale_factor=2.0, mode="nearest")
            x = block(torch.cat([x, fine], dim=1), listed)
        return nn.functional.pixel_shuffle(self.out(x), PATCH)
