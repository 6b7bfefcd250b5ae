"""The loop that trains our own tagger on made audio: fresh batches, two losses and a third from a listening peer."""

from __future__ import annotations

import json
import time
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, distributed, nn
from torch.nn import functional

from instrunet.files import written_whole
from instrunet.models.mobile import Mobile, TimedLogits
from instrunet.training.fresh_batches import Batch, FreshBatches


@dataclass(frozen=True)
class LoopConfig:
    """How long and how fast.

    Attributes:
        duration_s: wall-clock time of training; the learning rate falls to its end over just this time.
        n_steps: if given, so many steps instead of a time, so that runs can be compared.
        peak_rate, final_rate: learning rates of AdamW.
        warm_up_steps: steps over which the rate rises.
        weight_decay: of all weights with more than one dimension.
        frame_weight, imitation_weight: of the frame loss and of the embedding loss beside the clip loss.
        average: decay of the averaged weights, which are the ones to use.
        save_every_s: how often a checkpoint is written.
        n_threads: of torch.
        bfloat16: whether the convolutions are computed in it: faster for the network in the box, slower for tiny ones.
    """

    duration_s: float = 3600.0
    n_steps: int = 0
    peak_rate: float = 2e-3
    final_rate: float = 2e-5
    warm_up_steps: int = 300
    weight_decay: float = 0.02
    frame_weight: float = 0.3
    imitation_weight: float = 0.3
    average: float = 0.999
    save_every_s: float = 300.0
    n_threads: int = 2
    bfloat16: bool = True


@dataclass
class Progress:
    """Where training stands; saved with the weights, so that a resumed run goes on exactly."""

    step: int = 0
    n_clips: int = 0
    elapsed_s: float = 0.0
    history: list[dict[str, float]] = field(default_factory=list)


def clip_loss(logits: Tensor, truth: Tensor, mask: Tensor) -> Tensor:
    """Binary cross-entropy over what is known: the sum over classes, the mean over clips.

    >>> known = torch.ones(1, 2)
    >>> round(float(clip_loss(torch.zeros(1, 2), torch.tensor([[0.0, 1.0]]), known)), 4)
    1.3863
    """
    each = functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    return (each * mask).sum() / max(1, len(logits))


def frame_loss(frames: Tensor, activity: Tensor, mask: Tensor) -> Tensor:
    """The same for every output frame; a frame is positive if any tenth of a second within it is."""
    n_frames = frames.shape[-1]
    wanted = functional.adaptive_max_pool1d(activity, n_frames)
    each = functional.binary_cross_entropy_with_logits(frames, wanted, reduction="none")
    return (each * mask[..., None]).sum() / max(1, len(frames) * n_frames)


