"""Training the drum-hit network on moments made from single recorded hits.

A moment is one to three drums struck together (some a few milliseconds apart), on the tails of earlier hits, over a
bed of other sounds, through a random equaliser. What is struck is known exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from instrunet.features import LogMelConfig, log_mel
from instrunet.models.drum_hits import DRUM_HITS, DrumHits, DrumHitsConfig

Samples = NDArray[np.float32]
Hits = Mapping[str, Mapping[str, Sequence[Samples]]]
"""Kind of hit -> source (a kit or library) -> recordings at the front end's rate."""

TOGETHER = (0.45, 0.4, 0.15)
"""How often one, two and three drums are struck at once."""


@dataclass(frozen=True)
class DrumTraining:
    """Front end, patch and schedule."""

    front_end: LogMelConfig = field(
        default_factory=lambda: LogMelConfig(
            n_fft=1024, win_length=1024, hop_length=320, n_mels=64, fmin_hz=30.0, normalise="none"
        )
    )
    network: DrumHitsConfig = field(default_factory=DrumHitsConfig)
    before_frames: int = 4
    batch: int = 64
    steps: int = 2500
    learning_rate: float = 2e-3
    seed: int = 0

    @property
    def patch_samples(self) -> int:
        """Samples of one patch."""
        return (self.network.n_frames - 1) * self.front_end.hop_length


def moments(
    hits: Hits, beds: Sequence[Samples], config: DrumTraining, rng: np.random.Generator
) -> Iterator[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Make (patch (mels, frames), truth (kinds,)) for ever."""
    while True:
        y = np.zeros(len(DRUM_HITS), np.float32)
        mix = np.zeros(config.patch_samples, np.float32)
        onset = config.before_frames * config.front_end.hop_length
        for kind in rng.choice(DRUM_HITS, 1 + rng.choice(3, p=TOGETHER), replace=False):
            at = onset + int(rng.normal(0, 0.004) * config.front_end.sample_rate_hz)
            _add(mix, _drawn(hits, str(kind), rng), max(0, at), 10 ** (rng.uniform(-14, 0) / 20))
            y[DRUM_HITS.index(kind)] = 1.0
        if rng.random() < 0.6:
            tail = _drawn(hits, str(rng.choice(DRUM_HITS)), rng)
            _add(mix, tail[int(rng.uniform(0.05, 0.4) * len(tail)) :], 0, 10 ** (rng.uniform(-26, -8) / 20))
        if beds and rng.random() < 0.6:
            bed = beds[int(rng.integers(len(beds)))]
            _add(mix, bed[int(rng.integers(max(1, len(bed) // 2))) :], 0, 10 ** (rng.uniform(-34, -10) / 20))
        mix += (10 ** (rng.uniform(-80, -45) / 20) * rng.standard_normal(len(mix))).astype(np.float32)
        yield patch(_equalised(mix, rng), config), y


def patch(samples: Samples, config: DrumTraining) -> NDArray[np.float32]:
    """Give the log-mel of a moment, with its peak at full scale so that level does not matter."""
    loud = samples / max(float(np.abs(samples).max()), 1e-6)
    return log_mel(loud.astype(np.float32), config.front_end)[:, : config.network.n_frames]


def train(hits: Hits, beds: Sequence[Samples], config: DrumTraining | None = None) -> DrumHits:
    """Train from scratch; seeded, on the processor."""
    config = config or DrumTraining()
    torch.manual_seed(config.seed)
    network = DrumHits(config.network)
    optimiser = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, weight_decay=1e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, config.steps)
    source = moments(hits, beds, config, np.random.default_rng(config.seed))
    network.train()
    for _ in range(config.steps):
        patches, truths = zip(*(next(source) for _ in range(config.batch)), strict=True)
        mel = torch.from_numpy(np.stack(patches))[:, None]
        loss = functional.binary_cross_entropy_with_logits(network(mel), torch.from_numpy(np.stack(truths)))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return network.eval()


def scores(
    network: DrumHits, hits: Hits, beds: Sequence[Samples], config: DrumTraining, *, n: int, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Give (probabilities, truth) on ``n`` fresh moments, from hits that training has not heard if you pass such."""
    source = moments(hits, beds, config, np.random.default_rng(seed))
    patches, truths = zip(*(next(source) for _ in range(n)), strict=True)
    with torch.inference_mode():
        logits = network(torch.from_numpy(np.stack(patches))[:, None])
    return torch.sigmoid(logits).numpy(), np.stack(truths)


def _drawn(hits: Hits, kind: str, rng: np.random.Generator) -> Samples:
    """Draw a recording, sources alike; normalised, slightly faster or slower."""
    sources = sorted(hits[kind])
    takes = hits[kind][sources[int(rng.integers(len(sources)))]]
    take = takes[int(rng.integers(len(takes)))]
    speed = 2 ** rng.uniform(-0.15, 0.15)
    at = np.arange(0, len(take) - 1, speed)
    moved = np.interp(at, np.arange(len(take)), take)
    return (moved / max(float(np.abs(moved).max(initial=0.0)), 1e-6)).astype(np.float32)


def _add(mix: Samples, sound: Samples, at: int, gain: float) -> None:
    n = min(len(sound), len(mix) - at)
    if n > 0:
        mix[at : at + n] += np.float32(gain) * sound[:n]


def _equalised(samples: Samples, rng: np.random.Generator) -> Samples:
    """A random smooth gain over frequency, up to 9 dB either way."""
    spectrum = np.fft.rfft(samples)
    knots = rng.uniform(-9, 9, 6)
    gain_db = np.interp(np.linspace(0, 5, len(spectrum)) ** 0.5 * 5**0.5, np.arange(6), knots)
    return np.fft.irfft(spectrum * 10 ** (gain_db / 20), len(samples)).astype(np.float32)
