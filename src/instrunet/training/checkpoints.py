"""Checkpoints without pickled code: weights as safetensors, the optimiser's state as tensors read weights_only."""

from __future__ import annotations

import pickle  # nosec B403 - for its error only; nothing is unpickled
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from instrunet.files import written_whole
from instrunet.training.errors import TrainingError

WEIGHTS = "weights.safetensors"
AVERAGE = "average.safetensors"
STATE = "state.pt"


@dataclass
class Position:
    """Where a run stands: the step to do next, what was summed since the epoch began, the best value so far."""

    epoch: int = 0
    step: int = 0
    total_steps: int = 0
    loss_sum: float = 0.0
    loss_count: int = 0
    best: float | None = None
    best_epoch: int = -1
    finished: bool = False


def save_weights(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors as safetensors, whole or not at all."""
    ready = {key: value.detach().cpu().contiguous().clone() for key, value in tensors.items()}
    with written_whole(path) as beside:
        save_file(ready, beside)


def load_weights(network: nn.Module, path: Path) -> None:
    """Read safetensors into a network.

    Raises:
        TrainingError: no such file, damaged, or made by another architecture.
    """
    try:
        tensors = load_file(path)
    except (FileNotFoundError, SafetensorError) as error:
        raise TrainingError(f"{path}: no readable weights: {error}") from error
    own = network.state_dict()
    differing = sorted(set(own) ^ set(tensors)) or sorted(k for k in own if own[k].shape != tensors[k].shape)
    if differing:
        raise TrainingError(
            f"{path}: a checkpoint of another architecture: {len(differing)} of its tensors, such as {differing[0]}, "
            f"do not fit {type(network).__name__}"
        )
    network.load_state_dict(tensors)


class Checkpoints:
    """The folder ``checkpoints`` of a run: ``last-<step>`` to go on from, ``best.safetensors`` to use."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def best(self) -> Path:
        """Weights of the best epoch."""
        return self.folder / "best.safetensors"

    def last(self) -> Path | None:
        """The newest complete checkpoint, or None."""
        found = sorted(self.folder.glob("last-*"), key=lambda p: int(p.name.rpartition("-")[2]))
        return found[-1] if found else None

    def save(self, position: Position, network: nn.Module, optimizer: Any, average: Mapping[str, Tensor]) -> Path:
        """Write everything that the next step depends on, then drop the older checkpoint."""
        target = self.folder / f"last-{position.total_steps:09d}"
        older = self.last()
        staged = self.folder / ".part"
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir(parents=True)
        save_weights(staged / WEIGHTS, network.state_dict())
        if average:
            save_weights(staged / AVERAGE, average)
        state = {"position": asdict(position), "optimizer": optimizer.state_dict(), "random": torch.get_rng_state()}
        if torch.cuda.is_available():
            state["random_cuda"] = torch.cuda.get_rng_state()
        torch.save(state, staged / STATE)
        shutil.rmtree(target, ignore_errors=True)
        staged.rename(target)
        if older is not None and older != target:
            shutil.rmtree(older)
        return target

    def restore(self, network: nn.Module, optimizer: Any, average: dict[str, Tensor]) -> Position:
        """Bring network, optimiser, average and random state back to the newest checkpoint.

        Raises:
            TrainingError: there is none, or it belongs to another architecture.
        """
        last = self.last()
        if last is None:
            raise TrainingError(f"{self.folder}: there is no checkpoint to resume from")
        load_weights(network, last / WEIGHTS)
        try:
            state = torch.load(last / STATE, map_location="cpu", weights_only=True)
        except (pickle.UnpicklingError, RuntimeError, OSError, EOFError) as error:
            raise TrainingError(f"{last / STATE}: no readable optimiser state: {error}") from error
        optimizer.load_state_dict(state["optimizer"])
        if average:
            average.update(load_file(last / AVERAGE))
        torch.set_rng_state(state["random"])
        if torch.cuda.is_available() and "random_cuda" in state:
            torch.cuda.set_rng_state(state["random_cuda"])
        return Position(**state["position"])