class TaggerTraining:
    """One run: a network, its average, an optimiser and a source of batches."""

    def __init__(self, net: Mobile, batches: FreshBatches, config: LoopConfig, folder: str | Path) -> None:
        self.net, self.batches, self.config, self.folder = net, batches, config, Path(folder)
        self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = deepcopy(net).eval().requires_grad_(False)
        decayed = [p for p in net.parameters() if p.ndim > 1]
        others = [p for p in net.parameters() if p.ndim <= 1]
        groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": others, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=config.peak_rate, betas=(0.9, 0.98))
        self.progress = Progress()

    def done(self) -> float:
        """How much of the run is over, 0 to 1."""
        if self.config.n_steps:
            return min(1.0, self.progress.step / self.config.n_steps)
        return min(1.0, self.progress.elapsed_s / self.config.duration_s)

    def rate(self) -> float:
        """The learning rate now: linear warm-up, then a cosine over the run."""
        config = self.config
        cosine = 0.5 * (1 + np.cos(np.pi * self.done()))
        rate = config.final_rate + (config.peak_rate - config.final_rate) * cosine
        return float(rate * min(1.0, (self.progress.step + 1) / config.warm_up_steps))

    def run(self) -> None:
        """Train until the time or the steps are over, saving now and then."""
        torch.set_num_threads(self.config.n_threads)
        self.batches.refresh()
        last, saved, recent = time.monotonic(), self.progress.elapsed_s, []
        while self.done() < 1.0:
            recent.append(self.step(self.batches.draw()))
            now = time.monotonic()
            self.progress.elapsed_s += now - last
            last = now
            if self.progress.step % 100 == 0:
                self._note(recent)
                recent = []
            if self.progress.elapsed_s - saved > self.config.save_every_s:
                saved = self.progress.elapsed_s
                self.save()
                self.batches.refresh()
        self.save()

    def step(self, batch: Batch) -> dict[str, float]:
        """One optimiser step; returns the losses."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate()
        self.net.train()
        self.optimiser.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.config.bfloat16):
            features = self.net.features(batch.mel)
        logits = self.net.judge(features.float())
        losses = self._losses(batch, features.float(), logits)
        total = losses["clip"] + self.config.frame_weight * losses["frames"]
        if "imitation" in losses:
            total = total + self.config.imitation_weight * losses["imitation"]
        total.backward()  # type: ignore[no-untyped-call]
        self._agree()
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        self._average()
        self.progress.step += 1
        self.progress.n_clips += len(batch.truth)
        return {name: float(value.detach()) for name, value in losses.items()}

    def _losses(self, batch: Batch, features: Tensor, logits: TimedLogits) -> dict[str, Tensor]:
        losses = {
            "clip": clip_loss(logits.clip, batch.truth, batch.mask),
            "frames": frame_loss(logits.frames, batch.activity, batch.mask),
        }
        if self.net.imitate is not None and batch.embedding is not None and batch.heard is not None:
            said = self.net.imitate(features[batch.heard].mean(-1))
            losses["imitation"] = functional.mse_loss(said, batch.embedding)
        return losses

    def _agree(self) -> None:
        """Where several processes train together, all take the mean gradient and the mean clock."""
        if not distributed.is_initialized():
            return
        gradients = [p.grad for p in self.net.parameters() if p.grad is not None]
        clock = torch.tensor([self.progress.elapsed_s])
        flat = torch.cat([g.flatten() for g in gradients] + [clock])
        distributed.all_reduce(flat)
        flat /= distributed.get_world_size()
        self.progress.elapsed_s = float(flat[-1])
        for gradient, mean in zip(gradients, flat[:-1].split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(mean.view_as(gradient))

    @torch.no_grad()
    def _average(self) -> None:
        decay = min(self.config.average, (1 + self.progress.step) / (10 + self.progress.step))
        for ours, theirs in zip(self.average.parameters(), self.net.parameters(), strict=True):
            ours.lerp_(theirs, 1 - decay)
        for kept, new in zip(self.average.buffers(), self.net.buffers(), strict=True):
            kept.copy_(new)

    def _note(self, recent: list[dict[str, float]]) -> None:
        means = {name: float(np.mean([r[name] for r in recent if name in r])) for name in recent[-1]}
        entry = {"step": self.progress.step, "n_clips": self.progress.n_clips, "elapsed_s": self.progress.elapsed_s}
        entry |= {"rate": self.rate()} | means
        self.progress.history.append(entry)
        self.folder.mkdir(parents=True, exist_ok=True)
        if distributed.is_initialized() and distributed.get_rank():
            return
        with (self.folder / "history.jsonl").open("a") as out:
            out.write(json.dumps({k: round(v, 5) for k, v in entry.items()}) + "\n")

    def save(self) -> Path:
        """Write ``last.pt`` (all that resuming needs) and the averaged weights of now; the first process only."""
        path = self.folder / f"average-{int(self.progress.elapsed_s):05d}.pt"
        if distributed.is_initialized() and distributed.get_rank():
            return path
        state: dict[str, Any] = {
            "net": self.net.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "progress": asdict(self.progress),
            "generator": self.batches.rng.bit_generator.state,
        }
        with written_whole(self.folder / "last.pt") as beside:
            torch.save(state, beside)
        with written_whole(path) as beside:
            torch.save(self.average.state_dict(), beside)
        return path

    def resume(self) -> bool:
        """Go on from ``last.pt`` if there is one."""
        path = self.folder / "last.pt"
        if not path.is_file():
            return False
        state = torch.load(path, weights_only=True)
        self.net.load_state_dict(state["net"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.progress = Progress(**state["progress"])
        self.batches.rng.bit_generator.state = state["generator"]
        if distributed.is_initialized() and distributed.get_rank():  # the others must not draw what the first draws
            self.batches.rng = np.random.default_rng([self.progress.step, distributed.get_rank()])
        return True
