"""Listening: blocks of samples through front end and network, both cores at work, memory flat."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from instrunet.audio import AudioError, resample, shown, stream, to_mono
from instrunet.audio.decoding import silence_unusable
from instrunet.bundles.network import FrontEnd, Network
from instrunet.errors import UsageError
from instrunet.tagging.aggregation import Gathering
from instrunet.tagging.pipeline import ahead
from instrunet.tagging.scoring import BATCH_WINDOWS, Spectrogram, scored, spectrogram
from instrunet.tagging.windows import Samples, WindowCutter

BLOCK_S = 10.0
Source = str | os.PathLike[str] | BinaryIO


@dataclass(frozen=True)
class Heard:
    """What the network said of a recording, before it is put into words.

    Attributes:
        gathering: its scores.
        path: the name of the file; empty for samples in memory.
        duration_s: how long it was.
        start_s: where in the file it began.
        remarks: what was wrong with the file.
    """

    gathering: Gathering
    path: str
    duration_s: float
    start_s: float = 0.0
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Excerpt:
    """A part of a file; the default is all of it."""

    start_s: float = 0.0
    duration_s: float | None = None


def hear_array(x: NDArray[np.floating], network: Network, *, sample_rate_hz: int) -> Heard:
    """Listen to samples in memory, (n,) or (channels, n).

    Raises:
        UsageError: the shape or the rate makes no sense.
        AudioError: there are no samples, or most are not numbers.
    """
    x = np.asarray(x)
    if x.ndim not in (1, 2) or x.dtype.kind not in "f":
        raise UsageError(
            f"samples of shape {x.shape} and type {x.dtype}: give floats from -1 to 1, shape (n,) or (channels, n)"
        )
    if sample_rate_hz < 1:
        raise UsageError(f"a sample rate of {sample_rate_hz} Hz: it must be at least 1")
    if x.size == 0:
        raise AudioError("there are no samples to listen to")
    clean, n_unusable = silence_unusable(np.asarray(x, np.float32))
    if n_unusable * 2 > x.size:
        raise AudioError("most of the samples are not numbers (NaN or infinite)")
    remarks = (f"{n_unusable} samples that are not numbers (NaN or infinite) were silenced",) if n_unusable else ()
    mono = resample(to_mono(clean), sample_rate_hz, network.spec.front_end.sample_rate_hz)
    gathering, n_samples = hear_blocks([mono], network)
    if n_samples == 0:
        raise AudioError(f"{x.shape[-1]} samples at {sample_rate_hz} Hz are too short to hear anything")
    return Heard(gathering, "", x.shape[-1] / sample_rate_hz, remarks=remarks)


def hear_file(source: Source, network: Network, excerpt: Excerpt, *, threaded: bool) -> Heard:
    """Listen to a file, or to an open binary one.

    Args:
        source: the file.
        network: who listens.
        excerpt: the part to listen to.
        threaded: decode, transform and score at the same time, each in a thread; if not, one after another.

    Raises:
        AudioError: the file cannot be read, or holds no sound in that part.
    """
    rate_hz = network.spec.front_end.sample_rate_hz
    with_end = None if excerpt.duration_s is None or math.isinf(excerpt.duration_s) else excerpt.duration_s
    blocks = stream(source, sample_rate_hz=rate_hz, block_s=BLOCK_S, start_s=excerpt.start_s, duration_s=with_end)
    try:
        gathering, n_samples = hear_blocks(blocks, network, threaded=threaded)
    finally:
        blocks.close()
    if n_samples == 0:
        place = f" after {excerpt.start_s:g} s" if excerpt.start_s else ""
        raise AudioError(f"{shown(named(source))}: holds no sound{place}; is it the right file?")
    return Heard(gathering, named(source), n_samples / rate_hz, excerpt.start_s, tuple(blocks.remarks))


def named(source: Source) -> str:
    """The name of a file as it was given; ``-`` for an open one."""
    return os.fspath(source) if isinstance(source, (str, os.PathLike)) else "-"


def hear_blocks(blocks: Iterable[Samples], network: Network, *, threaded: bool = False) -> tuple[Gathering, int]:
    """Listen to blocks of samples at the rate of the front end; the scores and how many samples there were."""
    cutter = WindowCutter.of(network.spec)
    gathering = Gathering(network.spec)
    pass_on = ahead if threaded else iter
    batches = spectrogram_batches(pass_on(blocks), cutter, network)
    for window in scored(network, pass_on(batches)):
        gathering.add(window)
    return gathering, cutter.n_samples


def spectrogram_batches(
    blocks: Iterable[Samples], cutter: WindowCutter, front_end: FrontEnd
) -> Iterator[list[Spectrogram]]:
    """Blocks of samples as windows for the network, a batch at a time."""
    return _batches(_spectrograms(blocks, cutter, front_end))


def _spectrograms(blocks: Iterable[Samples], cutter: WindowCutter, front_end: FrontEnd) -> Iterator[Spectrogram]:
    for block in blocks:
        for window in cutter.push(block):
            yield spectrogram(window, front_end)
    for window in cutter.finish():
        yield spectrogram(window, front_end)


def _batches(items: Iterator[Spectrogram]) -> Iterator[list[Spectrogram]]:
    while batch := list(islice(items, BATCH_WINDOWS)):
        yield batch
