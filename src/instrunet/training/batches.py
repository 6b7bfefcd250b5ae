"""Batches in an order that depends on the seed, the epoch and the step alone, made ahead of the network in threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from instrunet.training.augmentation import LabelledMel, augmented
from instrunet.training.clips import Clips
from instrunet.training.feature_store import FeatureStore
from instrunet.training.fresh_sums import FreshSums
from instrunet.training.recipe import AugmentationConfig, SamplingConfig
from instrunet.training.sampling import epoch_order


@dataclass(frozen=True)
class Share:
    """Which part of every batch this process takes, when several train together."""

    rank: int = 0
    world: int = 1


@dataclass(frozen=True)
class Batch:
    """One step's clips: which rows they were, and what the network gets."""

    rows: NDArray[np.int64]
    content: LabelledMel


@dataclass(frozen=True)
class BatchSource:
    """Training clips with their features; ``batches(epoch, first_step=…)`` can begin anywhere with the same result."""

    clips: Clips
    store: FeatureStore
    sampling: SamplingConfig
    augmentation: AugmentationConfig
    batch_size: int
    seed: int
    steps_per_epoch: int = 0
    share: Share = Share()
    fresh: FreshSums | None = None

    @property
    def n_steps(self) -> int:
        """Steps of one epoch; the last batch may be smaller, but batch norm needs two clips in every process."""
        if self.steps_per_epoch:
            return self.steps_per_epoch
        whole, rest = divmod(len(self.clips), self.batch_size)
        return max(1, whole + (rest >= 2 * self.share.world))

    def batches(self, epoch: int, *, first_step: int = 0, ahead: int = 4) -> Iterator[Batch]:
        """Yield the steps of an epoch from ``first_step`` on, ``ahead`` of them being made in threads."""
        n = self.steps_per_epoch * self.batch_size if self.steps_per_epoch else len(self.clips)
        order = epoch_order(self.clips, self.sampling, np.random.default_rng([self.seed, epoch]), n)
        with ThreadPoolExecutor(max(1, min(2, ahead))) as pool:
            waiting: deque[Future[Batch]] = deque()
            for step in range(first_step, self.n_steps):
                waiting.append(pool.submit(self.batch, epoch, step, order))
                if len(waiting) > ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def batch(self, epoch: int, step: int, order: NDArray[np.int64]) -> Batch:
        """Make one batch."""
        rows = order[step * self.batch_size : (step + 1) * self.batch_size][self.share.rank :: self.share.world]
        rng = np.random.default_rng([self.seed, epoch, step, self.share.rank])
        if self.fresh:
            plain = self.fresh.batch(self.clips, self.store, rows, rng)
        else:
            mel = np.asarray(self.store.features[rows], np.float32)
            plain = LabelledMel(mel, self.clips.y[rows], self.clips.mask[rows].astype(np.float32))
        return Batch(rows, augmented(plain, self.augmentation, rng, extra=self.clips.extra[rows]))
