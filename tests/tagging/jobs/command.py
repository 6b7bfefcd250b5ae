"""The command line in a process of its own, marked so that whatever it leaves behind can be found."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

SRC = Path(__file__).resolve().parents[3] / "src"


@dataclass(frozen=True)
class Command:
    """Starts ``instrunet`` with a mark in its environment that all its children inherit."""

    mark: str = field(default_factory=lambda: uuid.uuid4().hex)

    def start(self, *arguments: object, stderr: int = subprocess.DEVNULL) -> subprocess.Popen[str]:
        environment = {**os.environ, "INSTRUNET_TEST_MARK": self.mark, "PYTHONPATH": str(SRC)}
        return subprocess.Popen(
            [sys.executable, "-m", "instrunet", *map(os.fspath, map(str, arguments))], env=environment,
            stdout=subprocess.DEVNULL, stderr=stderr, text=True, errors="replace",
            preexec_fn=_interruptible if os.name == "posix" else None,
        )  # fmt: skip

    def peak_mb(self, job: subprocess.Popen[str], *, timeout_s: float) -> float:
        """Wait for a job; the most memory that all its processes took together (PSS), 0 where there is no /proc."""
        peak, until = 0.0, time.monotonic() + timeout_s
        while job.poll() is None and time.monotonic() < until:
            peak = max(peak, sum(map(_pss_mb, self._alive())))
            time.sleep(0.25)
        job.wait(timeout=1.0)
        return peak

    def left_behind(self, *, within_s: float = 10.0) -> list[int]:
        """Processes that carry the mark and do not end within some seconds; only Linux can tell."""
        until = time.monotonic() + within_s
        while (alive := self._alive()) and time.monotonic() < until:
            time.sleep(0.1)
        return alive

    def _alive(self) -> list[int]:
        wanted, found = f"INSTRUNET_TEST_MARK={self.mark}".encode(), []
        for place in Path("/proc").glob("[0-9]*"):
            try:
                if wanted in (place / "environ").read_bytes():
                    found.append(int(place.name))
            except OSError:
                continue
        return found


def _interruptible() -> None:
    """As in a terminal, also where these tests run in the background of a script, whose children ignore ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _pss_mb(pid: int) -> float:
    try:
        rows = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(row.split()[1]) / 1024 for row in rows if row.startswith("Pss:")), 0.0)
