"""Clip by clip: what is there, what was said, what was right, missed and invented."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from instrunet.evaluation.metrics import cross_entropy
from instrunet.evaluation.trial import Trial


@dataclass(frozen=True)
class ClipResult:
    """One clip. ``unjudged`` were predicted but nobody knows whether they are there.

    ``loss`` is the cross-entropy of the wrong decisions alone, which orders mistakes by how sure the model was.
    """

    row: int
    id: str
    source: str
    group: str
    true: tuple[str, ...]
    predicted: tuple[str, ...]
    tp: tuple[str, ...]
    fn: tuple[str, ...]
    fp: tuple[str, ...]
    unjudged: tuple[str, ...]
    loss: float

    @property
    def right(self) -> bool:
        """Nothing observed was decided wrongly."""
        return not self.fn and not self.fp


def clip_results(tried: Trial, predicted: NDArray[np.bool_]) -> tuple[ClipResult, ...]:
    """A result for every clip, in the trial's order."""
    mask, there, labels = tried.mask, tried.positives, np.array(tried.labels, dtype=object)
    wrong = (predicted != tried.y) & mask
    loss = np.where(wrong, cross_entropy(tried.scores, tried.y, mask), 0.0).sum(axis=1)
    fn, fp, unjudged = there & ~predicted, predicted & mask & ~there, predicted & ~mask
    facts = tried.facts
    return tuple(
        ClipResult(
            row=i,
            id=facts.ids[i],
            source=facts.sources[i] if facts.sources else "",
            group=facts.groups[i] if facts.groups else "",
            true=tuple(labels[there[i]]),
            predicted=tuple(labels[predicted[i] & mask[i]]),
            tp=tuple(labels[predicted[i] & there[i]]),
            fn=tuple(labels[fn[i]]),
            fp=tuple(labels[fp[i]]),
            unjudged=tuple(labels[unjudged[i]]),
            loss=float(loss[i]),
        )
        for i in range(tried.n_clips)
    )


def mixes(clips: tuple[ClipResult, ...]) -> tuple[ClipResult, ...]:
    """The clips in which more than one instrument is known to play."""
    return tuple(clip for clip in clips if len(clip.true) > 1)


def worst(clips: tuple[ClipResult, ...], n: int) -> tuple[ClipResult, ...]:
    """The clips that were got wrong with the greatest confidence."""
    return tuple(sorted((clip for clip in clips if not clip.right), key=lambda clip: -clip.loss)[:n])
