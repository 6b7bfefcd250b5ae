"""Our network and YAMNet in one: a head on its embedding, learned from a pool, and the mean of both logits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from instrunet.files import written_whole
from instrunet.models.mobile import Mobile, TimedLogits
from instrunet.training.tagger_loop import clip_loss


@dataclass(frozen=True)
class HeadConfig:
    """How the head is built and trained."""

    n_hidden: int = 256
    dropout: float = 0.4
    epochs: int = 25
    batch: int = 128
    rate: float = 1e-3
    weight_decay: float = 0.05
    seed: int = 0


class EmbeddingHead(nn.Module):
    """(batch, embedding) to logits (batch, classes); the embedding is standardised inside."""

    mean: Tensor
    deviation: Tensor

    def __init__(self, embeddings: Tensor, n_classes: int, config: HeadConfig) -> None:
        super().__init__()
        self.register_buffer("mean", embeddings.mean(0))
        self.register_buffer("deviation", embeddings.std(0) + 0.05)
        self.layers = nn.Sequential(
            nn.Dropout(config.dropout / 2),
            nn.Linear(embeddings.shape[1], config.n_hidden),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(config.n_hidden, n_classes),
        )

    def forward(self, embedding: Tensor) -> Tensor:
        """Logits."""
        logits: Tensor = self.layers((embedding - self.mean) / self.deviation)
        return logits


def fit_head(pool: Sequence[Path], config: HeadConfig | None = None) -> EmbeddingHead:
    """Train a head on the labelled clips of pool files (``pool-NNN.npz``)."""
    config = config or HeadConfig()
    torch.manual_seed(config.seed)
    embedding, truth, mask = (_column(pool, name) for name in ("embedding", "truth", "mask"))
    head = EmbeddingHead(embedding, truth.shape[1], config)
    optimiser = torch.optim.AdamW(head.parameters(), config.rate, weight_decay=config.weight_decay)
    for _ in range(config.epochs):
        for rows in torch.randperm(len(embedding)).split(config.batch):
            optimiser.zero_grad()
            clip_loss(head(embedding[rows]), truth[rows], mask[rows]).backward()  # type: ignore[no-untyped-call]
            optimiser.step()
    return head.eval()


def _column(pool: Sequence[Path], name: str) -> Tensor:
    parts = []
    for path in pool:
        with np.load(path) as arrays:
            parts.append(arrays[name].astype(np.float32))
    return torch.from_numpy(np.concatenate(parts))


@torch.no_grad()
def believe(path: Path, ours: Mobile, head: EmbeddingHead, *, share: float, trust: float = 0.5) -> None:
    """Write into a pool file what both networks say of its clips, as a truth that is trusted by half.

    The clips keep their probabilities (nothing is rounded), the mask carries the trust, and every tenth of a second
    gets what the clip as a whole got.
    """
    with np.load(path) as arrays:
        part = dict(arrays)
    rows = np.array_split(np.arange(len(part["mel"])), max(1, len(part["mel"]) // 25))
    said = []
    for some in rows:
        logits = (1 - share) * ours(torch.from_numpy(part["mel"][some].astype(np.float32))[:, None]).clip
        logits += share * head(torch.from_numpy(part["embedding"][some].astype(np.float32)))
        said.append(logits.sigmoid().numpy())
    part["truth"] = np.concatenate(said)
    part["mask"] = np.full_like(part["truth"], trust)
    part["activity"] = np.repeat(part["truth"][:, :, None], part["activity"].shape[2], axis=2).astype(np.float16)
    with written_whole(path) as beside, beside.open("wb") as out:
        np.savez(out, **part)  # type: ignore[arg-type]


class Fusion(nn.Module):
    """The weighted mean of our logits and the head's, on a log-mel with the embedding beside it.

    Args:
        ours: a trained network.
        head: a head on the embedding, for the same classes.
        share: weight of the head.
        n_extra: columns at the end of the input that hold the embedding.
    """

    def __init__(self, ours: Mobile, head: EmbeddingHead, *, share: float, n_extra: int) -> None:
        super().__init__()
        self.net, self.head, self.share, self.n_extra = ours, head, share, n_extra

    def features(self, both: Tensor) -> Tensor:
        """Our features, (batch, features, frames)."""
        return self.net.features(both[..., : -self.n_extra])

    def said(self, both: Tensor) -> Tensor:
        """The head's logits, (batch, classes)."""
        packed = both[:, 0, :, -self.n_extra :].transpose(1, 2).flatten(1)
        logits: Tensor = self.head(packed[:, : len(self.head.mean)])
        return logits

    def forward(self, both: Tensor) -> TimedLogits:
        """(batch, 1, n_mels, n_frames + n_extra) to logits; the head says the same of every frame."""
        ours, theirs = self.net.judge(self.features(both)), self.said(both)
        return TimedLogits(
            (1 - self.share) * ours.clip + self.share * theirs,
            (1 - self.share) * ours.frames + self.share * theirs[..., None],
        )
