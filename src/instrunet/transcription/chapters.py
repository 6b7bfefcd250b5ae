"""Long recordings in chapters that overlap, so that memory does not grow with the length.

A recording that is shorter than a chapter is one chapter, and nothing is different for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

CHAPTER_S = 240.0
MARGIN_S = 4.0
"""What a chapter also hears of its neighbours, on either side."""


@dataclass(frozen=True)
class Chapter:
    """A stretch of a recording, with something of what comes before and after it.

    Attributes:
        start: Where in the recording it begins, in samples; the lead comes before that.
        lead: Samples of the chapter before.
        tail: Samples of the chapter after.
        samples: By name; each holds lead, chapter and tail.
    """

    start: int
    lead: int
    tail: int
    samples: Mapping[str, Samples]

    @property
    def n_samples(self) -> int:
        """Length of the chapter itself."""
        return max((len(x) for x in self.samples.values()), default=0) - self.lead - self.tail


def chapters(blocks: Iterable[Mapping[str, Samples]], margin: int) -> Iterator[Chapter]:
    """Make chapters of equal blocks (the last may be shorter) of at least two margins.

    >>> blocks = [{"x": np.arange(4.0, dtype=np.float32)}, {"x": np.arange(4.0, 6.0, dtype=np.float32)}]
    >>> [(c.start, c.lead, c.tail, c.samples["x"].tolist()) for c in chapters(blocks, 1)]
    [(0, 0, 1, [0.0, 1.0, 2.0, 3.0, 4.0]), (4, 1, 0, [3.0, 4.0, 5.0])]
    """
    waiting = iter(blocks)
    here = next(waiting, None)
    before: dict[str, Samples] = {}
    start = 0
    while here is not None:
        after = next(waiting, None)
        head = {name: x[:margin] for name, x in after.items()} if after else {}
        joined = {name: np.concatenate([y[name] for y in (before, here, head) if name in y]) for name in here}
        yield Chapter(start, _length(before), _length(head), joined)
        start += _length(here)
        before = {name: x[-margin:].copy() for name, x in here.items()}
        here = after


def faded_together(done: Iterable[Chapter], margin: int) -> Iterator[dict[str, Samples]]:
    """Join chapters again, piece by piece: around the seam the one fades into the other.

    >>> blocks = [{"x": np.full(4, 1.0, np.float32)}, {"x": np.full(3, 1.0, np.float32)}]
    >>> np.concatenate([piece["x"] for piece in faded_together(chapters(blocks, 2), 2)]).tolist()
    [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    """
    held: dict[str, Samples] = {}
    for chapter in done:
        overlap = _length(held)
        rise = (np.arange(overlap, dtype=np.float32) + 1) / np.float32(overlap + 1)
        kept = _length(chapter.samples) - (margin + chapter.tail if chapter.tail else 0)
        piece = {}
        for name, x in chapter.samples.items():
            seam = [(1 - rise) * held[name] + rise * x[:overlap]] if held else []
            piece[name] = np.concatenate([*seam, x[overlap:kept]])
        held = {name: x[kept:].copy() for name, x in chapter.samples.items()} if chapter.tail else {}
        yield piece


def _length(block: Mapping[str, Samples]) -> int:
    return max((len(x) for x in block.values()), default=0)
