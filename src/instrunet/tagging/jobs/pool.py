"""Workers in processes of their own: tasks out, outcomes in, the dead replaced."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from instrunet.errors import InstrunetError
from instrunet.tagging.jobs.ledger import Outcome, State


@dataclass(frozen=True)
class WorkerSettings:
    """What every worker is told once.

    Attributes:
        model: Name or path of the bundle.
        vocabulary: Words of the answer.
        threshold: ``tuned`` or a number.
        start_s: Where each recording begins.
        duration_s: How much of each is heard.
        activity: Whether the curves are kept, or only the ranges.
        longest_s: A recording that goes on for longer fails.
        memory_bytes: Address space of a worker.
        test: Whether injuries may be injected (tests).
    """

    model: str = "default"
    vocabulary: str | None = None
    threshold: str | float = "tuned"
    start_s: float = 0.0
    duration_s: float | None = None
    activity: bool = False
    longest_s: float = 24 * 3600.0
    memory_bytes: int | None = 6 << 30
    test: bool = False


@dataclass(frozen=True)
class Patience:
    """How long a worker may say nothing about a file, how long it may take to start, and its tries at a file."""

    silent_s: float = 60.0
    start_s: float = 120.0
    attempts: int = 2


class WorkerPool:
    """Runs files through isolated workers.

    A file whose worker dies or falls silent is tried once more in a fresh worker and then quarantined. Files come from
    an iterable that is read only as workers become free, so a job of a million files needs no list in memory here.
    """

    def __init__(self, n_workers: int, settings: WorkerSettings, patience: Patience | None = None) -> None:
        self.settings, self.patience = settings, patience or Patience()
        self._select = selectors.DefaultSelector()
        self._workers = [self._hire(f"worker-{k + 1}") for k in range(n_workers)]

    def __enter__(self) -> WorkerPool:
        """Use the pool in a ``with`` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """End all workers."""
        self.close()

    def close(self) -> None:
        """End all workers; files in flight stay waiting."""
        for worker in self._workers:
            worker.end()
        self._select.close()

    def run(self, paths: Iterable[str]) -> Iterator[Outcome]:
        """Give an outcome a file, as they come."""
        rest = iter(paths)
        again: deque[tuple[str, int]] = deque()
        exhausted = False
        while True:
            for worker in self._workers:
                if worker.task is None and worker.ready:
                    task = again.popleft() if again else next(((p, 1) for p in rest), None)
                    if task is None:
                        exhausted = True
                        break
                    worker.give(task)
            busy = any(w.task for w in self._workers)
            if exhausted and not busy and not again:
                return
            yield from self._listen(again)

    def _listen(self, again: deque[tuple[str, int]]) -> Iterator[Outcome]:
        """Wait for the next signs of life, and settle what they mean."""
        for key, _ in self._select.select(timeout=0.2):
            worker: _Worker = key.data
            for message in worker.messages():
                outcome = self._understood(worker, message)
                if outcome is not None:
                    yield outcome
        now = time.monotonic()
        for number, worker in enumerate(self._workers):
            limit = self.patience.silent_s if worker.ready else self.patience.start_s
            if worker.gone() or (now - worker.heard_at > limit and (worker.task or not worker.ready)):
                yield from self._bury(number, again)

    def _understood(self, worker: _Worker, message: dict[str, Any]) -> Outcome | None:
        kind = message["kind"]
        if kind == "ready":
            worker.ready = True
            return None
        if kind == "broken":
            raise InstrunetError(message["message"])
        if kind == "beat" or worker.task is None:
            return None
        path, _ = worker.task
        worker.task = None
        if kind == "done":
            tags = message["tags"]
            return Outcome(path, State.DONE, worker=worker.name, duration_s=tags["duration_s"], result=tags)
        return Outcome(path, State.FAILED, reason=message["reason"], worker=worker.name)

    def _bury(self, number: int, again: deque[tuple[str, int]]) -> Iterator[Outcome]:
        """Replace a dead or silent worker; its file gets another try, or is quarantined."""
        worker = self._workers[number]
        reason = worker.epitaph(self.patience.silent_s)
        if not worker.ready and worker.task is None and worker.failed_to_start():
            raise InstrunetError(f"a worker could not start: {reason}")
        task = worker.task
        worker.end()
        self._workers[number] = self._hire(worker.name)
        if task is None:
            return
        path, attempt = task
        if attempt < self.patience.attempts:
            again.append((path, attempt + 1))
        else:
            yield Outcome(path, State.QUARANTINED, reason=f"{path}: {reason}, {attempt} times", worker=worker.name)

    def _hire(self, name: str) -> _Worker:
        return _Worker(name, self.settings, self._select)


class _Worker:
    """One process and the lines it says."""

    def __init__(self, name: str, settings: WorkerSettings, select: selectors.BaseSelector) -> None:
        self.name = name
        self.task: tuple[str, int] | None = None
        self.ready = False
        self.heard_at = time.monotonic()
        self._select = select
        self._buffer = b""
        here = os.pathsep.join(filter(None, (str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH"))))
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": here}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "instrunet.tagging.jobs.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, env=environment, start_new_session=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        self._select.register(self._process.stdout, selectors.EVENT_READ, self)
        self._tell(asdict(settings))

    def give(self, task: tuple[str, int]) -> None:
        self.task = task
        self.heard_at = time.monotonic()
        self._tell({"path": task[0]})

    def messages(self) -> list[dict[str, Any]]:
        assert self._process.stdout is not None
        try:
            piece = os.read(self._process.stdout.fileno(), 1 << 20)
        except (BlockingIOError, OSError):
            return []
        self.heard_at = time.monotonic()
        *lines, self._buffer = (self._buffer + piece).split(b"\n")
        return [json.loads(line) for line in lines if line]

    def gone(self) -> bool:
        return self._process.poll() is not None

    def failed_to_start(self) -> bool:
        return self.gone()

    def epitaph(self, silent_s: float) -> str:
        code = self._process.poll()
        if code is None:
            return f"its worker said nothing for {silent_s:.0f} s and was ended"
        if code < 0:
            return f"its worker died of signal {-code}"
        return f"its worker ended with code {code}"

    def end(self) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        self._select.unregister(stdout)
        self._kill()
        self._process.wait()
        stdout.close()
        if self._process.stdin is not None:
            try:
                self._process.stdin.close()
            except OSError:
                pass

    def _kill(self) -> None:
        """End the worker and whatever it started."""
        self._process.kill()
        if hasattr(os, "killpg"):
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass

    def _tell(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            pass  # it is gone; that is noticed when it is looked at next
