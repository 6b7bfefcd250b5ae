"""What ``torchrun`` starts twice in test_torchrun.py: a small training whose every process leaves its weights."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from instrunet.models import build
from instrunet.training.checkpoints import save_weights
from instrunet.training.log import EpochLog
from instrunet.training.loop import fit
from tests.training.toys import COLUMNS, N_CLASSES, ROWS, toy_held, toy_recipe, toy_source


def train_toy(folder: Path) -> None:
    """Every label observed and batches even, so that two half batches make the gradient of the whole one."""
    recipe = toy_recipe(epochs=3, batch_size=8)
    source = toy_source(recipe, n=40)
    source = replace(source, clips=replace(source.clips, mask=np.ones_like(source.clips.mask)))
    torch.manual_seed(5)
    network = build("feedforward", n_classes=N_CLASSES, pooled=(ROWS, COLUMNS), hidden=16, dropout=0.0)
    fitted = fit(recipe, network, source, toy_held(), log=EpochLog(folder))
    save_weights(folder / f"rank{os.environ.get('RANK', '')}.safetensors", fitted.network.state_dict())


if __name__ == "__main__":
    train_toy(Path(sys.argv[1]))
