"""A pool of clips that another network has heard: log-mel, truth (if there is one) and its embedding, to imitate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from instrunet.audio import fit, load, probe
from instrunet.errors import InstrunetError
from instrunet.features import LogMelConfig
from instrunet.features.torch_log_mel import TorchLogMel
from instrunet.files import written_whole
from instrunet.labels import INSTRUMENT_IDS
from instrunet.synthesis.bank import SAMPLE_RATE_HZ
from instrunet.synthesis.mixer import Mixer, draw_batch

Array = NDArray[np.float32]
CLIP_S = 5.0

Embed = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""Samples at 32 kHz to one embedding."""


def write_pool_part(path: str | Path, mixer: Mixer, embed: Embed, *, n_clips: int, seed: int) -> Path:
    """Mix clips, let ``embed`` hear each, and write all as one compressed-precision ``pool-NNN.npz``."""
    rng = np.random.default_rng(seed)
    clips = ([column[0] for column in draw_batch(mixer, 1, rng)] for _ in range(n_clips))
    return _written(Path(path), clips, embed)


def write_music_part(path: str | Path, files: Sequence[Path], embed: Embed, *, n_clips: int, seed: int) -> Path:
    """The same with clips of real recordings of which nobody has said who plays: they teach the embedding alone.

    A file is drawn in proportion to the square root of its length, up to six clips of it in a row; what is silent or
    cannot be read is passed over.

    Raises:
        InstrunetError: no file could be read.
    """
    rng = np.random.default_rng(seed)
    return _written(Path(path), _music_clips(files, n_clips, rng), embed)


def _music_clips(files: Sequence[Path], n_clips: int, rng: np.random.Generator) -> Iterator[list[Array]]:
    lengths = np.array([_length_s(file) for file in files])
    if not (lengths >= CLIP_S).any():
        raise InstrunetError(f"none of the {len(files)} music files can be read, or none is {CLIP_S:g} s long")
    weights = np.sqrt(lengths * (lengths >= CLIP_S))
    n_drawn = 0
    while n_drawn < n_clips:
        chosen = int(rng.choice(len(files), p=weights / weights.sum()))
        for start_s in rng.uniform(0, lengths[chosen] - CLIP_S, min(6, n_clips - n_drawn)):
            try:
                samples = load(files[chosen], sample_rate_hz=SAMPLE_RATE_HZ, start_s=start_s, duration_s=CLIP_S).samples
            except InstrunetError:
                break
            samples = fit(samples, int(CLIP_S * SAMPLE_RATE_HZ))
            if float(np.abs(samples).max()) > 0.01:
                n_drawn += 1
                nothing = np.zeros(len(INSTRUMENT_IDS), np.float32)
                yield [samples, nothing, nothing, np.zeros((len(INSTRUMENT_IDS), int(10 * CLIP_S)), np.float32)]


def _length_s(file: Path) -> float:
    try:
        return probe(file).duration_s or 0.0
    except InstrunetError:
        return 0.0


def _written(path: Path, clips: Iterable[Sequence[Array]], embed: Embed) -> Path:
    to_mel = TorchLogMel(LogMelConfig())
    parts: dict[str, list[NDArray[np.generic]]] = {k: [] for k in ("mel", "truth", "mask", "activity", "embedding")}
    for samples, truth, mask, activity in clips:
        samples = samples * np.float32(0.8 / max(float(np.abs(samples).max()), 1e-3))
        mel = to_mel(torch.from_numpy(samples)).numpy()
        columns = (mel.astype(np.float16), truth, mask, activity, embed(samples).astype(np.float16))
        for name, value in zip(parts, columns, strict=True):
            parts[name].append(value)
    with written_whole(path) as beside, beside.open("wb") as out:
        np.savez(out, **{name: np.stack(values) for name, values in parts.items()})  # type: ignore[arg-type]
    return path
