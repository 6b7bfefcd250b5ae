"""Batches for our own tagger: fresh mixtures, sums of them as mel power, and a pool that a peer has heard."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from instrunet.features import LogMelConfig
from instrunet.features.torch_log_mel import TorchLogMel
from instrunet.synthesis.mixer import Mixer, draw_batch

MUSIC_PREFIX = "pool-m"
"""How the files of a pool begin that hold real recordings without labels."""


@dataclass(frozen=True)
class BatchPlan:
    """What a batch is made of.

    Attributes:
        n_fresh: clips mixed as audio for this batch.
        n_sums: sums of a fresh clip and an earlier one, made from their mel power (phases are ignored).
        n_pool: clips of the pool, which carry another network's embedding; made up from sums while there is no pool.
        memory: how many earlier clips are kept for the sums.
        eq_db: the largest gain of the random equaliser curve.
        level_db: range of a clip's overall level.
        music: how many of the sums have a clip of the pool's real recordings without labels as their other half, in
            which what is believed of it counts for half a truth and what was mixed in for a whole one.
        shift_bands: half of the clips are moved by up to so many mel bands: other sizes of the same instruments.
    """

    n_fresh: int = 20
    n_sums: int = 12
    n_pool: int = 8
    memory: int = 1500
    eq_db: float = 12.0
    level_db: tuple[float, float] = (-24.0, 6.0)
    music: int = 0
    shift_bands: float = 2.0


@dataclass
class Batch:
    """Log-mel (B, 1, mels, frames), truth and mask (B, C), activity (B, C, tenths), embeddings of some."""

    mel: Tensor
    truth: Tensor
    mask: Tensor
    activity: Tensor
    embedding: Tensor | None = None
    heard: Tensor | None = None


class Pool:
    """Clips with embeddings, from ``pool-*.npz`` files that may still be being written."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.parts: list[dict[str, NDArray[np.generic]]] = []
        self.music: list[dict[str, NDArray[np.generic]]] = []
        self.seen: set[Path] = set()

    def refresh(self) -> None:
        """Take in new files; embeddings are standardised by the first."""
        for path in sorted(self.folder.glob("pool-*.npz")):
            if path not in self.seen:
                self.seen.add(path)
                with np.load(path) as arrays:
                    self.parts.append({name: arrays[name] for name in arrays.files})
                if path.name.startswith(MUSIC_PREFIX):
                    self.music.append(self.parts[-1])

    def __len__(self) -> int:
        return sum(len(part["truth"]) for part in self.parts)

    def draw(self, n: int, rng: np.random.Generator, *, music: bool = False) -> dict[str, Tensor]:
        """N clips as tensors; if wanted, only of real recordings without labels."""
        parts = self.music if music else self.parts
        picks = [(int(rng.integers(len(parts)))) for _ in range(n)]
        rows = [(k, int(rng.integers(len(parts[k]["truth"])))) for k in picks]
        drawn = {name: np.stack([parts[k][name][row] for k, row in rows]) for name in parts[0]}
        return {name: torch.from_numpy(value.astype(np.float32)) for name, value in drawn.items()}

    def statistics(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Mean and deviation of the first part's embeddings."""
        first = np.asarray(self.parts[0]["embedding"], np.float32)
        return first.mean(0), first.std(0) + 0.05


class FreshBatches:
    """Draws batches without end."""

    def __init__(
        self, mixer: Mixer, plan: BatchPlan, front_end: LogMelConfig, pool: Pool | None, rng: np.random.Generator
    ) -> None:
        self.mixer, self.plan, self.pool, self.rng = mixer, plan, pool, rng
        self.to_mel, self.front_end = TorchLogMel(front_end), front_end
        self.kept: list[tuple[Tensor, Tensor, Tensor, Tensor]] = []

    def refresh(self) -> None:
        """Take in stems and pool files written since."""
        self.mixer.refresh()
        if self.pool is not None:
            self.pool.refresh()

    def draw(self) -> Batch:
        """One batch."""
        plan = self.plan
        n_pool = plan.n_pool if self.pool is not None and len(self.pool) else 0
        samples, *labels = draw_batch(self.mixer, plan.n_fresh, self.rng)
        power = self._power(self.to_mel(torch.from_numpy(samples)))
        truth, mask, activity = (torch.from_numpy(label) for label in labels)
        self._keep(power, truth, mask, activity)
        parts = [
            (power, truth, mask, activity),
            self._sums(power, truth, mask, activity, plan.n_sums + plan.n_pool - n_pool),
        ]
        embedding, heard = None, None
        if n_pool and self.pool is not None:
            drawn = self.pool.draw(n_pool, self.rng)
            parts.append((self._power(drawn["mel"]), drawn["truth"], drawn["mask"], drawn["activity"]))
            mean, deviation = self.pool.statistics()
            embedding = (drawn["embedding"] - torch.from_numpy(mean)) / torch.from_numpy(deviation)
            heard = torch.arange(plan.n_fresh + plan.n_sums, plan.n_fresh + plan.n_sums + n_pool)
        whole = [torch.cat(column) for column in zip(*parts, strict=True)]
        return Batch(self._coloured(self._shifted(whole[0]))[:, None], whole[1], whole[2], whole[3], embedding, heard)

    def _power(self, mel: Tensor) -> Tensor:
        """Back from the logarithm to mel power."""
        return (torch.exp(mel * self.front_end.divisor - self.front_end.offset) - self.front_end.floor).clamp_(min=0)

    def _shifted(self, power: Tensor) -> Tensor:
        """Half of the clips a little higher or lower along the mel axis, between the bands by interpolation."""
        n, n_mels = power.shape[:2]
        bands = self.rng.uniform(-self.plan.shift_bands, self.plan.shift_bands, n) * (self.rng.random(n) < 0.5)
        at = (torch.arange(n_mels)[None] - torch.from_numpy(bands.astype(np.float32))[:, None]).clamp(0, n_mels - 1)
        below = at.floor().long().clamp(max=n_mels - 2)
        part = (at - below)[:, :, None]
        clips = torch.arange(n)[:, None]
        return power[clips, below] * (1 - part) + power[clips, below + 1] * part

    def _coloured(self, power: Tensor) -> Tensor:
        """A random smooth gain over the mel bands and a random level, then the logarithm again."""
        n, n_mels = power.shape[:2]
        knots = torch.from_numpy(self.rng.normal(0, self.plan.eq_db / 2, (n, 1, 7)).astype(np.float32))
        strength = torch.from_numpy(self.rng.uniform(0, 1, (n, 1, 1)).astype(np.float32) ** 1.5)
        curve = torch.nn.functional.interpolate(knots * strength, n_mels, mode="linear", align_corners=True)[:, 0]
        curve = curve.clamp(-2 * self.plan.eq_db, 2 * self.plan.eq_db)
        level = torch.from_numpy(self.rng.uniform(*self.plan.level_db, (n, 1)).astype(np.float32))
        gain = torch.exp((curve + level) * (np.log(10) / 10))
        gain = gain * self._band_limit(n, n_mels)
        log = torch.log(power * gain[:, :, None] + self.front_end.floor)
        return (log + self.front_end.offset) / self.front_end.divisor

    def _band_limit(self, n: int, n_mels: int) -> Tensor:
        """One clip in three has nothing above some band, as after a codec or a low sample rate."""
        cut = torch.from_numpy(self.rng.integers(int(0.62 * n_mels), n_mels, (n, 1)))
        limited = torch.from_numpy(self.rng.random((n, 1)) < 0.33)
        below = torch.arange(n_mels)[None] < cut
        return torch.where(limited & ~below, torch.tensor(1e-5), torch.tensor(1.0))

    def _keep(self, power: Tensor, truth: Tensor, mask: Tensor, activity: Tensor) -> None:
        few = (truth.sum(1) <= 2) & (truth.sum(1) > 0)
        for row in torch.nonzero(few).flatten().tolist():
            entry = (power[row].half(), truth[row], mask[row], activity[row])
            if len(self.kept) < self.plan.memory:
                self.kept.append(entry)
            else:
                self.kept[int(self.rng.integers(self.plan.memory))] = entry

    def _sums(
        self, power: Tensor, truth: Tensor, mask: Tensor, activity: Tensor, n: int
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Fresh clips plus earlier ones, at most 8 dB apart in loudness."""
        rows = self.rng.integers(0, len(power), n)
        others = [self.kept[int(k)] for k in self.rng.integers(0, len(self.kept), n)]
        if self.pool is not None and self.pool.music:
            drawn = self.pool.draw(min(n, self.plan.music), self.rng, music=True)
            power_of = self._power(drawn["mel"])
            for k in range(len(power_of)):
                others[k] = (power_of[k], drawn["truth"][k], drawn["mask"][k], drawn["activity"][k])
        other = torch.stack([entry[0].float() for entry in others])
        loudness = power[rows].mean((1, 2)).clamp(min=1e-6) / other.mean((1, 2)).clamp(min=1e-6)
        gain = loudness * torch.from_numpy(10 ** (self.rng.uniform(-0.8, 0.8, n))).float()
        gain = gain.clamp(1e-3, 1e3)
        there = torch.maximum(truth[rows], torch.stack([entry[1] for entry in others]))
        known = torch.minimum(mask[rows], torch.stack([entry[2] for entry in others]))
        active = torch.maximum(activity[rows], torch.stack([entry[3] for entry in others]))
        return power[rows] + other * gain[:, None, None], there, torch.maximum(known, (there >= 1).float()), active
