"""Decoding uploads apart from the service: a child process for each, with limits of time and memory.

A file that crashes, blocks or bloats a decoder ends its child and is one sentence here. Some children wait with
everything imported, so that a request does not pay for the start of Python.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from instrunet.apps.service.problems import TooLongError
from instrunet.audio import AudioError, Samples, shown
from instrunet.errors import MissingExtraError, UsageError

WORKER = Path(__file__).with_name("decode_worker.py")
SOURCE = Path(__file__).parents[3]


@dataclass(frozen=True)
class DecodingLimits:
    """What a decoder may use.

    Attributes:
        memory_bytes: of address space.
        cpu_s: processor time.
        stall_s: how long it may say nothing.
    """

    memory_bytes: int = 3 << 30
    cpu_s: int = 300
    stall_s: float = 30.0


@dataclass(frozen=True)
class Order:
    """What to decode, and at which rate."""

    path: str
    rate_hz: int
    start_s: float = 0.0
    duration_s: float | None = None


class IsolatedDecoding:
    """Gives every file a child process of its own.

    Args:
        limits: of each child.
        n_ready: how many children wait for work.
    """

    def __init__(self, limits: DecodingLimits | None = None, *, n_ready: int = 1) -> None:
        self.limits = limits or DecodingLimits()
        self._ready: queue.SimpleQueue[subprocess.Popen[bytes]] = queue.SimpleQueue()
        self._n_ready = n_ready
        self._closed = False

    def warm_up(self) -> None:
        """Start the children that wait."""
        while not self._closed and self._ready.qsize() < self._n_ready:
            self._ready.put(self._spawn())

    def open(self, order: Order, *, name: str, longest_s: float) -> DecodedStream:
        """Begin to decode; the blocks follow as they are iterated over.

        Args:
            order: the file and the part of it.
            name: what to call the file in errors.
            longest_s: a longer recording raises TooLongError.
        """
        try:
            child = self._ready.get_nowait()
            if child.poll() is not None:
                child = self._spawn()
        except queue.Empty:
            child = self._spawn()
        threading.Thread(target=self.warm_up, daemon=True).start()
        return DecodedStream(child, order, name=name, longest_s=longest_s, stall_s=self.limits.stall_s)

    def close(self) -> None:
        """End the children that wait."""
        self._closed = True
        while True:
            try:
                _end(self._ready.get_nowait())
            except queue.Empty:
                return

    def _spawn(self) -> subprocess.Popen[bytes]:
        paths = [str(SOURCE), *filter(None, [os.environ.get("PYTHONPATH")])]
        return subprocess.Popen(
            [sys.executable, "-P", str(WORKER), str(self.limits.memory_bytes), str(self.limits.cpu_s)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_bare_environment({"PYTHONPATH": os.pathsep.join(paths)}),
            start_new_session=True,
        )


class DecodedStream(Iterator[Samples]):
    """Blocks of mono samples from a child.

    Attributes:
        duration_s: what the header says; None if it does not.
        remarks: what was wrong with the file; complete at the end.
    """

    def __init__(
        self, child: subprocess.Popen[bytes], order: Order, *, name: str, longest_s: float, stall_s: float
    ) -> None:
        self._child, self._order, self._name = child, order, name
        self._left, self._longest_s, self._stall_s = longest_s * order.rate_hz, longest_s, stall_s
        self.remarks: list[str] = []
        self.duration_s: float | None = None
        try:
            assert child.stdin is not None
            child.stdin.write((json.dumps(asdict(order)) + "\n").encode())
            child.stdin.flush()
        except OSError:
            pass  # it is dead; reading says so
        self._header()

    def __next__(self) -> Samples:
        if self._child.returncode is not None:
            raise StopIteration
        kind, body = self._next()
        if kind == b"Z":
            self.remarks.extend(json.loads(body))
            self.close()
            raise StopIteration
        block = np.frombuffer(body, np.float32)
        self._left -= len(block)
        if self._left < 0:
            self._too_long()
        return block

    def __enter__(self) -> DecodedStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the child."""
        _end(self._child)

    def _header(self) -> None:
        kind, body = self._next()
        if kind == b"H":
            self.duration_s = json.loads(body)["duration_s"]
        if self._order.duration_s is None and self.duration_s is not None:
            if self.duration_s - self._order.start_s > self._longest_s:
                self._too_long()

    def _too_long(self) -> None:
        self.close()
        raise TooLongError(
            f"{self._name}: is longer than the {self._longest_s / 60:g} minutes that are taken here; cut it up"
        )

    def _next(self) -> tuple[bytes, bytes]:
        message = self._read()
        if message is None:
            self.close()
            raise AudioError(f"{self._name}: decoding it failed or took too long; convert it to wav or flac")
        if message[0] == b"E":
            self.close()
            kind, text, extra = json.loads(message[1])
            text = text.replace(shown(self._order.path), self._name)
            text = text if self._name in text else f"{self._name}: {text}"
            if kind == "MissingExtraError":
                raise MissingExtraError(extra, f"{self._name}: reading this format")
            raise (UsageError if kind == "UsageError" else AudioError)(text)
        return message

    def _read(self) -> tuple[bytes, bytes] | None:
        """One message; None if the child is dead, or says nothing and is killed for it."""
        pipe: Any = self._child.stdout
        watch = threading.Timer(self._stall_s, _kill, [self._child])
        watch.daemon = True
        watch.start()
        try:
            head = pipe.read(5)
            size = struct.unpack(">I", head[1:])[0] if len(head) == 5 else 0
            body = pipe.read(size)
        finally:
            watch.cancel()
        return (head[:1], body) if len(head) == 5 and len(body) == size else None


def _bare_environment(more: dict[str, str]) -> dict[str, str]:
    """Of the environment only what Python needs: no tokens, no keys."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "TMPDIR", "SYSTEMROOT") if name in os.environ}
    return {**kept, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", **more}


def _kill(child: subprocess.Popen[bytes]) -> None:
    """End a child and what it started."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError, AttributeError):
        child.kill()


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.returncode is None:
        _kill(child)
        child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except OSError:
                pass
