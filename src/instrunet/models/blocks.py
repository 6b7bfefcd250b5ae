"""Small layers that several architectures share."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class Standardise(nn.Module):
    """A fixed affine map of the input, ``(x - mean) / std``: no parameter is learnt and none is counted."""

    def __init__(self, mean: float, std: float) -> None:
        super().__init__()
        self.mean, self.std = mean, std

    def forward(self, x: Tensor) -> Tensor:
        """Any shape in, the same shape out."""
        return x if (self.mean, self.std) == (0.0, 1.0) else (x - self.mean) / self.std


class SameMaxPool(nn.Module):
    """Max pooling with stride = kernel and "same" padding: n becomes ceil(n / size), padded on both sides.

    >>> import torch
    >>> SameMaxPool(3)(torch.zeros(1, 1, 128, 862)).shape[2:]
    torch.Size([43, 288])
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, rows, columns) -> (batch, channels, ceil(rows / size), ceil(columns / size))."""
        rows, columns = (-n % self.size for n in x.shape[-2:])
        padding = (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2)
        return F.max_pool2d(F.pad(x, padding, value=float("-inf")), self.size)


def conv_block(n_in: int, n_out: int) -> nn.Sequential:
    """3×3 convolution, batch norm, ReLU, 2×2 max pooling; pooling first gives the same and leaves less to do."""
    return nn.Sequential(nn.Conv2d(n_in, n_out, 3, padding=1), nn.BatchNorm2d(n_out), nn.MaxPool2d(2), nn.ReLU())


def conv_blocks(channels: tuple[int, ...]) -> list[nn.Sequential]:
    """One :func:`conv_block` after the other, beginning with a single plane."""
    return [conv_block(a, b) for a, b in zip((1, *channels), channels, strict=False)]


def dense_head(n_in: int, hidden: int, n_classes: int, *, dropout: float) -> nn.Sequential:
    """Two dense layers with ReLU and dropout between them."""
    return nn.Sequential(nn.Linear(n_in, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, n_classes))


def parameter_count(network: nn.Module) -> int:
    """How many numbers training may change.

    >>> from torch import nn
    >>> parameter_count(nn.Linear(3, 2))
    8
    """
    return sum(p.numel() for p in network.parameters() if p.requires_grad)
