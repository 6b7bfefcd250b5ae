"""A recipe: everything that decides a training run, as one frozen value read from TOML."""

from __future__ import annotations

import dataclasses
import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from instrunet.training.settings import RecipeError, merged, read_settings, with_changes


@dataclass(frozen=True)
class SourceConfig:
    """One data set of a recipe; its folder comes from ``--data NAME=FOLDER``.

    ``options`` go to the loader (a protocol, say); ``where`` keeps rows by column; ``weight`` is how often clips are
    drawn against those of weight 1; ``train_only`` keeps a synthetic set out of validation and test; ``limit`` takes at
    most so many clips, at random. ``learn_only`` names kinds of clip (stem, raw) that are left out of validation and
    test, so that mixes alone are judged while the stems of the training songs are learned from. ``closed`` names labels
    that the source always tells when they are there, so that their absence counts as observed although a translation
    into the recipe's vocabulary left it open.
    """

    dataset: str
    options: Mapping[str, Any] = field(default_factory=dict)
    where: Mapping[str, Any] = field(default_factory=dict)
    weight: float = 1.0
    train_only: bool = False
    limit: int = 0
    learn_only: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()


@dataclass(frozen=True)
class DataConfig:
    """Which clips, in which words, cut and split how, seen through which front end."""

    sources: tuple[SourceConfig, ...]
    vocabulary: str = "instrunet"
    labels: tuple[str, ...] = ()
    split: Literal["own", "grouped", "ungrouped"] = "own"
    fractions: tuple[float, float, float] = (0.6, 0.24, 0.16)
    split_seed: int = 0
    front_end: str = "instrunet32k"
    clip_s: float = 10.0
    preparation: str = ""
    unlabelled_is_negative: bool = False


