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
        self._child = _Child(path, demuxer, 0)
        self._fresh = True
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
            self._child.close()
            self._child = _Child(self._path, self._demuxer, start)
            self._next()  # the header again
        self._fresh = False
        left = LONGEST_S * self.info.sample_rate_hz
        while True:
            kind, body = self._next()
            if kind == b"Z":
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
        """End the child."""
        self._child.close()


class _Child:
    """The child process and a thread that listens to it."""

    def __init__(self, path: Path, demuxer: str, start: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(WORKER), os.fspath(path.absolute()), demuxer, str(start)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
        self._heard: queue.Queue[tuple[bytes, bytes] | None] = queue.Queue(maxsize=8)
        self._closing = False
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def next(self) -> tuple[bytes, bytes] | None:
        """The next message; None when the child died or is stuck."""
        try:
            return self._heard.get(timeout=STALL_S)
        except queue.Empty:
            return None

    def close(self) -> None:
        """Kill it, and wait until it is gone."""
        self._closing = True
        self._process.kill()
        while self._listener.is_alive():
            _drain(self._heard)
            self._listener.join(0.05)
        self._process.wait()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as pipe:
            while not self._closing:
                head = pipe.read(5)
                size = struct.unpack(">I", head[1:])[0] if len(head) == 5 else 0
                body = pipe.read(size)
                if len(head) < 5 or len(body) < size:
                    break
                self._heard.put((head[:1], body))
                if head[:1] in b"ZE":
                    return
        self._heard.put(None)


def _drain(heard: queue.Queue[tuple[bytes, bytes] | None]) -> None:
    try:
        while True:
            heard.get_nowait()
    except queue.Empty:
        pass
