"""The numbers of an epoch: the network over the validation clips, masked metrics of their scores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from instrunet.evaluation.counts import count
from instrunet.evaluation.metrics import bce, binary_accuracy, mean_of_known, ranking_per_class, top_k
from instrunet.training.clips import Clips
from instrunet.training.feature_store import FeatureStore

LOWER_IS_BETTER = ("loss", "bce")
MONITORS = ("loss", "bce", "map", "roc_auc", "macro_f1@0.2", "macro_f1@0.5", "micro_f1@0.5", "binary_accuracy", "top1")


def clip_logits(output: Any) -> Tensor:
    """The logits of the whole clip, whichever way an architecture returns them."""
    logits: Tensor = output.clip if hasattr(output, "_fields") or not isinstance(output, Tensor) else output
    return logits


def logits_of(network: nn.Module, store: FeatureStore, *, batch_size: int, device: torch.device) -> NDArray[np.float32]:
    """Logits of every clip of a store (clips, classes), in inference mode."""
    was_training = network.training
    network.eval()
    with torch.inference_mode():
        parts = [clip_logits(network(mel)).float().cpu().numpy() for mel in _batches(store, batch_size, device)]
    network.train(was_training)
    return np.concatenate(parts) if parts else np.zeros((0, 0), np.float32)


def _batches(store: FeatureStore, batch_size: int, device: torch.device) -> Iterator[Tensor]:
    for start in range(0, len(store), batch_size):
        mel = np.asarray(store.features[start : start + batch_size], np.float32)
        yield torch.from_numpy(mel)[:, None].to(device)


def probabilities(logits: NDArray[np.float32], *, single_label: bool) -> NDArray[np.float64]:
    """Sigmoid of each class, or softmax over them.

    >>> probabilities(np.zeros((1, 2), np.float32), single_label=True).tolist()
    [[0.5, 0.5]]
    """
    z = np.asarray(logits, np.float64)
    if single_label:
        weights = np.exp(z - z.max(axis=1, keepdims=True))
        return weights / weights.sum(axis=1, keepdims=True)
    return 1 / (1 + np.exp(-np.clip(z, -60, 60)))


def metrics_of(scores: NDArray[np.float64], clips: Clips) -> dict[str, float]:
    """The monitored numbers by name; NaN where the truth does not define one."""
    truth = ((clips.y * clips.mask) >= 0.5).astype(np.float64)
    ap, auc = ranking_per_class(scores, truth, clips.mask)
    numbers = {
        "bce": bce(scores, truth, clips.mask),
        "map": mean_of_known(ap),
        "roc_auc": mean_of_known(auc),
        "binary_accuracy": binary_accuracy(scores, truth, clips.mask),
        "top1": top_k(scores, truth, clips.mask, 1),
    }
    for threshold in (0.2, 0.5):
        counted = count(scores >= threshold, truth, clips.mask)
        numbers[f"macro_f1@{threshold}"] = float(counted.macro().f1)
        if threshold == 0.5:
            numbers["micro_f1@0.5"] = float(counted.micro().f1)
    return numbers
