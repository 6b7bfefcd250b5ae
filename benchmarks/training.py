"""How much of the bare network's speed does the training loop keep, and how long does resuming take?

python benchmarks/training.py [--clips 192] [--batch 32] [--threads 2] [--model mobile] [--precision bf16-mixed]

The same network, batch size and precision twice: steps on one batch that lies in memory, and the loop of
``instrunet.training`` with features read from disk, mixup, SpecAugment, average and logging. Both are repeated in turn
and the best of each counts, because the machine may be busy with other work.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric

from instrunet.models import build
from instrunet.training.batches import BatchSource
from instrunet.training.checkpoints import Checkpoints, Position
from instrunet.training.clips import Clips, Excerpt
from instrunet.training.feature_store import FeatureStore
from instrunet.training.log import EpochLog
from instrunet.training.loop import Held, StepReport, fit
from instrunet.training.losses import masked_bce
from instrunet.training.optimising import optimizer_of, start_average
from instrunet.training.recipe import (
    AugmentationConfig,
    DataConfig,
    LoopConfig,
    ModelSettings,
    OptimizerConfig,
    Recipe,
    SourceConfig,
)
from instrunet.training.validation import clip_logits

N_CLASSES = 36
MEL_SHAPE = (128, 251)  # five seconds of the instrunet32k front end
SHARE_BOUND, RESUME_BOUND_S = 0.8, 5.0
AUGMENTATION = AugmentationConfig(
    mixup_p=0.5, time_masks=1, time_mask_frames=20, frequency_masks=1, frequency_mask_bands=16, gain=0.1
)


@dataclass(frozen=True)
class Setting:
    """What is measured."""

    model: str
    n_clips: int
    batch_size: int
    precision: str
    folder: Path


def drawn(n_clips: int, folder: Path) -> tuple[Clips, FeatureStore]:
    """Random features in a file, as the loop finds them."""
    rng = np.random.default_rng(0)
    path = folder / f"features-{n_clips}.npy"
    if not path.is_file():
        np.save(path, rng.standard_normal((n_clips, *MEL_SHAPE)).astype(np.float16))
    names = tuple(f"clip{i}" for i in range(n_clips))
    clips = Clips(
        excerpts=tuple(Excerpt(name) for name in names),
        ids=names,
        groups=names,
        sources=("mix",) * n_clips,
        splits=("train",) * n_clips,
        y=(rng.random((n_clips, N_CLASSES)) < 0.1).astype(np.float32),
        mask=np.ones((n_clips, N_CLASSES), np.bool_),
        weights=np.ones(n_clips),
        extra=np.zeros(n_clips, np.bool_),
    )
    return clips, FeatureStore(np.load(path, mmap_mode="r"), {})


def recipe_of(setting: Setting) -> Recipe:
    """The recipe that the loop runs, one epoch."""
    return Recipe(
        name="speed",
        data=DataConfig((SourceConfig("random"),)),
        model=ModelSettings(setting.model),
        optimizer=OptimizerConfig(lr=1e-3),
        training=replace(
            LoopConfig(epochs=1, batch_size=setting.batch_size, patience=99),
            precision=setting.precision,  # type: ignore[arg-type]
            ema_decay=0.999,
        ),
    )


def bare_clips_per_s(setting: Setting, n_steps: int) -> float:
    """Forward, backward and step on one batch in memory."""
    recipe = recipe_of(setting)
    fabric = Fabric(accelerator="cpu", devices=1, precision=recipe.training.precision)
    network = build(setting.model, n_classes=N_CLASSES).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    model, optimizer = fabric.setup(network, optimizer_of(network, recipe.optimizer))
    mel = torch.randn(setting.batch_size, 1, *MEL_SHAPE)
    y, mask = torch.zeros(setting.batch_size, N_CLASSES), torch.ones(setting.batch_size, N_CLASSES)
    model.train()
    begun = 0.0
    for step in range(n_steps + 1):
        if step == 1:  # the first step warms up
            begun = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        fabric.backward(masked_bce(clip_logits(model(mel)).float(), y, mask))
        optimizer.step()
    return n_steps * setting.batch_size / (time.perf_counter() - begun)


def loop_clips_per_s(setting: Setting) -> float:
    """One epoch of the loop; its first step warms up and is not counted."""
    clips, store = drawn(setting.n_clips, setting.folder)
    recipe = recipe_of(setting)
    source = BatchSource(clips, store, recipe.sampling, AUGMENTATION, setting.batch_size, seed=0)
    few = clips.take(np.arange(8))
    times: list[float] = []

    def progress(_: StepReport) -> None:
        times.append(time.perf_counter())

    with tempfile.TemporaryDirectory(dir=setting.folder) as folder:
        held = Held(few, FeatureStore(store.features[:8], {}))
        network = build(setting.model, n_classes=N_CLASSES)
        fit(recipe, network, source, held, log=EpochLog(Path(folder)), progress=progress)
    return (len(times) - 1) * setting.batch_size / (times[-1] - times[0])


def resume_s(setting: Setting) -> float:
    """From a checkpoint on disk to a network, an optimiser and an average that are ready for the next step."""
    network = build(setting.model, n_classes=N_CLASSES)
    optimizer = optimizer_of(network, OptimizerConfig())
    clip_logits(network(torch.randn(2, 1, *MEL_SHAPE))).sum().backward()
    optimizer.step()
    checkpoints = Checkpoints(setting.folder / "resume")
    checkpoints.save(Position(total_steps=1), network, optimizer, start_average(network))
    begun = time.perf_counter()
    again = build(setting.model, n_classes=N_CLASSES)
    checkpoints.restore(again, optimizer_of(again, OptimizerConfig()), start_average(again))
    return time.perf_counter() - begun


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=192)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--model", default="mobile")
    parser.add_argument("--precision", default="bf16-mixed")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    with tempfile.TemporaryDirectory() as folder:
        setting = Setting(given.model, given.clips, given.batch, given.precision, Path(folder))
        n_steps = given.clips // given.batch
        pairs = [(bare_clips_per_s(setting, n_steps), loop_clips_per_s(setting)) for _ in range(given.repeats)]
        bare, loop = max(p[0] for p in pairs), max(p[1] for p in pairs)
        resume = min(resume_s(setting) for _ in range(given.repeats))
    print(f"{given.model}, {given.precision}, batches of {given.batch} five-second clips, {given.threads} threads")
    print(f"{'bare network':<34}{bare:8.1f} clips/s")
    print(f"{'loop with data and augmentation':<34}{loop:8.1f} clips/s  {loop / bare:.0%} (wanted {SHARE_BOUND:.0%})")
    print(f"{'resume from a checkpoint':<34}{resume:8.2f} s        (wanted < {RESUME_BOUND_S:g} s)")


if __name__ == "__main__":
    main()
