"""The same job on a Ray cluster: an actor a worker, each with an isolated process that opens the files.

The ledger stays with the driver, so that a job on a cluster is stopped, resumed and looked at like any other. A file
that kills its process is quarantined by the actor as it would be at home; a file whose actor or machine is lost is
given to another. Every machine must see the files under the same names: a shared folder, or URLs.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from instrunet.errors import MissingExtraError
from instrunet.tagging.jobs.ledger import Outcome, State
from instrunet.tagging.jobs.pool import WorkerPool
from instrunet.tagging.jobs.settings import Patience, WorkerSettings

LOSSES = 4
"""So many actors may be lost over one file before it is quarantined; machines are lost for reasons of their own."""


class RayCrew:
    """Runs files through actors; to a job it is what a ``WorkerPool`` is."""

    def __init__(
        self, n_workers: int, settings: WorkerSettings, patience: Patience | None = None, *, address: str | None = None
    ) -> None:
        """Start the actors.

        Args:
            n_workers: How many, one core each.
            settings: What every worker is told.
            patience: With files.
            address: Of the cluster, ``auto`` for the one that this machine belongs to; ``None`` starts one here.
        """
        self._ray = _ray()
        self._patience = patience or Patience()
        self._began = not self._ray.is_initialized()
        if self._began:
            self._ray.init(**_how_to_begin(address, n_workers))
        self._settings = settings
        self._actors = [self._hire() for _ in range(n_workers)]

    def __enter__(self) -> RayCrew:
        """Use the crew in a ``with`` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """End all actors."""
        self.close()

    def close(self) -> None:
        """End the actors, and the cluster if it was started here; files in flight stay waiting."""
        for actor in self._actors:
            self._ray.kill(actor)
        if self._began:
            self._ray.shutdown()

    def run(self, paths: Iterable[str]) -> Iterator[Outcome]:
        """Give an outcome a file, as they come."""
        rest = ((path, 1) for path in paths)
        again: deque[tuple[str, int]] = deque()
        free = deque(self._actors)
        running: dict[Any, tuple[Any, str, int]] = {}
        while True:
            while free and (task := again.popleft() if again else next(rest, None)) is not None:
                actor = free.popleft()
                running[actor.tag.remote(task[0])] = (actor, *task)
            if not running:
                return
            for reference in self._ray.wait(list(running), num_returns=1)[0]:
                actor, path, attempt = running.pop(reference)
                try:
                    yield _outcome(self._ray.get(reference))
                except self._ray.exceptions.RayActorError as error:
                    actor = self._replaced(actor)
                    if attempt < LOSSES:
                        again.append((path, attempt + 1))
                    else:
                        yield _lost(path, error)
                free.append(actor)

    def _hire(self) -> Any:
        actor_class = self._ray.remote(num_cpus=1, max_restarts=0)(RayTagger)
        return actor_class.remote(asdict(self._settings), asdict(self._patience))

    def _replaced(self, actor: Any) -> Any:
        fresh = self._hire()
        self._actors[self._actors.index(actor)] = fresh
        return fresh


class RayTagger:
    """What runs on a machine of the cluster: an isolated worker that outlives the files that kill it."""

    def __init__(self, settings: dict[str, Any], patience: dict[str, Any]) -> None:
        self._pool = WorkerPool(1, WorkerSettings(**settings), Patience(**patience))

    def tag(self, path: str) -> dict[str, Any]:
        """Tag one recording; the outcome as plain values."""
        (outcome,) = self._pool.run([path])
        return {**asdict(outcome), "state": outcome.state.value, "worker": f"{os.uname().nodename}/{os.getpid()}"}

    def pid(self) -> int:
        """The process of this actor."""
        return os.getpid()


def _outcome(body: dict[str, Any]) -> Outcome:
    return Outcome(**{**body, "state": State(body["state"])})


def _lost(path: str, error: Exception) -> Outcome:
    words = str(error).splitlines()[0] if str(error) else type(error).__name__
    return Outcome(path, State.QUARANTINED, reason=f"{path}: {LOSSES} Ray actors were lost over it ({words})")


def _how_to_begin(address: str | None, n_workers: int) -> dict[str, Any]:
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address is not None:
        return {**quiet, "address": address}
    here = os.pathsep.join(filter(None, (str(Path(__file__).parents[3]), os.environ.get("PYTHONPATH"))))
    environment = {"env_vars": {"PYTHONPATH": here}}
    return {**quiet, "num_cpus": n_workers, "include_dashboard": False, "runtime_env": environment}


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise MissingExtraError("ray", "tagging on a Ray cluster") from error
    return ray
