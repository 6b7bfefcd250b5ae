"""The optimiser, its learning rate over time, and the running average of the weights."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from instrunet.training.recipe import OptimizerConfig


def optimizer_of(network: nn.Module, config: OptimizerConfig) -> torch.optim.Optimizer:
    """Adam or AdamW; weight decay falls on matrices and kernels only, never on biases, norms and single positions."""
    decayed = [p for p in network.parameters() if p.requires_grad and p.ndim > 1]
    plain = [p for p in network.parameters() if p.requires_grad and p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    kind = torch.optim.AdamW if config.name == "adamw" else torch.optim.Adam
    return kind(groups, lr=config.lr, betas=config.betas)


def learning_rate(config: OptimizerConfig, step: int, total_steps: int) -> float:
    """Linear warm-up, then constant or half a cosine down to ``final`` × lr.

    >>> config = OptimizerConfig(lr=1.0, warmup_steps=2, schedule="cosine")
    >>> [round(learning_rate(config, step, 10), 2) for step in (0, 1, 2, 6, 10)]
    [0.5, 1.0, 1.0, 0.5, 0.0]
    """
    if step < config.warmup_steps:
        return config.lr * (step + 1) / config.warmup_steps
    if config.schedule == "constant":
        return config.lr
    done = (step - config.warmup_steps) / max(1, total_steps - config.warmup_steps)
    return config.lr * (config.final + (1 - config.final) * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))


def start_average(network: nn.Module) -> dict[str, Tensor]:
    """A copy of the weights for :func:`follow` to move."""
    return {name: value.detach().clone() for name, value in network.state_dict().items()}


@torch.no_grad()
def follow(average: dict[str, Tensor], network: nn.Module, decay: float, step: int) -> None:
    """Move the average towards the weights; early on it follows faster, counters are copied."""
    keep = min(decay, (1 + step) / (10 + step))
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            average[name].lerp_(value, 1 - keep)
        else:
            average[name].copy_(value)
