"""A task small enough to learn in a second: which of three bands of the spectrogram is loud."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from instrunet.training.batches import BatchSource
from instrunet.training.clips import Clips, Excerpt
from instrunet.training.feature_store import FeatureStore
from instrunet.training.loop import Held
from instrunet.training.recipe import (
    AugmentationConfig,
    DataConfig,
    LoopConfig,
    ModelSettings,
    OptimizerConfig,
    Recipe,
    SourceConfig,
)

N_CLASSES = 3
ROWS, COLUMNS = 12, 8


def toy_clips(n: int, seed: int) -> tuple[Clips, FeatureStore]:
    rng = np.random.default_rng(seed)
    y = (rng.random((n, N_CLASSES)) < 0.4).astype(np.float32)
    mel = rng.normal(0, 0.3, (n, ROWS, COLUMNS))
    mel += np.repeat(y, ROWS // N_CLASSES, axis=1)[:, :, None]
    names = tuple(f"clip{i}" for i in range(n))
    clips = Clips(
        excerpts=tuple(Excerpt(name) for name in names),
        ids=names,
        groups=names,
        sources=("mix",) * n,
        splits=("train",) * n,
        y=y,
        mask=rng.random((n, N_CLASSES)) < 0.9,
        weights=np.ones(n),
        extra=np.zeros(n, np.bool_),
    )
    return clips, FeatureStore(mel.astype(np.float16), {})


def toy_recipe(**training: object) -> Recipe:
    recipe = Recipe(
        name="toy",
        data=DataConfig(sources=(SourceConfig("toy"),)),
        model=ModelSettings("feedforward"),
        optimizer=OptimizerConfig(lr=3e-3, warmup_steps=3),
        training=LoopConfig(epochs=3, batch_size=8, patience=99, channels_last=False),
    )
    return replace(recipe, training=replace(recipe.training, **training))  # type: ignore[arg-type]


def toy_source(recipe: Recipe, n: int = 41, **augmentation: object) -> BatchSource:
    clips, store = toy_clips(n, seed=1)
    return BatchSource(
        clips=clips,
        store=store,
        sampling=recipe.sampling,
        augmentation=AugmentationConfig(**augmentation),  # type: ignore[arg-type]
        batch_size=recipe.training.batch_size,
        seed=recipe.training.seed,
        steps_per_epoch=recipe.training.steps_per_epoch,
    )


def toy_held() -> Held:
    return Held(*toy_clips(30, seed=2))
