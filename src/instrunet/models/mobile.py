"""Our own network: a small inverted-residual CNN that hears instruments in the clip and in each third of a second."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn


class TimedLogits(NamedTuple):
    """Logits of the whole clip (batch, classes) and of its frames (batch, classes, frames)."""

    clip: Tensor
    frames: Tensor


@dataclass(frozen=True)
class Stage:
    """A run of blocks: the first one changes width and resolution (stride over mel bands, stride over time)."""

    width: int
    depth: int
    expand: float
    kernel: int
    stride: tuple[int, int]


@dataclass(frozen=True)
class MobileConfig:
    """Everything that fixes the network.

    Attributes:
        n_classes: how many instruments.
        n_mels: mel bands of the input (a multiple of 32).
        stem: channels after the first convolution, which halves both axes.
        fused: channels after the second, dense block, which halves both again.
        stages: inverted residuals with depthwise convolutions.
        features: channels after all mel bands are folded into one.
        dropout: before the classifier.
        n_embedding: size of the auxiliary output that imitates another network; 0 for none.
    """

    n_classes: int = 36
    n_mels: int = 128
    stem: int = 16
    fused: int = 24
    stages: tuple[Stage, ...] = (
        Stage(40, 2, 3.0, 3, (2, 2)),
        Stage(80, 3, 3.0, 3, (2, 2)),
        Stage(144, 3, 3.0, 3, (2, 1)),
    )
    features: int = 512
    dropout: float = 0.15
    n_embedding: int = 0

    @property
    def n_bands(self) -> int:
        """Mel bands that are left at the end."""
        bands = self.n_mels // 4
        for stage in self.stages:
            bands = -(-bands // stage.stride[0])
        return bands


def _conv(n_in: int, n_out: int, kernel: int, stride: tuple[int, int] = (1, 1), groups: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(n_out, momentum=0.02),
    )


class Gate(nn.Module):
    """Squeeze and excitation: channels weighted by what the whole clip contains."""

    def __init__(self, width: int, squeeze: int) -> None:
        super().__init__()
        self.down = nn.Conv2d(width, squeeze, 1)
        self.up = nn.Conv2d(squeeze, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, width, bands, frames) to the same."""
        summary = x.mean((2, 3), keepdim=True)
        return x * torch.nn.functional.hardsigmoid(self.up(torch.relu(self.down(summary))))


class InvertedResidual(nn.Module):
    """Widen, filter each channel by itself, gate, narrow; added to its input where the shape allows."""

    def __init__(self, n_in: int, stage: Stage, stride: tuple[int, int]) -> None:
        super().__init__()
        wide = int(n_in * stage.expand)
        self.adds = stride == (1, 1) and n_in == stage.width
        self.widen = nn.Sequential(_conv(n_in, wide, 1), nn.Hardswish())
        self.filter = nn.Sequential(_conv(wide, wide, stage.kernel, stride, wide), nn.Hardswish())
        self.gate = Gate(wide, max(8, wide // 8))
        self.narrow = _conv(wide, stage.width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, n_in, bands, frames) to (batch, width, bands / stride, frames / stride)."""
        y = self.narrow(self.gate(self.filter(self.widen(x))))
        return x + y if self.adds else y


class Mobile(nn.Module):
    """Log-mel (batch, 1, n_mels, n_frames) to `TimedLogits`; any number of frames from 16 on.

    >>> net = Mobile(MobileConfig(n_classes=3, stem=8, fused=8, stages=(Stage(8, 1, 2.0, 3, (2, 2)),), features=16))
    >>> clip, frames = net.eval()(torch.zeros(2, 1, 128, 64))
    >>> clip.shape, frames.shape
    (torch.Size([2, 3]), torch.Size([2, 3, 8]))
    """

    def __init__(self, config: MobileConfig | None = None) -> None:
        super().__init__()
        self.config = config = config or MobileConfig()
        self.bands = nn.BatchNorm1d(config.n_mels, momentum=0.02)
        self.first = nn.Sequential(_conv(1, config.stem, 3, (2, 2)), nn.ReLU())
        self.second = nn.Sequential(_conv(config.stem, config.fused, 3, (2, 2)), nn.ReLU())
        blocks: list[nn.Module] = []
        width = config.fused
        for stage in config.stages:
            for number in range(stage.depth):
                blocks.append(InvertedResidual(width, stage, stage.stride if number == 0 else (1, 1)))
                width = stage.width
        self.blocks = nn.Sequential(*blocks)
        self.fold = nn.Sequential(
            nn.Conv2d(width, config.features, (config.n_bands, 1), bias=False),
            nn.BatchNorm2d(config.features, momentum=0.02),
            nn.Hardswish(),
        )
        self.drop = nn.Dropout(config.dropout)
        self.classify = nn.Conv1d(config.features, config.n_classes, 1)
        self.attend = nn.Conv1d(config.features, config.n_classes, 1)
        nn.init.constant_(self.classify.get_parameter("bias"), -2.5)  # most instruments are absent from most clips
        self.imitate = nn.Linear(config.features, config.n_embedding) if config.n_embedding else None

    def features(self, mel: Tensor) -> Tensor:
        """(batch, 1, n_mels, n_frames) to (batch, features, frames)."""
        x = self.bands(mel.squeeze(1)).unsqueeze(1).contiguous(memory_format=torch.channels_last)
        return self.fold(self.blocks(self.second(self.first(x)))).squeeze(2)

    def judge(self, features: Tensor) -> TimedLogits:
        """(batch, features, frames) to logits; the clip's is the attention-weighted mean of the frames'."""
        features = self.drop(features)
        frames = self.classify(features)
        weights = torch.softmax(self.attend(features), dim=-1)
        return TimedLogits((frames * weights).sum(-1), frames)

    def forward(self, mel: Tensor) -> TimedLogits:
        """Log-mel to logits."""
        return self.judge(self.features(mel))
