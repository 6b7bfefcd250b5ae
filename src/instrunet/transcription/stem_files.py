"""Stems on disk: taken apart, written and read again a chapter at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from instrunet.audio import stream, writing
from instrunet.transcription.chapters import CHAPTER_S, MARGIN_S, Chapter, chapters, faded_together
from instrunet.transcription.separation import Separator, Stems, summing_to

Samples = NDArray[np.float32]

RATE_HZ = 44_100
MARGIN = round(MARGIN_S * RATE_HZ)
REST = "rest"


@dataclass(frozen=True)
class Taken:
    """What was taken apart: how long it was, and the share of each stem in the energy of the mix."""

    duration_s: float
    energy_shares: dict[str, float]


def stem_path(folder: Path, name: str) -> Path:
    """Where a stem lies."""
    return folder / "stems" / f"{name}.flac"


def write_stems(
    folder: Path, mix: Iterable[Samples], names: tuple[str, ...], by: Separator | None, tell: Callable[[float], None]
) -> Taken:
    """Take a mix apart and write a file a stem; together they are the mix.

    Args:
        folder: Where ``stems/`` comes.
        mix: Blocks of a chapter's length (the last may be shorter) at ``RATE_HZ``.
        names: Who plays.
        by: The separator; without one the mix is the stem of the only instrument.
        tell: Is told how many seconds are done.
    """
    whole = chapters(({"mix": block} for block in mix), MARGIN)
    apart = (_apart(chapter, names, by) for chapter in whole)
    energy: dict[str, float] = defaultdict(float)
    n_done = 0
    with ExitStack() as stack:
        files = [(name, stem_path(folder, name)) for name in (*names, REST)]
        put = {name: stack.enter_context(writing(path, RATE_HZ, subtype="PCM_24")) for name, path in files}
        for piece in faded_together(apart, MARGIN):
            energy["mix"] += _energy(np.sum(list(piece.values()), axis=0, dtype=np.float32))
            for name, samples in piece.items():
                put[name](samples)
                energy[name] += _energy(samples)
            n_done += len(piece[REST])
            tell(n_done / RATE_HZ)
    total = energy.pop("mix", 0.0) + 1e-12
    return Taken(n_done / RATE_HZ, {name: round(energy[name] / total, 4) for name in put})


def _apart(chapter: Chapter, names: tuple[str, ...], by: Separator | None) -> Chapter:
    mix = chapter.samples["mix"]
    stems = by.separate(mix, RATE_HZ, names).samples if by else {names[0]: mix}
    within = {name: np.clip(x, -1.0, 1.0) for name, x in stems.items()}  # what a file can hold; more goes to the rest
    fitted = summing_to(mix, within, RATE_HZ)
    return Chapter(chapter.start, chapter.lead, chapter.tail, {**fitted.samples, REST: fitted.rest})


def _energy(samples: Samples) -> float:
    return float(samples @ samples)


@dataclass(frozen=True)
class StemChapter:
    """A chapter of all stems, read from files, with the mix they make.

    Attributes:
        from_s: Where the samples begin in the recording.
        start_s: Where the chapter itself begins, its lead left out.
        end_s: Where it ends, its tail left out.
        mix: Sum of the stems.
        stems: The stems.
    """

    from_s: float
    start_s: float
    end_s: float
    mix: Samples
    stems: Stems


def read_stems(folder: Path, names: tuple[str, ...]) -> Iterator[StemChapter]:
    """Read stems again, chapter by chapter."""
    for chapter in chapters(_blocks(folder, (*names, REST)), MARGIN):
        own = {name: chapter.samples[name] for name in names}
        stems = Stems(own, chapter.samples[REST], RATE_HZ)
        start, end = chapter.start, chapter.start + chapter.n_samples
        yield StemChapter((start - chapter.lead) / RATE_HZ, start / RATE_HZ, end / RATE_HZ, stems.sum(), stems)


def _blocks(folder: Path, names: tuple[str, ...]) -> Iterator[dict[str, Samples]]:
    files = [stream(stem_path(folder, name), block_s=CHAPTER_S) for name in names]
    for together in zip(*files, strict=True):
        yield dict(zip(names, together, strict=True))
