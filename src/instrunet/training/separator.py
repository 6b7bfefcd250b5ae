"""Training the separator: mixtures of stems, a list of instruments, and how much of every band is each one's own.

The loss is the signal-to-distortion ratio that the masks would reach, which needs no waveform: in a band with mixture
X and stem S a mask m leaves the error m²|X|² - 2m Re(XS*) + |S|². A second term compares compressed magnitudes, so
that quiet bands count as well.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from instrunet.features.bands import BandConfig, band_power, band_product
from instrunet.features.spectrum import Spectrum, analyse
from instrunet.labels import INSTRUMENT_IDS
from instrunet.models.separator_unet import SeparatorUnet, SeparatorUnetConfig
from instrunet.training.separator_state import Averaged, Progress, load_state, save_state

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
        rows: Instruments that a list can hold in training.
        unlisted: How often an instrument that plays is left off the list.
        absent: How often one is listed that does not play.
        colour_db: Every stem is coloured by a smooth curve of this spread.
        magnitude_weight: Weight of the term on compressed magnitudes, in decibels.
        batch: Examples a step.
        steps: Steps in all.
        minutes: Ends the schedule early where the time is up; 0 for no limit.
        learning_rate: At its highest; it rises over the first steps and falls along a cosine.
        save_every: Steps between checkpoints.
    """

    bands: BandConfig = field(default_factory=BandConfig)
    network: SeparatorUnetConfig = field(default_factory=SeparatorUnetConfig)
    n_frames: int = 128
    rows: int = 5
    unlisted: float = 0.12
    absent: float = 0.15
    colour_db: float = 4.0
    magnitude_weight: float = 10.0
    batch: int = 6
    steps: int = 8000
    minutes: float = 0.0
    learning_rate: float = 2e-3
    save_every: int = 200
    seed: int = 0

    @property
    def n_samples(self) -> int:
        """Samples of a training example."""
        return (self.n_frames - 1) * self.bands.spectrum.hop


@dataclass
class Examples:
    """A batch.

    Attributes:
        mix: Compressed magnitudes of mean one (B, 1, bands, frames).
        rows: Instruments asked for, one-hot (B, rows, classes); zeros where the list is shorter.
        mix_power, stem_power, product: Power of the mix (B, bands, frames) and of the stems (B, rows, bands, frames),
            and the real part of mix times stem: all the loss needs. The mean power of the mix is one.
    """

    mix: torch.Tensor
    rows: torch.Tensor
    mix_power: torch.Tensor
    stem_power: torch.Tensor
    product: torch.Tensor


def draw_examples(draw: DrawMixture, config: SeparatorTraining, rng: np.random.Generator) -> Examples:
    """Make one batch; levels are set so that the mix has a mean of one, which is how the network is served too."""
    mixes, rows, powers, stem_powers, products = [], [], [], [], []
    for _ in range(config.batch):
        mixture = draw(rng)
        spectra = {name: coloured(analyse(x, config.bands.spectrum), config, rng) for name, x in mixture.stems.items()}
        whole: Spectrum = np.sum(np.stack(list(spectra.values())), axis=0)[:, : config.n_frames]
        power = band_power(whole, config.bands)
        level = max(float(power.mean()), 1e-12)
        mix = power ** (config.bands.exponent / 2)
        asked, own, shared = _rows(_listed(sorted(spectra), config, rng), spectra, whole, config)
        mixes.append(mix / max(float(mix.mean()), 1e-6))
        rows.append(asked)
        powers.append(power / level)
        stem_powers.append(own / level)
        products.append(shared / level)
    stacked = (torch.from_numpy(np.stack(x).astype(np.float32)) for x in (mixes, rows, powers, stem_powers, products))
    mix_t, rows_t, power_t, own_t, shared_t = stacked
    return Examples(mix_t[:, None], rows_t, power_t, own_t, shared_t)


def _listed(playing: list[str], config: SeparatorTraining, rng: np.random.Generator) -> list[str]:
    """Give the list that goes with a mixture: mostly right, sometimes one short or one too many."""
    names = list(playing)
    if len(names) > 1 and rng.random() < config.unlisted:
        names.pop(int(rng.integers(len(names))))
    if rng.random() < config.absent:
        others = [n for n in INSTRUMENT_IDS if n not in playing]
        names.append(others[int(rng.integers(len(others)))])
    return names[: config.rows]


