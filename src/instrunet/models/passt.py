"""PaSST (Koutini et al. 2022): a spectrogram transformer that drops whole rows and columns of patches in training."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class PasstConfig:
    """PaSST-S by default; ``n_frames`` fixes how many time positions are learnt (998 frames: ten seconds)."""

    n_classes: int = 20
    n_mels: int = 128
    n_frames: int = 998
    patch: int = 16
    stride: int = 10
    width: int = 768
    depth: int = 12
    heads: int = 12
    time_patchout: int = 0
    frequency_patchout: int = 0
    dropout: float = 0.0

    @property
    def grid(self) -> tuple[int, int]:
        """Patches along frequency and along time."""
        return (self.n_mels - self.patch) // self.stride + 1, (self.n_frames - self.patch) // self.stride + 1


class TransformerBlock(nn.Module):
    """Pre-norm self-attention and a two-layer perceptron, each added to what came in."""

    def __init__(self, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm_attention = nn.LayerNorm(width, eps=1e-6)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm_mlp = nn.LayerNorm(width, eps=1e-6)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.drop = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, tokens, width) in and out."""
        batch, tokens, width = x.shape
        split = self.qkv(self.norm_attention(x)).reshape(batch, tokens, 3, self.heads, width // self.heads)
        query, key, value = split.permute(2, 0, 3, 1, 4).unbind(0)  # each (batch, heads, tokens, width / heads)
        mixed = F.scaled_dot_product_attention(query, key, value).transpose(1, 2).reshape(batch, tokens, width)
        x = x + self.drop(self.out(mixed))
        return x + self.drop(self.mlp(self.norm_mlp(x)))


class Passt(nn.Module):
    """(batch, 1, mels, frames) -> (batch, classes); a shorter clip uses a run of the time positions.

    A clip longer than ``n_frames`` is refused: the network has learnt no position for its end.
    """

    def __init__(self, config: PasstConfig) -> None:
        super().__init__()
        self.config = config
        rows, columns = config.grid
        self.patches = nn.Conv2d(1, config.width, config.patch, stride=config.stride)
        self.tokens = nn.Parameter(torch.zeros(1, 2, config.width))
        self.token_position = nn.Parameter(torch.zeros(1, 2, config.width))
        self.frequency_position = nn.Parameter(torch.zeros(1, config.width, rows, 1))
        self.time_position = nn.Parameter(torch.zeros(1, config.width, 1, columns))
        self.blocks = nn.Sequential(
            *(TransformerBlock(config.width, config.heads, config.dropout) for _ in range(config.depth))
        )
        self.norm = nn.LayerNorm(config.width, eps=1e-6)
        self.head = nn.Sequential(nn.LayerNorm(config.width), nn.Linear(config.width, config.n_classes))
        for position in (self.tokens, self.token_position, self.frequency_position, self.time_position):
            nn.init.trunc_normal_(position, std=0.02)

    def forward(self, mel: Tensor) -> Tensor:
        """Log-mel in, logits out."""
        grid = self._placed(self.patches(mel))
        sequence = self._patched_out(grid).flatten(2).transpose(1, 2)
        tokens = (self.tokens + self.token_position).expand(mel.shape[0], -1, -1)
        encoded = self.norm(self.blocks(torch.cat((tokens, sequence), dim=1)))
        return self.head(encoded[:, :2].mean(dim=1))

    def _placed(self, grid: Tensor) -> Tensor:
        """Add what is known of each patch's place: (batch, width, rows, columns) in and out."""
        columns, known = grid.shape[-1], self.time_position.shape[-1]
        if columns > known:
            raise ValueError(f"PaSST knows {known} time positions, the clip has {columns}; set n_frames or cut windows")
        start = int(torch.randint(known - columns + 1, ())) if self.training and known > columns else 0
        return grid + self.time_position[..., start : start + columns] + self.frequency_position

    def _patched_out(self, grid: Tensor) -> Tensor:
        """Structured patchout: in training, whole columns (time) and rows (frequency) are left out."""
        if not self.training:
            return grid
        rows, columns = grid.shape[-2:]
        if 0 < self.config.time_patchout < columns:
            kept = torch.randperm(columns)[: columns - self.config.time_patchout].sort().values
            grid = grid[..., kept]
        if 0 < self.config.frequency_patchout < rows:
            kept = torch.randperm(rows)[: rows - self.config.frequency_patchout].sort().values
            grid = grid[:, :, kept]
        return grid
