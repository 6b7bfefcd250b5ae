"""A pool of clips that another network has heard: log-mel, truth and its embedding, to imitate."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from instrunet.features import LogMelConfig
from instrunet.features.torch_log_mel import TorchLogMel
from instrunet.files import written_whole
from instrunet.synthesis.mixer import Mixer, draw_batch

Embed = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Samples at 32 kHz to one embedding."""


def write_pool_part(path: str | Path, mixer: Mixer, embed: Embed, *, n_clips: int, seed: int) -> Path:
    """Mix clips, let ``embed`` hear each, and write all as one compressed-precision ``pool-NNN.npz``."""
    rng, to_mel = np.random.default_rng(seed), TorchLogMel(LogMelConfig())
    parts: dict[str, list[NDArray[np.generic]]] = {k: [] for k in ("mel", "truth", "mask", "activity", "embedding")}
    for _ in range(n_clips):
        samples, truth, mask, activity = (column[0] for column in draw_batch(mixer, 1, rng))
        samples = samples * np.float32(0.8 / max(float(np.abs(samples).max()), 1e-3))
        mel = to_mel(torch.from_numpy(samples)).numpy()
        columns = (mel.astype(np.float16), truth, mask, activity, embed(samples).astype(np.float16))
        for name, value in zip(parts, columns, strict=True):
            parts[name].append(value)
    path = Path(path)
    with written_whole(path) as beside, beside.open("wb") as out:
        np.savez(out, **{name: np.stack(values) for name, values in parts.items()})  # type: ignore[arg-type]
    return path
