"""What may happen to a batch of log-mel clips before the network; every draw comes from the batch's generator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from instrunet.training.recipe import AugmentationConfig

Mel = NDArray[np.float32]  # (clips, mels, frames)


@dataclass(frozen=True)
class LabelledMel:
    """A batch: spectrograms, relevance, mask."""

    mel: Mel
    y: NDArray[np.float32]
    mask: NDArray[np.float32]


def augmented(
    batch: LabelledMel, config: AugmentationConfig, rng: np.random.Generator, *, extra: NDArray[np.bool_] | None = None
) -> LabelledMel:
    """Warp, mix and mask a batch. ``extra`` marks clips made by oversampling, where only those are to be warped."""
    mel = batch.mel.copy()
    for row in range(len(mel)):
        if config.warp_p and (extra is None or not config.warp_only_extra or extra[row]):
            mel[row] = warped(mel[row], config, rng)
    if config.gain:
        mel += rng.uniform(-config.gain, config.gain, (len(mel), 1, 1)).astype(np.float32)
    batch = LabelledMel(mel, batch.y, batch.mask)
    if config.mixup_p:
        batch = mixed(batch, config, rng)
    for row in range(len(batch.mel)):
        _mask_bands(batch.mel[row], config, rng)
    return batch


def warped(mel: Mel, config: AugmentationConfig, rng: np.random.Generator) -> Mel:
    """Stretch time and shift pitch by stretching the picture, each with probability ``warp_p``, as published.

    A pitch factor stretches the mel axis from its lowest band; what is left over is filled with the clip's minimum.
    """
    if rng.random() < config.warp_p:
        mel = resized(mel, 1.0, rng.uniform(*config.stretch))
    if rng.random() < config.warp_p:
        mel = resized(mel, 2 ** (rng.uniform(*config.semitones) / 12), 1.0)
    return mel


def resized(mel: NDArray[np.float32], vertical: float, horizontal: float) -> NDArray[np.float32]:
    """Scale a picture by linear interpolation, then cut or pad it to its old size.

    >>> resized(np.array([[0, 1, 2, 3]], np.float32), 1.0, 0.5).tolist()
    [[0.0, 3.0, 0.0, 0.0]]
    """
    for axis, factor in ((0, vertical), (1, horizontal)):
        if factor != 1.0:
            mel = _scaled(mel, factor, axis)
    return mel


def _scaled(mel: NDArray[np.float32], factor: float, axis: int) -> NDArray[np.float32]:
    """Corner-aligned linear zoom of one axis, cut or padded to the old length."""
    n_old = mel.shape[axis]
    n_new = max(1, round(n_old * factor))
    places = np.linspace(0, n_old - 1, n_new)[:n_old]
    lower = np.minimum(places.astype(np.int64), max(0, n_old - 2))
    shape = (-1, 1) if axis == 0 else (1, -1)
    fraction = (places - lower).astype(np.float32).reshape(shape)
    upper = np.minimum(lower + 1, n_old - 1)
    scaled = (1 - fraction) * mel.take(lower, axis) + fraction * mel.take(upper, axis)
    if len(places) == n_old:
        return scaled.astype(np.float32)
    padding = [(0, 0), (0, 0)]
    padding[axis] = (0, n_old - len(places))
    return np.pad(scaled, padding, constant_values=float(mel.min())).astype(np.float32)


def mixed(batch: LabelledMel, config: AugmentationConfig, rng: np.random.Generator) -> LabelledMel:
    """Mixup with a partner from the same batch, label-aware.

    ``union``: who plays in either clip plays in the mixture, and absence is known only where it is known of both.
    ``blend``: relevance is averaged with the clips' shares, where both were observed.
    """
    n = len(batch.mel)
    partner = rng.permutation(n)
    share = rng.beta(config.mixup_alpha, config.mixup_alpha, n).astype(np.float32)
    share = np.maximum(share, 1 - share)
    share[rng.random(n) >= config.mixup_p] = 1.0
    column, both = share[:, None], (share < 1)[:, None]
    mel = column[..., None] * batch.mel + (1 - column[..., None]) * batch.mel[partner]
    other_y, other_mask = batch.y[partner], batch.mask[partner]
    if config.mixup_labels == "blend":
        y = np.where(both, column * batch.y + (1 - column) * other_y, batch.y)
        mask = np.where(both, batch.mask * other_mask, batch.mask)
    else:
        seen, other_seen = batch.y * batch.mask, other_y * other_mask
        y = np.where(both, np.maximum(seen, other_seen), batch.y)
        known = np.maximum(batch.mask * other_mask, (np.maximum(seen, other_seen) >= 0.5).astype(np.float32))
        mask = np.where(both, known, batch.mask)
    return LabelledMel(mel.astype(np.float32), y.astype(np.float32), mask.astype(np.float32))


def _mask_bands(mel: Mel, config: AugmentationConfig, rng: np.random.Generator) -> None:
    """SpecAugment, in place: runs of frames and of bands become the clip's mean."""
    if not (config.time_masks or config.frequency_masks):
        return
    mean = float(mel.mean())
    for _ in range(config.frequency_masks):
        start, end = _run(mel.shape[0], config.frequency_mask_bands, rng)
        mel[start:end] = mean
    for _ in range(config.time_masks):
        start, end = _run(mel.shape[1], config.time_mask_frames, rng)
        mel[:, start:end] = mean


def _run(n: int, longest: int, rng: np.random.Generator) -> tuple[int, int]:
    length = int(rng.integers(0, min(longest, n) + 1))
    start = int(rng.integers(0, n - length + 1))
    return start, start + length
