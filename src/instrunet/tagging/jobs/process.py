"""One decoding process, and the thread here that listens to it and has what it hears judged."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from instrunet.errors import InstrunetError
from instrunet.tagging.jobs.judging import Judge, Trial
from instrunet.tagging.jobs.ledger import Outcome
from instrunet.tagging.jobs.messages import Message, hear
from instrunet.tagging.jobs.settings import Patience, WorkerSettings

KEEPING_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(64 << 20), "MALLOC_TRIM_THRESHOLD_": str(128 << 20)}
"""For glibc: blocks of samples are kept, not given back and asked for again all the time, which took a tenth."""

PIPE_BYTES = 1 << 20
"""Two batches of windows: so far a decoder may be ahead of the network."""


@dataclass(frozen=True)
class Event:
    """Something the pool must know of a worker: it is ready, is through with its file, has ended; or nothing works."""

    worker: Worker
    outcome: Outcome | None = None
    error: InstrunetError | None = None
    ended: bool = False


class Worker:
    """A process that decodes, one file after another.

    Attributes:
        name: What it is called in the ledger.
        task: The file it has and the number of the try.
        ready: Whether it has started.
    """

    def __init__(self, name: str, settings: WorkerSettings, judge: Judge, events: queue.Queue[Event]) -> None:
        self.name = name
        self.task: tuple[str, int] | None = None
        self.ready = False
        self._heard_at = self._given_at = time.monotonic()
        self._judge, self._events = judge, events
        self._trial: Trial | None = None
        self._nonsense = ""
        self._process = _started()
        _widen(self._process)
        self._tell(asdict(settings))
        self._listener = threading.Thread(target=self._listen, name=f"instrunet-{name}", daemon=True)
        self._listener.start()

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def give(self, path: str, attempt: int) -> None:
        """Hand out a file."""
        self.task = (path, attempt)
        self._trial = self._judge.trial(path)
        self._heard_at = self._given_at = time.monotonic()
        self._tell({"path": path})

    def too_long(self, patience: Patience) -> bool:
        """Whether it has been silent, or busy with one file, or starting, for longer than is waited."""
        now = time.monotonic()
        if not self.ready:
            return now - self._heard_at > patience.start_s
        if self.task is None:
            return False
        return now - self._heard_at > patience.silent_s or now - self._given_at > patience.file_s

    def epitaph(self, patience: Patience) -> str:
        """Why it is to be buried."""
        if self._listener.is_alive() and self.too_long(patience):
            if time.monotonic() - self._heard_at > patience.silent_s:
                return f"its worker said nothing for {patience.silent_s:.0f} s and was ended"
            return f"its worker was busy with it for {patience.file_s:.0f} s and was ended"
        if self._nonsense:
            return f"what its worker said makes no sense ({self._nonsense})"
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5.0)
        code = self._process.poll()
        if code is None:
            return "its worker stopped talking and was ended"
        return f"its worker died of signal {-code}" if code < 0 else f"its worker ended with code {code}"

    def end(self) -> None:
        """Kill it and whatever it started."""
        self._process.kill()
        if hasattr(os, "killpg"):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._listener.join(timeout=10.0)
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()

    def _listen(self) -> None:
        """Until it says no more: the network runs here, on batch after batch, while the process decodes on."""
        assert self._process.stdout is not None
        try:
            while (message := hear(self._process.stdout)) is not None:
                self._heard_at = time.monotonic()
                self._understand(message)
                self._heard_at = time.monotonic()
        except InstrunetError as error:
            self._events.put(Event(self, error=error))
        except Exception as error:  # noqa: BLE001 - a worker that talks nonsense costs its file, not the job
            self._nonsense = f"{type(error).__name__}: {error}".splitlines()[0]
            self._process.kill()
        self._events.put(Event(self, ended=True))

    def _understand(self, message: Message) -> None:
        if message.kind == "ready":
            self.ready = True
            self._events.put(Event(self))
        elif message.kind == "broken":
            self._events.put(Event(self, error=InstrunetError(str(message.facts["message"]))))
        elif self._trial is not None and message.kind == "windows":
            self._trial.add(message)
        elif self._trial is not None and message.kind in ("heard", "failed"):
            trial, self._trial = self._trial, None
            self._events.put(Event(self, outcome=trial.outcome(message, self.name)))

    def _tell(self, message: dict[str, object]) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):  # it is gone; that is noticed by who listens
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()


def _started() -> subprocess.Popen[bytes]:
    here = os.pathsep.join(filter(None, (str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH"))))
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    environment = {**os.environ, **KEEPING_MEMORY, **one_thread, "PYTHONPATH": here}
    return subprocess.Popen(
        [sys.executable, "-m", "instrunet.tagging.jobs.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, env=environment, start_new_session=True,
    )  # fmt: skip


def _widen(process: subprocess.Popen[bytes]) -> None:
    """Let the pipe hold two batches, where the system can do that."""
    if sys.platform != "linux" or process.stdout is None:
        return
    import fcntl

    with suppress(OSError):
        fcntl.fcntl(process.stdout.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)
