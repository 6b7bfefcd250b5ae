"""Reading a recording as a stream of equal blocks, in memory that does not grow with its length."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from instrunet.audio.decoding import Decoder, open_decoder, silence_unusable
from instrunet.audio.resampling import Resampler
from instrunet.audio.sound import Audio, AudioError, AudioInfo, Samples, shown
from instrunet.audio.source import Source, name_of, spooled
from instrunet.errors import UsageError

MOST_BYTES_IN_MEMORY = 4 << 30
MOST_RESAMPLED = 1 << 20
FILTER_REACH = 512  # frames, at the lower of two rates, that the resampling filter looks back


class BlockStream(Iterator[Samples]):
    """An iterator over blocks of samples that also tells what was wrong with the file.

    Attributes:
        name: The file, as it is shown to people.
        info: What the header says.
        sample_rate_hz: The rate of the blocks.
        remarks: Filled while iterating, complete at the end: an early end, unusable samples that were silenced.
    """

    def __init__(self, source: Source, cut: _Excerpt, *, mono: bool) -> None:
        self.name = name_of(source)
        self._borrowed = None if isinstance(source, (str, os.PathLike)) else spooled(source, self.name)
        path = Path(self._borrowed or source)  # type: ignore[arg-type]
        try:
            self._decoder: Decoder = open_decoder(path)
        except AudioError as error:
            self._forget()
            raise (AudioError(str(error).replace(shown(path), self.name)) if self._borrowed else error) from None
        self.info: AudioInfo = self._decoder.info
        self.sample_rate_hz = cut.sample_rate_hz or self.info.sample_rate_hz
        self.remarks: list[str] = self._decoder.remarks
        self._blocks = _equal(self._excerpt(cut, mono), round(cut.block_s * self.sample_rate_hz))

    def __iter__(self) -> BlockStream:
        return self

    def __next__(self) -> Samples:
        try:
            return next(self._blocks)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> BlockStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_decoder"):
            self.close()

    def close(self) -> None:
        """Let go of the file; done by itself at the end of the iteration, or when the stream is forgotten."""
        self._decoder.close()
        self._forget()

    def _forget(self) -> None:
        if self._borrowed:
            Path(self._borrowed).unlink(missing_ok=True)

    def _excerpt(self, cut: _Excerpt, mono: bool) -> Iterator[Samples]:
        """Resampled frames, (n,) or (n, channels), of exactly the part asked for.

        Decoding begins a little before it, on a frame where both rates have a sample, so that the filter sees what
        it would have seen in the whole file.
        """
        from_hz, to_hz = self.info.sample_rate_hz, self.sample_rate_hz
        common = math.gcd(from_hz, to_hz)
        start = round(cut.start_s * to_hz)
        reach = 0 if from_hz == to_hz else FILTER_REACH * max(1, -(-to_hz // from_hz))
        units = max(0, start - reach) // (to_hz // common)
        skip = start - units * (to_hz // common)
        left = math.inf if cut.duration_s is None else round(cut.duration_s * to_hz)
        for frames in self._resampled(units * (from_hz // common), mono):
            piece = frames[skip:]
            skip = max(0, skip - len(frames))
            if len(piece) >= left:
                yield piece[: int(left)]
                return
            left -= len(piece)
            if len(piece):
                yield piece

    def _resampled(self, first: int, mono: bool) -> Iterator[Samples]:
        channels = 1 if mono else self.info.channels
        resampler = Resampler(self.info.sample_rate_hz, self.sample_rate_hz, channels=channels)
        most = max(1, MOST_RESAMPLED * self.info.sample_rate_hz // self.sample_rate_hz)  # a file may claim 1 Hz
        unusable = total = 0
        for block in self._decoder.frames(first):
            clean, n = silence_unusable(block)
            unusable, total = unusable + n, total + block.size
            frames = _mixed(clean) if channels == 1 else clean
            for at in range(0, len(frames), most):
                yield resampler.push(frames[at : at + most])
        yield resampler.finish()
        if unusable:
            self._account(unusable, total)

    def _account(self, unusable: int, total: int) -> None:
        if unusable * 2 > total:
            raise AudioError(f"{self.name}: most of its samples are not numbers (NaN or infinite); export it again")
        self.remarks.append(f"{unusable} samples that are not numbers (NaN or infinite) were silenced")


class _Excerpt:
    """Which part of a file, at what rate and in what blocks; checked."""

    def __init__(self, sample_rate_hz: int | None, start_s: float, duration_s: float | None, block_s: float) -> None:
        if sample_rate_hz is not None and sample_rate_hz < 1:
            raise UsageError(f"a sample rate of {sample_rate_hz} Hz: it must be at least 1")
        if not (start_s >= 0 and math.isfinite(start_s)):
            raise UsageError(f"a start of {start_s} s: it must be 0 or more")
        if duration_s is not None and not duration_s > 0:
            raise UsageError(f"a duration of {duration_s} s: it must be more than 0")
        self.sample_rate_hz = sample_rate_hz
        self.start_s = start_s
        self.duration_s = None if duration_s is None or math.isinf(duration_s) else duration_s
        self.block_s = block_s


def stream(
    source: Source,
    *,
    sample_rate_hz: int | None = None,
    block_s: float = 10.0,
    start_s: float = 0.0,
    duration_s: float | None = None,
) -> BlockStream:
    """Decode a file block by block: mono, resampled, each block ``block_s`` long but for the last.

    The blocks, joined, are what :func:`load` gives; memory does not grow with the length of the file.

    Args:
        source: A path, or an open binary file such as ``sys.stdin.buffer``, which is copied to a temporary file.
        sample_rate_hz: The rate to resample to; None keeps the file's own.
        block_s: The length of a block.
        start_s: Where to begin.
        duration_s: How much to read; None reads to the end.

    Returns:
        An iterator of float32 arrays; its ``remarks`` say what was wrong with the file, once it is exhausted.

    Raises:
        AudioError: the file cannot be found, opened or decoded.
        UsageError: a negative start, a duration of nothing.
    """
    return BlockStream(source, _Excerpt(sample_rate_hz, start_s, duration_s, block_s), mono=True)


def load(
    source: Source,
    *,
    sample_rate_hz: int | None = None,
    mono: bool = True,
    start_s: float = 0.0,
    duration_s: float | None = None,
) -> Audio:
    """Decode a file, or a part of it, into memory.

    Samples that are not numbers (NaN, infinities, magnitudes over a million) become silence and a file that ends
    early gives what there is; both are told in ``Audio.remarks``. A file of mostly such samples is an error.

    Args:
        source: A path, or an open binary file such as ``sys.stdin.buffer``.
        sample_rate_hz: The rate to resample to; None keeps the file's own.
        mono: Mix the channels down; otherwise the samples are (channels, n).
        start_s: Where to begin.
        duration_s: How much to read; None reads to the end.

    Raises:
        AudioError: the file cannot be found, opened or decoded, or is too long to be held in memory.
        UsageError: a negative start, a duration of nothing.
    """
    blocks = BlockStream(source, _Excerpt(sample_rate_hz, start_s, duration_s, 60.0), mono=mono)
    frames: list[Samples] = []
    left = MOST_BYTES_IN_MEMORY
    for block in blocks:
        frames.append(block)
        left -= block.nbytes
        if left < 0:
            blocks.close()
            raise AudioError(f"{blocks.name}: too long to be held in memory; read it with stream() or give a duration")
    shape = (0,) if mono else (0, blocks.info.channels)
    whole = np.concatenate(frames) if frames else np.zeros(shape, np.float32)
    samples = whole if mono else np.ascontiguousarray(whole.T)
    return Audio(samples, blocks.sample_rate_hz, tuple(blocks.remarks))


def probe(path: str | os.PathLike[str]) -> AudioInfo:
    """What the header of a file says, without decoding it where the header tells its length.

    Raises:
        AudioError: the file cannot be found, opened or decoded.
    """
    decoder = open_decoder(Path(path))
    info = decoder.info
    if math.isnan(info.duration_s):  # a live recording: only its end tells its length
        info = replace(info, duration_s=sum(map(len, decoder.frames(0))) / info.sample_rate_hz)
    decoder.close()
    return info


def _mixed(block: Samples) -> Samples:
    """The mean of the channels, (n, channels) -> (n,)."""
    n = block.shape[1]
    return block[:, 0] if n == 1 else block @ np.full(n, 1 / n, np.float32)


def _equal(pieces: Iterator[Samples], n: int) -> Iterator[Samples]:
    """The same samples in blocks of ``n``, the last one shorter."""
    held: list[Samples] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= n:
            joined = np.concatenate(held)
            for at in range(0, size - n + 1, n):
                yield joined[at : at + n]
            held = [joined[size - size % n :]]
            size %= n
    if size:
        yield np.concatenate(held)
