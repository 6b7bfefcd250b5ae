"""From an upload to what the network says of it, within a time, with progress."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from instrunet.apps.service.decoding import DecodedStream, IsolatedDecoding, Order
from instrunet.apps.service.problems import TimeUpError
from instrunet.audio import Samples
from instrunet.tagging import Tagger
from instrunet.tagging.hearing import Heard, hear_blocks


@dataclass(frozen=True)
class Recording:
    """A file to listen to.

    Attributes:
        path: where it lies.
        name: what its owner calls it.
        start_s: where to begin.
        duration_s: how much to take; all if None.
    """

    path: Path
    name: str
    start_s: float = 0.0
    duration_s: float | None = None


@dataclass(frozen=True)
class Patience:
    """How much one recording may take.

    Attributes:
        longest_s: of music.
        time_s: of our time.
    """

    longest_s: float
    time_s: float


Progress = Callable[[float], None]
Watch = Callable[[Iterator[Samples]], Iterator[Samples]]


def listen(
    tagger: Tagger,
    decoding: IsolatedDecoding,
    recording: Recording,
    patience: Patience,
    progress: Progress = lambda share: None,
    watch: Watch = iter,
) -> Heard:
    """Decode in a child process and listen here.

    Args:
        tagger: who listens.
        decoding: where the children come from.
        recording: the file.
        patience: limits.
        progress: called with 0 to 1.
        watch: sees the samples in passing.

    Raises:
        AudioError: it is not audio that can be decoded.
        TooLongError: there is too much of it.
        TimeUpError: it took too long.
    """
    rate_hz = tagger.sample_rate_hz
    order = Order(str(recording.path.absolute()), rate_hz, recording.start_s, recording.duration_s)
    ends = time.monotonic() + patience.time_s
    with decoding.open(order, name=recording.name, longest_s=patience.longest_s) as blocks:
        expected_s = _expected_s(blocks, recording)
        in_time = _in_time(blocks, ends, patience.time_s, lambda n: progress(min(1.0, n / rate_hz / expected_s)))
        gathering, n_samples = hear_blocks(watch(in_time), tagger.network, threaded=tagger.threads > 1)
    return Heard(gathering, recording.name, n_samples / rate_hz, recording.start_s, tuple(blocks.remarks))


def _expected_s(blocks: DecodedStream, recording: Recording) -> float:
    length_s = max(0.1, (blocks.duration_s or 60.0) - recording.start_s)
    return min(length_s, recording.duration_s or length_s)


def _in_time(blocks: DecodedStream, ends: float, time_s: float, told: Callable[[int], None]) -> Iterator[Samples]:
    n_samples = 0
    for block in blocks:
        told(n_samples)
        yield block
        n_samples += len(block)
        if time.monotonic() > ends:
            raise TimeUpError(f"listening took longer than {time_s:g} s; send less of it, or send it as a job")
