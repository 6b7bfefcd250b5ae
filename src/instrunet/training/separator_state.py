"""How far a separator's training is: averaged weights, progress, and the checkpoint that holds both."""

from __future__ import annotations

import copy
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from instrunet.files import written_whole


@dataclass(frozen=True)
class Progress:
    """Steps and seconds so far, and the loss, smoothed."""

    step: int = 0
    seconds: float = 0.0
    running_loss: float = 0.0

    def after(self, loss: float, seconds: float) -> Progress:
        """One step on.

        >>> Progress().after(2.0, 1.5)
        Progress(step=1, seconds=1.5, running_loss=2.0)
        """
        running = loss if self.step == 0 else 0.99 * self.running_loss + 0.01 * loss
        return Progress(self.step + 1, seconds, running)


class Averaged:
    """A copy of a network that follows its weights slowly."""

    def __init__(self, network: torch.nn.Module, keep: float = 0.998) -> None:
        self.network = copy.deepcopy(network).requires_grad_(False)
        self.keep, self.taken = keep, 0

    @torch.no_grad()
    def take(self, network: torch.nn.Module) -> None:
        """Move a little towards the network; fast at first, when there is nothing to keep."""
        self.taken += 1
        share = 1 - min(self.keep, self.taken / (self.taken + 10))
        for mine, theirs in zip(self.network.state_dict().values(), network.state_dict().values(), strict=True):
            if mine.is_floating_point():
                mine.lerp_(theirs, share)
            else:
                mine.copy_(theirs)


def save_state(
    path: Path, network: torch.nn.Module, averaged: Averaged, optimiser: torch.optim.Optimizer, progress: Progress
) -> None:
    """Write a checkpoint whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {"network": network.state_dict(), "averaged": averaged.network.state_dict(), "taken": averaged.taken,
             "optimiser": optimiser.state_dict(), "progress": asdict(progress)}  # fmt: skip
    with written_whole(path) as beside:
        torch.save(state, beside)


def load_state(
    path: Path, network: torch.nn.Module, averaged: Averaged, optimiser: torch.optim.Optimizer
) -> Progress | None:
    """Take up a checkpoint, if there is one."""
    if not path.is_file():
        return None
    state = torch.load(path, weights_only=True)
    network.load_state_dict(state["network"])
    averaged.network.load_state_dict(state["averaged"])
    averaged.taken = state["taken"]
    optimiser.load_state_dict(state["optimiser"])
    return Progress(**state["progress"])
