"""The guarded child: decodes one container with PyAV and writes what it finds to standard output.

Run as a script by :mod:`instrunet.audio.containers`; it imports nothing of the package. It reads
one open file at a time, with one demuxer, and may not write files. Each message is a kind (one byte), a length (four
bytes, big-endian) and a body:

    H  header, JSON: sample_rate_hz, channels, duration_s (or null), format
    B  a block: float32 frames, channels interleaved
    R  a remark: text
    E  an error that ends it: text
    Z  the end
"""

from __future__ import annotations

import json
import os
import runpy
import struct
import sys
from pathlib import Path
from typing import IO, Any

MEMORY_BYTES = 3 << 30
BLOCK_BYTES = 1 << 18
MOST_BAD_PACKETS = 1000


def main() -> None:
    """Decode one file for every line of standard input: JSON with ``path``, ``demuxer`` and the first frame wanted."""
    import av  # before the limits: it maps many libraries

    av.logging.set_level(None)
    runpy.run_path(str(Path(__file__).with_name("confinement.py")))["forbid_sockets"]()
    _limit()
    for line in sys.stdin.buffer:
        task = json.loads(line)
        try:
            with open(task["path"], "rb") as file:
                _answer(av, file, task["demuxer"], task["start"])
        except OSError as error:
            _say(b"E", (error.strerror or str(error)).encode())


def _answer(av: Any, file: IO[bytes], demuxer: str, start: int) -> None:
    try:
        with av.open(file, format=demuxer, metadata_errors="replace") as container:
            if not container.streams.audio:
                return _say(b"E", b"it holds no sound")
            if not _decode(av, container, container.streams.audio[0], start):
                return _say(b"E", b"nothing in it could be decoded")
    except (av.FFmpegError, ValueError, MemoryError, OverflowError) as error:
        return _say(b"E", (str(error) or type(error).__name__).encode())
    return _say(b"Z", b"")


def _limit() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    for what, limit in ((resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(what)[1]
        if hard == resource.RLIM_INFINITY or hard >= limit:
            resource.setrlimit(what, (limit, hard))


def _decode(av: Any, container: Any, stream: Any, start: int) -> bool:
    stream.codec_context.thread_count = 1
    block: _Block | None = None
    bad = 0
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.FFmpegError:
            bad += 1
            if bad > MOST_BAD_PACKETS:
                raise
            continue
        for frame in frames:
            if block is None:
                block = _Block(av, frame, start)
                _header(container, stream, frame.sample_rate, frame.layout.nb_channels)
            block.add(frame)
    if block is None:
        return False
    block.send()
    if bad:
        _say(b"R", f"{bad} damaged packets were left out".encode())
    return True


class _Block:
    """Frames on their way out, as interleaved float32 of the kind that the first frame has."""

    def __init__(self, av: Any, frame: Any, start: int) -> None:
        self._frame_bytes = 4 * frame.layout.nb_channels
        self._packer = av.AudioResampler(format="flt", layout=frame.layout, rate=frame.sample_rate)
        self._drop = start * self._frame_bytes
        self._held = bytearray()

    def add(self, frame: Any) -> None:
        frame.pts = None  # gaps in the timestamps would be filled
        for packed in self._packer.resample(frame):
            self._held += bytes(packed.planes[0])[: packed.samples * self._frame_bytes]
        gone = min(self._drop, len(self._held))
        del self._held[:gone]
        self._drop -= gone
        if len(self._held) >= BLOCK_BYTES:
            self.send()

    def send(self) -> None:
        _say(b"B", self._held)
        self._held = bytearray()


def _header(container: Any, stream: Any, rate: int, channels: int) -> None:
    length = None
    if stream.duration is not None and stream.time_base is not None:
        length = float(stream.duration * stream.time_base)
    elif container.duration is not None:
        length = container.duration / 1e6
    words = f"{container.format.name.split(',')[0]} {stream.codec_context.name}"
    facts = {"sample_rate_hz": rate, "channels": channels, "duration_s": length, "format": words}
    _say(b"H", json.dumps(facts).encode())


def _say(kind: bytes, body: bytes | bytearray) -> None:
    sys.stdout.buffer.write(kind + struct.pack(">I", len(body)) + body)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        os._exit(0)