@dataclass(frozen=True)
class ModelSettings:
    """An architecture by name, its own settings, and weights to begin from."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    pretrained: str = ""


@dataclass(frozen=True)
class OptimizerConfig:
    """Adam or AdamW, and how the rate moves: warm-up, then constant or cosine down to ``final`` of ``lr``."""

    name: Literal["adam", "adamw"] = "adamw"
    lr: float = 3e-4
    weight_decay: float = 0.0
    betas: tuple[float, float] = (0.9, 0.999)
    schedule: Literal["constant", "cosine"] = "cosine"
    warmup_steps: int = 0
    final: float = 0.0


@dataclass(frozen=True)
class LossConfig:
    """``pos_weight`` balances each class by its masked counts (at most ``max_pos_weight``)."""

    name: Literal["bce", "focal", "asymmetric", "cross_entropy"] = "bce"
    pos_weight: bool = False
    max_pos_weight: float = 20.0
    gamma: float = 2.0
    gamma_negative: float = 4.0
    clip: float = 0.05
    label_smoothing: float = 0.0


@dataclass(frozen=True)
class AugmentationConfig:
    """What may happen to a training clip. Spectrogram warps are those of the MedleyDB project; audio warps are cached.

    ``audio_copies`` adds that many stretched and shifted copies of each training clip to the cache. ``additive_mixup``
    is for note mixtures and single clips: the sum of two recordings holds the instruments of both.
    """

    mixup_p: float = 0.0
    mixup_alpha: float = 0.4
    mixup_labels: Literal["union", "blend"] = "union"
    time_masks: int = 0
    time_mask_frames: int = 40
    frequency_masks: int = 0
    frequency_mask_bands: int = 16
    warp_p: float = 0.0
    warp_only_extra: bool = False
    stretch: tuple[float, float] = (0.5, 1.5)
    semitones: tuple[float, float] = (-12.0, 12.0)
    audio_copies: int = 0
    gain: float = 0.0


@dataclass(frozen=True)
class SamplingConfig:
    """``balanced`` draws classes evenly; ``oversample_to`` re-extracts loud segments of rare single-label classes.

    A class with fewer single-label clips than ``oversample_to`` × the most frequent class gets new segments until it
    has that many, at most ``oversample_limit`` × its own. ``sums`` adds that many clips, each a sum of 1–4 of them.
    ``fresh_sums`` is the share of drawn single-label clips to which 1 to ``sums_most`` - 1 others are added, anew in
    every epoch and each up to ``fresh_gain_db`` louder or softer, all of them through random equalisers of some
    ``fresh_eq_db``; ``fresh_onto_mixes`` is the share of drawn clips with several labels, or none, that get 1 or 2 of
    them on top. Both need a log-mel front end.
    """

    kind: Literal["uniform", "balanced"] = "uniform"
    oversample_to: float = 0.0
    oversample_limit: float = 10.0
    sums: int = 0
    sums_most: int = 4
    fresh_sums: float = 0.0
    fresh_gain_db: float = 6.0
    fresh_eq_db: float = 0.0
    fresh_onto_mixes: float = 0.0


@dataclass(frozen=True)
class LoopConfig:
    """How long, how much at a time, in which arithmetic, and what ends it."""

    epochs: int = 30
    batch_size: int = 32
    steps_per_epoch: int = 0
    monitor: str = "map"
    patience: int = 10
    precision: Literal["32-true", "bf16-mixed", "16-mixed"] = "32-true"
    channels_last: bool = True
    clip_norm: float = 0.0
    ema_decay: float = 0.0
    seed: int = 0
    checkpoint_every_steps: int = 0
    prefetch: int = 4


@dataclass(frozen=True)
class PretrainConfig:
    """A first training on another task; every tensor that fits is then transplanted, the head starts anew."""

    sources: tuple[SourceConfig, ...]
    vocabulary: str
    labels: tuple[str, ...] = ()
    split: Literal["own", "grouped", "ungrouped"] = "grouped"
    loss: LossConfig = field(default_factory=LossConfig)
    epochs: int = 10
    monitor: str = "top1"
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class EnsembleConfig:
    """Members are recipes beside this one; ``searched`` finds weights and thresholds on validation."""

    members: tuple[str, ...]
    method: Literal["mean", "searched"] = "mean"


@dataclass(frozen=True)
class JudgingConfig:
    """Which thresholds the report shows, and which further protocols stand beside the masked one."""

    thresholds: tuple[float, ...] = (0.2, 0.3, 0.5)
    decision: float = 0.5
    unmasked_too: bool = False
    survey: str = ""
    dominant: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recipe:
    """One training run. ``to_dict`` is what a run folder and a bundle keep."""

    name: str
    data: DataConfig
    model: ModelSettings
    title: str = ""
    optimizer: OptimizerConfig = field(default_factory=OptimizerConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    augmentation: AugmentationConfig = field(default_factory=AugmentationConfig)
    sampling: SamplingConfig = field(default_factory=SamplingConfig)
    training: LoopConfig = field(default_factory=LoopConfig)
    evaluation: JudgingConfig = field(default_factory=JudgingConfig)
    pretrain: PretrainConfig | None = None
    ensemble: EnsembleConfig | None = None
    published: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain values: what TOML or JSON can hold."""
        plain: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(self)))
        return plain

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> Recipe:
        """Read a table; the inverse of :meth:`to_dict`."""
        present = {key: value for key, value in table.items() if value is not None}
        return read_settings(cls, present)


def read_recipe(path: str | os.PathLike[str], *, changes: tuple[str, ...] = (), miniature: bool = False) -> Recipe:
    """Read a recipe file.

    Args:
        path: a ``.toml`` file.
        changes: ``table.key=value``, applied last.
        miniature: lay the recipe's ``[miniature]`` table (a few small steps) over the rest.

    Raises:
        RecipeError: no such file, not TOML, an unknown key or an impossible value.
    """
    where = Path(path)
    try:
        table = tomllib.loads(where.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise RecipeError(f"{where}: no such recipe") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{where}: not a TOML file: {error}") from error
    small = table.pop("miniature", {})
    if miniature:
        table = merged(table, small)
    table.setdefault("name", where.stem)
    try:
        return Recipe.from_dict(with_changes(table, changes))
    except RecipeError as error:
        raise RecipeError(f"{where.name}: {error}") from error
