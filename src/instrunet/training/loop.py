"""The training loop, to be read from top to bottom; it runs alike on a CPU, on one GPU and under ``torchrun``."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from instrunet.training.batches import Batch, BatchSource, Share
from instrunet.training.checkpoints import Checkpoints, Position, load_weights, save_weights
from instrunet.training.clips import Clips
from instrunet.training.errors import InterruptedRun, TrainingError
from instrunet.training.feature_store import FeatureStore
from instrunet.training.log import EpochLog
from instrunet.training.losses import Loss, loss_of, positive_weights
from instrunet.training.optimising import follow, learning_rate, optimizer_of, start_average
from instrunet.training.recipe import LoopConfig, Recipe
from instrunet.training.stopping import StopSignal
from instrunet.training.validation import LOWER_IS_BETTER, clip_logits, logits_of, metrics_of, probabilities


@dataclass(frozen=True)
class StepReport:
    """What a progress display is told after every step; ``metrics`` are those of the last validation."""

    epoch: int
    step: int
    n_steps: int
    loss: float
    lr: float
    clips_per_s: float
    metrics: Mapping[str, float] = field(default_factory=dict)


Progress = Callable[[StepReport], None]


@dataclass(frozen=True)
class Held:
    """Clips that are only measured on, with their features."""

    clips: Clips
    store: FeatureStore


@dataclass(frozen=True)
class Fitted:
    """The end of a run: the network carries the best weights."""

    network: nn.Module
    best_epoch: int
    best: float
    steps: int


@dataclass
class Run:
    """All that changes while a network is trained; ``model`` is ``network`` as fabric wraps it."""

    recipe: Recipe
    fabric: Fabric
    network: nn.Module
    model: Any
    optimizer: torch.optim.Optimizer
    stepper: Any
    average: dict[str, Tensor]
    criterion: Loss
    source: BatchSource
    checkpoints: Checkpoints
    position: Position
    metrics: dict[str, float]


def fit(
    recipe: Recipe,
    network: nn.Module,
    source: BatchSource,
    held: Held,
    *,
    log: EpochLog,
    progress: Progress | None = None,
) -> Fitted:
    """Train a network, beginning or going on where the checkpoints in the log's folder stand.

    Raises:
        TrainingError: the loss is no longer finite; the last good checkpoint is kept.
        InterruptedRun: ctrl-C; the step was finished and saved.
    """
    run = _set_up(recipe, network, source, log)
    with StopSignal() as stop:
        while run.position.epoch < recipe.training.epochs and not run.position.finished:
            speed = _train_epoch(run, stop, progress)
            _close_epoch(run, held, log, speed)
    load_weights(network.cpu(), run.checkpoints.best)
    return Fitted(network.eval(), run.position.best_epoch, run.position.best or 0.0, run.position.total_steps)


def _train_epoch(run: Run, stop: StopSignal, progress: Progress | None) -> float:
    """Do the steps of one epoch that are not done yet; return clips per second."""
    config, position, source = run.recipe.training, run.position, run.source
    total_steps = config.epochs * source.n_steps
    run.model.train()
    begun, clips_seen = time.perf_counter(), 0
    for batch in source.batches(position.epoch, first_step=position.step, ahead=config.prefetch):
        lr = learning_rate(run.recipe.optimizer, position.total_steps, total_steps)
        for group in run.optimizer.param_groups:
            group["lr"] = lr

        mel, y, mask = (torch.from_numpy(array).to(run.fabric.device) for array in _arrays(batch))
        loss = run.criterion(clip_logits(run.model(mel[:, None])).float(), y, mask)
        value = loss.item()
        if not math.isfinite(value):
            _refuse(run, batch, value)
        run.optimizer.zero_grad(set_to_none=True)
        run.fabric.backward(loss)
        if config.clip_norm:
            run.fabric.clip_gradients(run.model, run.stepper, max_norm=config.clip_norm)
        run.stepper.step()
        if run.average:
            follow(run.average, run.network, config.ema_decay, position.total_steps)

        position.step += 1
        position.total_steps += 1
        position.loss_sum += value * len(y)
        position.loss_count += len(y)
        clips_seen += len(y)
        speed = clips_seen / (time.perf_counter() - begun)
        if progress:
            progress(StepReport(position.epoch, position.step, source.n_steps, value, lr, speed, run.metrics))
        due = config.checkpoint_every_steps and position.total_steps % config.checkpoint_every_steps == 0
        if due or stop.requested:
            _save(run)
        if stop.requested:
            raise InterruptedRun(
                f"stopped after step {position.step} of epoch {position.epoch + 1}; --resume goes on from there"
            )
    return clips_seen / max(1e-9, time.perf_counter() - begun)


def _close_epoch(run: Run, held: Held, log: EpochLog, clips_per_s: float) -> None:
    """Validate, write the log, keep the best weights, decide whether to go on, save."""
    config, position = run.recipe.training, run.position
    run.metrics = _validate(run, held)
    train_loss = position.loss_sum / max(1, position.loss_count)
    lr = run.optimizer.param_groups[0]["lr"]
    if run.fabric.is_global_zero:
        row = {"lr": lr, "train_loss": train_loss, **run.metrics, "clips_per_s": clips_per_s}
        log.add(position.epoch, position.total_steps, row)
    if _is_better(position, run.metrics[config.monitor], config) and run.fabric.is_global_zero:
        save_weights(run.checkpoints.best, run.average or run.network.state_dict())
    position.epoch += 1
    position.step = position.loss_count = 0
    position.loss_sum = 0.0
    position.finished = position.epoch - 1 - position.best_epoch >= config.patience
    _save(run)
    run.fabric.barrier()


def _set_up(recipe: Recipe, network: nn.Module, source: BatchSource, log: EpochLog) -> Run:
    config = recipe.training
    torch.manual_seed(config.seed)
    fabric = _fabric(config)
    if config.channels_last:
        for parameter in network.parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    optimizer = optimizer_of(network, recipe.optimizer)
    model, stepper = fabric.setup(network, optimizer)
    average = start_average(network) if config.ema_decay else {}
    checkpoints = Checkpoints(log.folder / "checkpoints")
    position = checkpoints.restore(network, optimizer, average) if checkpoints.last() else Position()
    if fabric.is_global_zero:
        log.rewind(position.epoch)
    weights = positive_weights(source.clips.y, source.clips.mask, most=recipe.loss.max_pos_weight)
    return Run(
        recipe=recipe,
        fabric=fabric,
        network=network,
        model=model,
        optimizer=optimizer,
        stepper=stepper,
        average=average,
        criterion=loss_of(recipe.loss, torch.from_numpy(weights).to(fabric.device)),
        source=replace(source, share=Share(fabric.global_rank, fabric.world_size)),
        checkpoints=checkpoints,
        position=position,
        metrics={},
    )


def _fabric(config: LoopConfig) -> Fabric:
    together = int(os.environ.get("LOCAL_WORLD_SIZE", "1"))
    nodes = max(1, int(os.environ.get("WORLD_SIZE", "1")) // together)
    fabric = Fabric(accelerator="auto", devices=together, num_nodes=nodes, precision=config.precision)
    fabric.launch()
    return fabric


def _arrays(batch: Batch) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return batch.content.mel, batch.content.y, batch.content.mask


def _save(run: Run) -> None:
    if run.fabric.is_global_zero:
        run.checkpoints.save(run.position, run.network, run.optimizer, run.average)


def _validate(run: Run, held: Held) -> dict[str, float]:
    """Numbers of the averaged weights where there are any, of the weights themselves otherwise."""
    recipe, network = run.recipe, run.network
    own = start_average(network) if run.average else {}
    if own:
        network.load_state_dict(run.average)
    with run.fabric.autocast():
        logits = logits_of(network, held.store, batch_size=2 * recipe.training.batch_size, device=run.fabric.device)
    if own:
        network.load_state_dict(own)
    metrics = metrics_of(probabilities(logits, single_label=recipe.loss.name == "cross_entropy"), held.clips)
    y, mask = torch.from_numpy(held.clips.y), torch.from_numpy(held.clips.mask.astype(np.float32))
    plain = loss_of(replace(recipe.loss, pos_weight=False, label_smoothing=0.0))
    metrics["loss"] = float(plain(torch.from_numpy(logits), y, mask))
    if recipe.training.monitor not in metrics:
        raise TrainingError(f"training.monitor {recipe.training.monitor!r} is none of {', '.join(sorted(metrics))}")
    agreed: dict[str, float] = run.fabric.broadcast(metrics)
    return agreed


def _is_better(position: Position, value: float, config: LoopConfig) -> bool:
    """Note the epoch if its number beats the best so far; an undefined number only counts where there is none yet."""
    sign = -1.0 if config.monitor in LOWER_IS_BETTER else 1.0
    better = position.best is None or (math.isfinite(value) and sign * value > sign * position.best)
    if better:
        position.best = value if math.isfinite(value) else -sign * 1e9
        position.best_epoch = position.epoch
    return better


def _refuse(run: Run, batch: Batch, value: float) -> None:
    """End the run because the loss is not a number: say which clips, keep the weights from before this step."""
    if all(bool(v.isfinite().all()) for v in run.network.state_dict().values() if v.is_floating_point()):
        _save(run)
    names = ", ".join(run.source.clips.ids[row] for row in batch.rows[:4])
    kept = run.checkpoints.last()
    raise TrainingError(
        f"the loss became {value} in epoch {run.position.epoch + 1}, step {run.position.step + 1} (clips {names}, …); "
        f"kept: {kept if kept else 'no checkpoint yet'}; try a lower optimizer.lr, training.clip_norm or 32-true"
    )
