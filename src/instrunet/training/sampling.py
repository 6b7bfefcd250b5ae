"""Which clips are drawn, how often, and which are made anew because their class is rare."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from instrunet.training.clips import Clips, Excerpt, joined
from instrunet.training.recipe import AugmentationConfig, SamplingConfig


def draw_weights(clips: Clips, config: SamplingConfig) -> NDArray[np.float64]:
    """Probability of each clip in one draw.

    ``balanced``: first a class, evenly among those that have a positive clip, then one of its clips; clips without any
    positive are drawn as if they were a class of their own.
    """
    weights = clips.weights.copy()
    if config.kind == "balanced" and clips.y.shape[1]:
        positive = (clips.y * clips.mask) >= 0.5
        positive = np.column_stack([positive, ~positive.any(axis=1)])
        share = positive * clips.weights[:, None]
        totals = share.sum(axis=0)
        weights = (share[:, totals > 0] / totals[totals > 0]).sum(axis=1)
    return weights / weights.sum()


def epoch_order(clips: Clips, config: SamplingConfig, rng: np.random.Generator, n: int) -> NDArray[np.int64]:
    """Rows of one epoch: every clip once where all weigh the same, else ``n`` weighted draws."""
    weights = draw_weights(clips, config)
    if n == len(clips) and np.allclose(weights, weights[0]):
        return rng.permutation(n)
    return rng.choice(len(clips), n, p=weights)


def oversampled(clips: Clips, config: SamplingConfig, rng: np.random.Generator) -> Clips:
    """Add new loud segments of clips that have exactly one label, for classes that have too few such clips.

    This is the balancing of the MedleyDB project: a segment anywhere loud in the same file, to be warped in training.
    """
    if config.oversample_to <= 0:
        return clips
    positive = (clips.y * clips.mask) >= 0.5
    single = positive & (positive.sum(axis=1) == 1)[:, None]
    counts = single.sum(axis=0)
    rows: list[int] = []
    for column, count in enumerate(counts):
        wanted = min(config.oversample_to * counts.max(), config.oversample_limit * count)
        if count and wanted > count:
            rows += rng.choice(np.flatnonzero(single[:, column]), round(wanted - count)).tolist()
    return _added(clips, rows, [int(rng.integers(2**31)) for _ in rows])


def _added(clips: Clips, rows: list[int], seeds: list[int]) -> Clips:
    if not rows:
        return clips
    new = clips.take(rows)
    excerpts = tuple(replace(e, loud_seed=seed) for e, seed in zip(new.excerpts, seeds, strict=True))
    ids = tuple(f"{name}#{seed}" for name, seed in zip(new.ids, seeds, strict=True))
    return joined([clips, replace(new, excerpts=excerpts, ids=ids, extra=np.ones(len(rows), np.bool_))])


def with_sums(clips: Clips, config: SamplingConfig, rng: np.random.Generator) -> Clips:
    """Add clips that are sums of one to ``sums_most`` training clips of different labels: the truth is their union."""
    if config.sums <= 0 or len(clips) == 0:
        return clips
    made: list[list[int]] = []
    for _ in range(config.sums):
        size = int(rng.integers(1, min(config.sums_most, len(clips)) + 1))
        made.append(rng.choice(len(clips), size, replace=False).tolist())
    first = clips.take([rows[0] for rows in made])
    excerpts = tuple(_sum_of([clips.excerpts[r] for r in rows]) for rows in made)
    y = np.stack([clips.y[rows].max(axis=0) for rows in made])
    known = np.stack([(clips.y[rows] * clips.mask[rows]).max(axis=0) >= 0.5 for rows in made])
    mask = np.stack([clips.mask[rows].all(axis=0) for rows in made]) | known
    ids = tuple(f"{name}+sum{i}" for i, name in enumerate(first.ids))
    new = replace(first, excerpts=excerpts, ids=ids, y=y, mask=mask, extra=np.ones(len(made), np.bool_))
    return joined([clips, new])


def _sum_of(parts: list[Excerpt]) -> Excerpt:
    return replace(parts[0], added=tuple(parts[1:]))


def with_audio_copies(clips: Clips, config: AugmentationConfig, rng: np.random.Generator) -> Clips:
    """Add stretched and pitch-shifted copies of every clip, warped as sound rather than as a picture."""
    tables = [clips]
    for copy in range(config.audio_copies):
        rates = rng.uniform(*config.stretch, len(clips))
        semitones = rng.uniform(*config.semitones, len(clips))
        excerpts = tuple(
            replace(e, stretch=float(r), semitones=float(s))
            for e, r, s in zip(clips.excerpts, rates, semitones, strict=True)
        )
        ids = tuple(f"{name}~{copy}" for name in clips.ids)
        tables.append(replace(clips, excerpts=excerpts, ids=ids, extra=np.ones(len(clips), np.bool_)))
    return joined(tables)