def _rows(
    names: list[str], spectra: dict[str, Spectrum], whole: Spectrum, config: SeparatorTraining
) -> tuple[Samples, Samples, Samples]:
    shape = (config.rows, config.bands.n_bands, config.n_frames)
    asked = np.zeros((config.rows, len(INSTRUMENT_IDS)), np.float32)
    own, shared = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for row, name in enumerate(names):
        asked[row, INSTRUMENT_IDS.index(name)] = 1.0
        if name in spectra:
            stem = spectra[name][:, : config.n_frames]
            own[row] = band_power(stem, config.bands)
            shared[row] = band_product(whole, stem, config.bands)
    return asked, own, shared


def coloured(spectrum: Spectrum, config: SeparatorTraining, rng: np.random.Generator) -> Spectrum:
    """Colour a stem by a smooth random curve over the logarithm of frequency."""
    if config.colour_db <= 0:
        return spectrum
    points = rng.normal(0, config.colour_db, 6)
    at = np.log2(1 + np.arange(spectrum.shape[0])) / np.log2(spectrum.shape[0]) * 5
    curve = 10 ** (np.interp(at, np.arange(6), points) / 20)
    coloured_: Spectrum = spectrum * curve[:, None].astype(np.float32)
    return coloured_


def separation_loss(masks: torch.Tensor, examples: Examples, config: SeparatorTraining) -> torch.Tensor:
    """Distortion in decibels, below that of an empty stem: mean over what was asked for."""
    used = examples.rows.sum(dim=2)
    playing = used * (examples.stem_power.sum(dim=(2, 3)) > 1e-6)
    whole = examples.mix_power[:, None]
    error = (masks**2 * whole - 2 * masks * examples.product + examples.stem_power).sum(dim=(2, 3)).clamp_min(0)
    floor = 1e-3 * whole.sum(dim=(2, 3))
    distortion_db = 10 * torch.log10((error + floor) / (examples.stem_power.sum(dim=(2, 3)) + floor))
    leak_db = 10 * torch.log10((error + 10 * floor) / (10 * floor))
    quarter = (masks**2 * whole + 1e-8).sqrt().sqrt() - (examples.stem_power + 1e-8).sqrt().sqrt()
    magnitude = quarter.abs().mean(dim=(2, 3)) / whole.sqrt().sqrt().mean(dim=(2, 3))
    each = torch.where(playing > 0, distortion_db, 0.5 * leak_db) + config.magnitude_weight * magnitude
    return (each * used).sum() / used.sum().clamp_min(1)


def train_separator(
    draw: DrawMixture, config: SeparatorTraining, *, checkpoint: Path, tell: Callable[[int, float], None]
) -> SeparatorUnet:
    """Train, or go on from the checkpoint where there is one; gives the averaged weights."""
    torch.manual_seed(config.seed)
    network = SeparatorUnet(config.network)
    averaged = Averaged(network)
    optimiser = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, weight_decay=1e-3)
    progress = load_state(checkpoint, network, averaged, optimiser) or Progress()
    network.train()
    began = time.monotonic() - progress.seconds
    while (share := _share_done(progress, config)) < 1:
        for group in optimiser.param_groups:
            group["lr"] = config.learning_rate * _slope(progress.step, share, config)
        examples = draw_examples(draw, config, np.random.default_rng([config.seed, progress.step]))
        with torch.autocast("cpu", torch.bfloat16):
            masks = network(examples.mix, examples.rows)
        loss = separation_loss(masks.float(), examples, config)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        averaged.take(network)
        progress = progress.after(loss.item(), time.monotonic() - began)
        if progress.step % config.save_every == 0 or _share_done(progress, config) >= 1:
            tell(progress.step, progress.running_loss)
            save_state(checkpoint, network, averaged, optimiser, progress)
    network.load_state_dict(averaged.network.state_dict())
    return network.eval()


def _share_done(progress: Progress, config: SeparatorTraining) -> float:
    by_time = progress.seconds / (60 * config.minutes) if config.minutes else 0.0
    return max(progress.step / max(config.steps, 1), by_time)


def _slope(step: int, share: float, config: SeparatorTraining) -> float:
    rise = min(1.0, (step + 1) / max(1, min(100, config.steps // 10)))
    return float(rise * (0.01 + 0.99 * 0.5 * (1 + np.cos(np.pi * share))))
