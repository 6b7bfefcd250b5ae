"""Training the separator: mixtures of stems, one instrument asked for, and the share of every band that is its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from instrunet.features.bands import BandConfig, bands_of
from instrunet.labels import INSTRUMENT_IDS
from instrunet.models.separator_unet import SeparatorUnet, SeparatorUnetConfig

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Mixture:
    """Stems by instrument; together they are the mix."""

    stems: dict[str, Samples]

    @property
    def mix(self) -> Samples:
        """Their sum."""
        return np.sum(list(self.stems.values()), axis=0, dtype=np.float32)


DrawMixture = Callable[[np.random.Generator], Mixture]


@dataclass(frozen=True)
class SeparatorTraining:
    """Bands, network and schedule.

    Attributes:
        bands: The representation.
        network: The network.
        n_frames: Frames of a training example.
        queries: Instruments asked for of each mixture.
        absent: How often one is asked for that does not play.
        batch: Examples a step.
        steps: Steps in all.
        learning_rate: At the start; it falls to nothing along a cosine.
        save_every: Steps between checkpoints.
    """

    bands: BandConfig = field(default_factory=BandConfig)
    network: SeparatorUnetConfig = field(default_factory=SeparatorUnetConfig)
    n_frames: int = 128
    queries: int = 2
    absent: float = 0.12
    batch: int = 16
    steps: int = 4000
    learning_rate: float = 2e-3
    save_every: int = 200
    seed: int = 0

    @property
    def n_samples(self) -> int:
        """Samples of a training example."""
        return (self.n_frames - 1) * self.bands.spectrum.hop


@dataclass
class Examples:
    """A batch: mix and target (B, 1, bands, frames), and the instruments asked for (B, classes)."""

    mix: torch.Tensor
    target: torch.Tensor
    asked: torch.Tensor


def draw_examples(draw: DrawMixture, config: SeparatorTraining, rng: np.random.Generator) -> Examples:
    """Make one batch; levels are set so that the mix has a mean of one, which is how the network is served too."""
    mixes: list[Samples] = []
    targets: list[Samples] = []
    asked: list[Samples] = []
    while len(mixes) < config.batch:
        mixture = draw(rng)
        mix = bands_of(mixture.mix, config.bands)[:, : config.n_frames]
        scale = np.float32(1.0 / max(float(mix.mean()), 1e-6))
        names = sorted(mixture.stems)
        for _ in range(config.queries):
            name = names[int(rng.integers(len(names)))]
            target = bands_of(mixture.stems[name], config.bands)[:, : config.n_frames]
            if rng.random() < config.absent:
                others = [n for n in INSTRUMENT_IDS if n not in mixture.stems]
                name, target = others[int(rng.integers(len(others)))], np.zeros_like(mix)
            query = np.zeros(len(INSTRUMENT_IDS), np.float32)
            query[INSTRUMENT_IDS.index(name)] = 1.0
            mixes.append(mix * scale)
            targets.append(target * scale)
            asked.append(query)
    stack = (torch.from_numpy(np.stack(rows)[: config.batch]) for rows in (mixes, targets, asked))
    mix_t, target_t, asked_t = stack
    return Examples(mix_t[:, None], target_t[:, None], asked_t)


def train_separator(
    draw: DrawMixture, config: SeparatorTraining, *, checkpoint: Path, tell: Callable[[int, float], None]
) -> SeparatorUnet:
    """Train, or go on from the checkpoint where there is one."""
    torch.manual_seed(config.seed)
    network = SeparatorUnet(config.network)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimiser = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, config.steps)
    first = _resume(checkpoint, network, optimiser, schedule)
    running = 0.0
    network.train()
    for step in range(first, config.steps):
        examples = draw_examples(draw, config, np.random.default_rng([config.seed, step]))
        with torch.autocast("cpu", torch.bfloat16):
            mask = network(examples.mix.contiguous(memory_format=torch.channels_last), examples.asked)
        loss = functional.l1_loss(mask.float() * examples.mix, examples.target)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        running = loss.item() if step == first else 0.98 * running + 0.02 * loss.item()
        if (step + 1) % config.save_every == 0 or step + 1 == config.steps:
            tell(step + 1, running)
            _save(checkpoint, step + 1, network, optimiser, schedule)
    return network.eval()


def _save(
    path: Path,
    step: int,
    network: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
) -> None:
    state = {"step": step, "network": network.state_dict(), "optimiser": optimiser.state_dict(),
             "schedule": schedule.state_dict()}  # fmt: skip
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    torch.save(state, beside)
    beside.replace(path)


def _resume(
    path: Path,
    network: torch.nn.Module,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
) -> int:
    if not path.is_file():
        return 0
    state = torch.load(path, weights_only=True)
    network.load_state_dict(state["network"])
    optimiser.load_state_dict(state["optimiser"])
    schedule.load_state_dict(state["schedule"])
    return int(state["step"])
