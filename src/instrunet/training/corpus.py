"""All clips of a recipe in one vocabulary, divided into what is learned from, tuned on and reported on."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from instrunet.datasets.manifest import Manifest
from instrunet.datasets.splitting import SplitPlan, split
from instrunet.labels import vocabulary
from instrunet.training.clips import Clips, clips_of, joined
from instrunet.training.errors import TrainingError
from instrunet.training.recipe import DataConfig, SourceConfig
from instrunet.training.settings import RecipeError
from instrunet.training.sources import Places, manifest_of


@dataclass(frozen=True)
class Corpus:
    """Clips for training, validation and test, with the labels of their truth."""

    vocabulary: str
    labels: tuple[str, ...]
    train: Clips
    validation: Clips
    test: Clips

    def describe(self) -> dict[str, Any]:
        """Counts per part and class, how many groups are in two parts, and a digest of every clip and label."""
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        digest = hashlib.sha256()
        for part in parts.values():
            digest.update("\n".join(part.ids).encode())
            digest.update(part.y.tobytes() + part.mask.tobytes())
        return {
            "vocabulary": self.vocabulary,
            "clips": {name: len(part) for name, part in parts.items()},
            "positives": {
                label: {name: int(((part.y * part.mask)[:, i] >= 0.5).sum()) for name, part in parts.items()}
                for i, label in enumerate(self.labels)
            },
            "shared_groups": len(set(self.train.groups) & set(self.test.groups)),
            "sha256": digest.hexdigest(),
        }


def assemble(data: DataConfig, places: Places, *, cache: Path) -> Corpus:
    """Read every source, say it in the recipe's vocabulary, and divide it.

    Raises:
        TrainingError: a part is empty, or no class of the head ever occurs in training.
    """
    labels = _labels(data)
    divided = [_clips(source, data, labels, places, cache) for source in data.sources]
    train, validation, test = (joined([three[i] for three in divided]) for i in range(3))
    for name, part in (("training", train), ("validation", validation), ("test", test)):
        if not len(part):
            raise TrainingError(f"there is no clip for {name}; check data.split and the sources' filters")
    if not ((train.y * train.mask) >= 0.5).any():
        raise TrainingError(
            f"the labels do not fit the head: none of {data.vocabulary} is positive in any training clip"
        )
    return Corpus(data.vocabulary, labels, train, validation, test)


def _labels(data: DataConfig) -> tuple[str, ...]:
    known = vocabulary(data.vocabulary).labels
    strange = [label for label in data.labels if label not in known]
    if strange:
        raise RecipeError(f"data.labels: {data.vocabulary} has no {strange[0]!r}; it has {', '.join(known)}")
    return tuple(label for label in known if label in data.labels) if data.labels else tuple(known)


def _clips(
    source: SourceConfig, data: DataConfig, labels: tuple[str, ...], places: Places, cache: Path
) -> tuple[Clips, Clips, Clips]:
    """Training, validation and test clips of one source."""
    manifest = manifest_of(source, places, cache=cache)
    if manifest.vocabulary != data.vocabulary:
        manifest = manifest.project(data.vocabulary)
    missing = [label for label in labels if label not in manifest.labels]
    if missing:
        raise TrainingError(f"{source.dataset}: its table has no {missing[0]!r}; the labels do not fit the head")
    strange = [label for label in source.closed if label not in labels]
    if strange:
        raise RecipeError(f"source {source.dataset}: closed names {strange[0]!r}, which is no label of the recipe")
    if 0 < source.limit < len(manifest):
        rng = np.random.default_rng(data.split_seed)
        manifest = manifest.take(np.sort(rng.choice(len(manifest), source.limit, replace=False)))
    train, validation, test = (clips_of(part, labels, weight=source.weight) for part in divided(manifest, source, data))
    validation, test = (
        part.take([kind not in source.learn_only for kind in part.sources]) for part in (validation, test)
    )
    if source.closed:
        known = [labels.index(label) for label in source.closed]
        train, validation, test = (part.with_unlabelled_negative(known) for part in (train, validation, test))
    if data.unlabelled_is_negative:
        train, validation, test = (part.with_unlabelled_negative() for part in (train, validation, test))
    return train, validation, test


def divided(manifest: Manifest, source: SourceConfig, data: DataConfig) -> tuple[Manifest, Manifest, Manifest]:
    """The three parts of a manifest; where its own split has no validation, whole groups are taken out of training."""
    nothing = manifest.take([])
    if source.train_only:
        return manifest, nothing, nothing
    if data.split != "own":
        plan = SplitPlan(data.fractions, stratify=True, by_group=data.split == "grouped", seed=data.split_seed)
        manifest = split(manifest, plan)
    own = np.array([name or "train" for name in manifest.column("split")])
    train, validation, test = (manifest.take(own == name) for name in ("train", "validation", "test"))
    if not len(validation) and len(train):
        share = data.fractions[1] / (data.fractions[0] + data.fractions[1])
        halves = split(train, SplitPlan((1 - share, share), stratify=True, seed=data.split_seed))
        side = np.array(halves.column("split"))
        train, validation = train.take(side == "train"), train.take(side != "train")
    return train, validation, test
