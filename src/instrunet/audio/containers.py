"""Containers that libsndfile does not know (m4a, aac, mp4, webm, wma), decoded by PyAV in a guarded child process.

Demuxers of foreign files are where decoders are attacked, so they run apart: a crash, a hang or a greed for memory
ends the child and is one error here. The child is told which of four demuxers to use, by the file's own first bytes;
playlists and everything else that leads to other files or to the network are not among them.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import queue
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from instrunet.audio.sound import AudioError, AudioInfo, Samples, shown
from instrunet.errors import MissingExtraError

STALL_S = 60.0  # a child that says nothing for so long is stuck
LONGEST_S = 48 * 3600.0
WORKER = Path(__file__).with_name("container_worker.py")


def can_decode() -> bool:
    """Whether PyAV is installed."""
    return importlib.util.find_spec("av") is not None


class ContainerDecoder:
    """A container, decoded elsewhere and read block by block."""

    def __init__(self, path: Path, demuxer: str) -> None:
        if not can_decode():
            raise MissingExtraError("formats", f"{shown(path)}: reading this format")
        self._path, self._demuxer = path, demuxer
        self.remarks: list[str] = []
        self._child = _Child.hired()
        self._child.begin(path, demuxer, 0)
        self._fresh, self._whole = True, False
        kind, body = self._next()
        facts = json.loads(body) if kind == b"H" else {}
        length = facts.get("duration_s")
        self.info = AudioInfo(
            duration_s=math.nan if length is None else max(0.0, length),
            sample_rate_hz=facts["sample_rate_hz"],
            channels=facts["channels"],
            format=facts["format"],
        )

    def frames(self, start: int) -> Iterator[Samples]:
        """Blocks of (frames, channels) from frame ``start``; frames before it are decoded and dropped."""
        if start or not self._fresh:
            self.close()
            self._child = _Child.hired()
            self._child.begin(self._path, self._demuxer, start)
            self._next()  # the header again
        self._fresh = False
        left = LONGEST_S * self.info.sample_rate_hz
        while True:
            kind, body = self._next()
            if kind == b"Z":
                self._whole = True
                return
            if kind == b"R":
                self.remarks.append(body.decode())
                continue
            block = np.frombuffer(body, np.float32).reshape(-1, self.info.channels)
            left -= len(block)
            if left < 0:
                raise AudioError(f"{shown(self._path)}: goes on for more than {LONGEST_S / 3600:.0f} h; cut it up")
            if len(block):
                yield block

    def _next(self) -> tuple[bytes, bytes]:
        message = self._child.next()
        if message is None:
            reason = "decoding it failed or took too long"
        elif message[0] == b"E":
            reason = message[1].decode("utf-8", "replace").splitlines()[0][:200]
        else:
            return message
        self.close()
        raise AudioError(f"{shown(self._path)}: not audio that can be decoded ({reason}); convert it to wav or flac")

    def close(self) -> None:
        """End the child, or let it go to the next file if it came to the end of this one and children are kept."""
        if self._whole and _Child.kept is not None:
            self._whole = False
            _Child.kept.append(self._child)
        else:
            self._child.close()


@contextmanager
def one_child_for_many() -> Iterator[None]:
    """Within the block a child that came to the end of a file gets the next one, which saves most of its start.

    For processes that decode file after file and whose own death is provided for; not for use from several threads.
    """
    _Child.kept = []
    try:
        yield
    finally:
        for child in _Child.kept:
            child.close()
        _Child.kept = None


class _Child:
    """The child process and a thread that listens to it."""

    kept: list[_Child] | None = None

    @classmethod
    def hired(cls) -> _Child:
        """One that was kept, or a new one."""
        while cls.kept:
            child = cls.kept.pop()
            if not child.closed and child._process.poll() is None:
                return child
        return cls()

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
        self._heard: queue.Queue[tuple[bytes, bytes] | None] = queue.Queue(maxsize=8)
        self.closed = False
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def begin(self, path: Path, demuxer: str, start: int) -> None:
        """Hand out a file; if children are not kept, it is the only one."""
        pipe = self._process.stdin
        assert pipe is not None
        with suppress(OSError):  # it is gone; that is noticed by who listens
            pipe.write(json.dumps({"path": os.fspath(path.absolute()), "demuxer": demuxer, "start": start}).encode())
            pipe.write(b"\n")
            pipe.flush()
            if _Child.kept is None:
                pipe.close()

    def next(self) -> tuple[bytes, bytes] | None:
        """The next message; None when the child died or is stuck."""
        try:
            return self._heard.get(timeout=STALL_S)
        except queue.Empty:
            return None

    def close(self) -> None:
        """Kill it, and wait until it is gone."""
        if self.closed:
            return
        self.closed = True
        self._process.kill()
        while self._listener.is_alive():
            _drain(self._heard)
            self._listener.join(0.05)
        self._process.wait()
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as pipe:
            while not self.closed:
                head = pipe.read(5)
                size = struct.unpack(">I", head[1:])[0] if len(head) == 5 else 0
                body = pipe.read(size)
                if len(head) < 5 or len(body) < size:
                    break
                self._heard.put((head[:1], body))
        self._heard.put(None)


def _drain(heard: queue.Queue[tuple[bytes, bytes] | None]) -> None:
    try:
        while True:
            heard.get_nowait()
    except queue.Empty:
        pass
