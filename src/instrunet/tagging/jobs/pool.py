"""Decoders in processes of their own, one model here: tasks out, outcomes in, the dead replaced."""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Iterable, Iterator

from instrunet.bundles.network import Scorer
from instrunet.errors import InstrunetError
from instrunet.tagging.jobs.judging import Judge
from instrunet.tagging.jobs.ledger import Outcome, State
from instrunet.tagging.jobs.process import Event, Worker
from instrunet.tagging.jobs.settings import Patience, WorkerSettings


class WorkerPool:
    """Runs files through isolated decoders and one network.

    A file whose worker dies or falls silent is tried once more in a fresh worker and then quarantined. Files come from
    an iterable that is read only as workers become free, so a job of a million files needs no list in memory here; and
    a worker decodes no further ahead than its pipe holds, so that memory does not depend on who is faster.
    """

    def __init__(
        self,
        n_workers: int,
        settings: WorkerSettings,
        patience: Patience | None = None,
        *,
        network: Scorer | None = None,
    ) -> None:
        """Start the workers and open the model, which here decides what is wrong with it, if anything is."""
        self.settings, self.patience = settings, patience or Patience()
        self._events: queue.Queue[Event] = queue.Queue()
        self._workers: list[Worker] = []
        self._judge = Judge(settings, network)
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

    def pids(self) -> list[int]:
        """The processes at work."""
        return [worker.pid for worker in self._workers]

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
                    worker.give(*task)
            busy = any(w.task for w in self._workers)
            if exhausted and not busy and not again:
                return
            yield from self._listen(again)

    def _listen(self, again: deque[tuple[str, int]]) -> Iterator[Outcome]:
        """Wait for the next events, and settle what they mean."""
        for event in self._waiting(0.2):
            if event.worker not in self._workers:
                continue  # said before it was replaced
            if event.error is not None:
                raise event.error
            if event.outcome is not None:
                event.worker.task = None
                yield event.outcome
            if event.ended:
                yield from self._bury(event.worker, again)
        for worker in list(self._workers):
            if worker.too_long(self.patience):
                yield from self._bury(worker, again)

    def _waiting(self, timeout_s: float) -> Iterator[Event]:
        try:
            yield self._events.get(timeout=timeout_s)
            while True:
                yield self._events.get_nowait()
        except queue.Empty:
            return

    def _bury(self, worker: Worker, again: deque[tuple[str, int]]) -> Iterator[Outcome]:
        """Replace a dead or silent worker; its file gets another try, or is quarantined."""
        reason = worker.epitaph(self.patience)
        worker.end()
        if not worker.ready:
            raise InstrunetError(f"a worker could not start: {reason}")
        self._workers[self._workers.index(worker)] = self._hire(worker.name)
        if worker.task is None:
            return
        path, attempt = worker.task
        if attempt < self.patience.attempts:
            again.append((path, attempt + 1))
        else:
            yield Outcome(path, State.QUARANTINED, reason=f"{path}: {reason}, {attempt} times", worker=worker.name)

    def _hire(self, name: str) -> Worker:
        return Worker(name, self.settings, self._judge, self._events)
