"""All clips of a recipe in one vocabulary, divided into what is learned from, tuned on and reported on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
    parts = [_source_clips(source, data, labels, places, cache) for source in data.sources]
    if data.unlabelled_is_negative:
        parts = [part.with_unlabelled_negative() for part in parts]
    divided = [_divided(part, source, data) for part, source in zip(parts, data.sources, strict=True)]
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


def _source_clips(source: SourceConfig, data: DataConfig, labels: Sequence[str], places: Places, cache: Path) -> Clips:
    manifest = manifest_of(source, places, cache=cache)
    if manifest.vocabulary != data.vocabulary:
        manifest = manifest.project(data.vocabulary)
    missing = [label for label in labels if label not in manifest.labels]
    if missing:
        raise TrainingError(f"{source.dataset}: its table has no {missing[0]!r}; the labels do not fit the head")
    return clips_of(manifest, labels, weight=source.weight)


def _divided(clips: Clips, source: SourceConfig, data: DataConfig) -> tuple[Clips, Clips, Clips]:
    nothing = clips.take([])
    if source.train_only:
        return clips, nothing, nothing
    if data.split != "own":
        parts = divide(clips, data.fractions, by_group=data.split == "grouped", seed=data.split_seed)
        return clips.take(parts == 0), clips.take(parts == 1), clips.take(parts == 2)
    own = np.array([split or "train" for split in clips.splits])
    train, validation, test = (clips.take(own == name) for name in ("train", "validation", "test"))
    if not len(validation) and len(train):
        share = data.fractions[1] / (data.fractions[0] + data.fractions[1])
        parts = divide(train, (1 - share, share, 0.0), by_group=True, seed=data.split_seed)
        train, validation = train.take(parts == 0), train.take(parts == 1)
    return train, validation, test


def divide(clips: Clips, fractions: tuple[float, float, float], *, by_group: bool, seed: int) -> NDArray[np.int64]:
    """The part (0, 1, 2) of each clip: iterative stratification over groups (or single clips).

    The group with the rarest label that is still to be placed goes to the part that lacks that label most.
    """
    keys = clips.groups if by_group else clips.ids
    groups = sorted(set(keys))
    place = {key: i for i, key in enumerate(groups)}
    member = np.array([place[key] for key in keys])
    counts = np.zeros((len(groups), clips.y.shape[1] + 1))
    np.add.at(counts, member, np.column_stack([(clips.y * clips.mask) >= 0.5, np.ones(len(clips))]))
    shares = np.array(fractions) / sum(fractions)
    chosen = _stratified(counts, shares, np.random.default_rng(seed))
    return chosen[member]


def _stratified(
    counts: NDArray[np.float64], shares: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Parts of groups; the last column of ``counts`` is the number of clips."""
    wanted = shares[:, None] * counts.sum(axis=0)  # (parts, labels + 1)
    chosen = np.full(len(counts), -1)
    waiting = rng.permutation(len(counts))
    while len(waiting):
        left = (counts[waiting, :-1] > 0).sum(axis=0)
        if left.any():
            label = int(np.where(left > 0, left, np.iinfo(np.int64).max).argmin())
            here = waiting[counts[waiting, label] > 0]
        else:
            label, here = counts.shape[1] - 1, waiting
        for group in here:
            needs = np.where(shares > 0, wanted[:, label], -np.inf)
            best = np.flatnonzero(needs >= needs.max() - 1e-9)
            part = best[np.argmax(wanted[best, -1])]
            chosen[group] = part
            wanted[part] -= counts[group]
        waiting = waiting[chosen[waiting] < 0]
    return chosen
