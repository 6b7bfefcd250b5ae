"""Long recordings: handed in, heard in the background, fetched later, forgotten after a stated time."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from instrunet.apps.service.problems import BusyError, NoSuchThingError, status_and_code
from instrunet.errors import InstrunetError

Work = Callable[[Callable[[float], None]], dict[str, Any]]
FINAL = ("done", "failed")


@dataclass
class Job:
    """One recording on its way.

    Attributes:
        id: hard to guess; whoever knows it may fetch the result.
        state: queued, running, done or failed.
        progress: 0 to 1.
        result: the tags, once done.
        error: code and message, once failed.
    """

    id: str
    state: str = "queued"
    progress: float = 0.0
    result: dict[str, Any] | None = None
    error: dict[str, str] | None = None
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    ended: float | None = None

    def to_dict(self, keep_results_s: float) -> dict[str, Any]:
        """Plain values for JSON."""
        out: dict[str, Any] = {
            "id": self.id,
            "state": self.state,
            "progress": round(self.progress, 3),
            "created": self.created,
            "result": self.result,
            "error": self.error,
            "forgotten_in_s": None,
        }
        if self.ended is not None:
            out["forgotten_in_s"] = max(0, round(keep_results_s - (time.monotonic() - self.ended)))
        return out


class JobStore:
    """The jobs of a service, in memory.

    Args:
        most: how many may be queued or running.
        n_places: how many run at a time.
        keep_results_s: how long a finished one is kept.
    """

    def __init__(self, *, most: int, n_places: int, keep_results_s: float) -> None:
        self._most, self._keep_s = most, keep_results_s
        self._places = asyncio.Semaphore(n_places)
        self._jobs: dict[str, Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def n_open(self) -> int:
        """How many are queued or running."""
        return sum(job.state not in FINAL for job in self._jobs.values())

    def check_room(self) -> None:
        """Refuse if there is no room for one more.

        Raises:
            BusyError: there is none.
        """
        self._forget_old()
        if self.n_open >= self._most:
            raise BusyError("as many jobs as are taken are waiting already; try again later")

    def add(self, work: Work, clean_up: Callable[[], None]) -> Job:
        """Take a job; ``clean_up`` is called when it ends, however it ends."""
        try:
            self.check_room()
        except BusyError:
            clean_up()
            raise
        job = Job(secrets.token_urlsafe(16))
        self._jobs[job.id] = job
        task = asyncio.create_task(self._run(job, work, clean_up))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    def get(self, job_id: str) -> Job:
        """A job by its id.

        Raises:
            NoSuchThingError: there is none, or it is forgotten.
        """
        self._forget_old()
        if job_id not in self._jobs:
            raise NoSuchThingError(f"there is no such job; results are forgotten {self._keep_s:g} s after the end")
        return self._jobs[job_id]

    def forget(self, job_id: str) -> None:
        """Forget a finished job now; a running one ends by itself and is forgotten then."""
        self.get(job_id)
        del self._jobs[job_id]

    async def close(self) -> None:
        """Cancel what waits."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, job: Job, work: Work, clean_up: Callable[[], None]) -> None:
        def told(share: float) -> None:
            job.progress = max(job.progress, min(share, 0.999))

        try:
            async with self._places:
                job.state = "running"
                job.result = await asyncio.to_thread(work, told)
            job.progress, job.state = 1.0, "done"
        except InstrunetError as error:
            job.error = {"code": status_and_code(error)[1], "message": str(error)}
            job.state = "failed"
        except Exception as error:  # noqa: BLE001 - the job says so; the service goes on
            job.error = {"code": "internal", "message": f"failed unexpectedly ({type(error).__name__})"}
            job.state = "failed"
        finally:
            job.ended = time.monotonic()
            clean_up()

    def _forget_old(self) -> None:
        now = time.monotonic()
        old = [j.id for j in self._jobs.values() if j.ended is not None and now - j.ended > self._keep_s]
        for job_id in old:
            del self._jobs[job_id]
