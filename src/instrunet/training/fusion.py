"""What a fusion learns: a head on YAMNet's embeddings of a pool; and what it teaches of clips that have no labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from instrunet.files import written_whole
from instrunet.models.fusion import ClipHead
from instrunet.models.mobile import Mobile
from instrunet.training.tagger_loop import clip_loss

LEAST_DEVIATION = 0.05


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


def fit_head(pool: Sequence[Path], config: HeadConfig | None = None) -> ClipHead:
    """Train a head on the labelled clips of pool files (``pool-NNN.npz``)."""
    config = config or HeadConfig()
    torch.manual_seed(config.seed)
    embedding, truth, mask = (_column(pool, name) for name in ("embedding", "truth", "mask"))
    head = ClipHead(
        embedding.mean(0),
        embedding.std(0) + LEAST_DEVIATION,
        n_classes=truth.shape[1],
        n_hidden=config.n_hidden,
        dropout=config.dropout,
    )
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
def believe(path: Path, ours: Mobile, head: ClipHead, *, share: float, trust: float = 0.5) -> None:
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
