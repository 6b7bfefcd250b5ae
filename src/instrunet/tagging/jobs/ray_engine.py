"""The same job on a Ray cluster, through Ray Data: decoding on its cores, the network there or on actors of its own.

The ledger stays with the driver, so that a job on a cluster is stopped, resumed and looked at like any other. A file
that kills its decoder is quarantined by the actor as it would be at home; what an actor or machine had in hand when it
was lost is done again by another. Every machine must see the files under the same names: a shared folder, or URLs.
"""

from __future__ import annotations

import json
import logging
import os
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instrunet.bundles import Bundle, TaggerSpec
from instrunet.errors import InstrunetError, MissingExtraError
from instrunet.tagging.jobs.ledger import Outcome, State
from instrunet.tagging.jobs.pool import WorkerPool
from instrunet.tagging.jobs.settings import Patience, WorkerSettings

LOSSES = 4
"""So many actors may be lost over the same files before they are tried one by one, and then quarantined."""
MOST_FILES_A_TASK = 16


@dataclass(frozen=True)
class RayPlace:
    """Where the work is done.

    Attributes:
        address: Of the cluster, ``auto`` for the one that this machine belongs to; ``None`` starts one here.
        n_models: Actors that run the network for all decoders; with 0 every decoding actor runs it on its own core.
        gpus: Of each of those actors; a part of one is possible, with 0 they run on the CPU.
    """

    address: str | None = None
    n_models: int = 0
    gpus: float = 0.0


class RayCrew:
    """Runs files through a Ray Data pipeline; to a job it is what a ``WorkerPool`` is."""

    def __init__(
        self,
        n_workers: int,
        settings: WorkerSettings,
        patience: Patience | None = None,
        *,
        place: RayPlace | None = None,
    ) -> None:
        """Reach the cluster, and start the actors of the network if there are to be any.

        Args:
            n_workers: How many decoding actors, one core each.
            settings: What every worker is told.
            patience: With files.
            place: Which cluster, and what runs where.
        """
        self._ray = _ray()
        self._place = place or RayPlace()
        self._began = not self._ray.is_initialized()
        if self._began:
            _begin(self._ray, self._place.address, n_workers)
        self._n_workers, self._settings, self._patience = n_workers, settings, patience or Patience()
        self._models = [self._model_actor() for _ in range(self._place.n_models)]

    def __enter__(self) -> RayCrew:
        """Use the crew in a ``with`` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """End all actors."""
        self.close()

    def close(self) -> None:
        """End the actors, and the cluster if it was started here; files in flight stay waiting."""
        for actor in self._models:
            self._ray.kill(actor)
        if self._began:
            self._ray.shutdown()

    def run(self, paths: Iterable[str]) -> Iterator[Outcome]:
        """Give an outcome a file, as they come."""
        lost = dict.fromkeys(paths)
        for files_a_task in (max(1, min(MOST_FILES_A_TASK, len(lost) // (4 * self._n_workers))), 1):
            for outcome in self._outcomes(list(lost), files_a_task):
                lost.pop(outcome.path, None)
                yield outcome
        for path in lost:
            reason = f"{path}: {2 * LOSSES} Ray actors were lost over it"
            yield Outcome(path, State.QUARANTINED, reason=reason)

    def _outcomes(self, paths: list[str], files_a_task: int) -> Iterator[Outcome]:
        """What the pipeline gives; files whose actors were lost too often are missing from it."""
        if not paths:
            return
        import pyarrow as pa

        starts = range(0, len(paths), files_a_task)
        tables = [pa.table({"path": list(map(os.fsencode, paths[k : k + files_a_task]))}) for k in starts]
        with _quiet_data():
            tagged = self._ray.data.from_arrow(tables).map_batches(
                RayTagger,
                fn_constructor_args=(asdict(self._settings), asdict(self._patience), self._models),
                batch_size=1,
                num_cpus=1,
                concurrency=min(self._n_workers, len(tables)),
                max_task_retries=LOSSES - 1,
            )
            try:
                for row in tagged.iter_rows():
                    yield _outcome(json.loads(row["outcome"]))
            except self._ray.exceptions.RayError as error:
                raise InstrunetError(f"the Ray cluster gave up: {_last_line(error)}") from error

    def _model_actor(self) -> Any:
        options = {"num_gpus": self._place.gpus, "num_cpus": 0, "max_restarts": -1, "max_task_retries": -1}
        return self._ray.remote(**options)(RayModel).remote(self._settings.model, on_gpu=self._place.gpus > 0)


class RayTagger:
    """What runs on every core of the cluster: an isolated decoder that outlives the files that kill it."""

    def __init__(self, settings: dict[str, Any], patience: dict[str, Any], models: list[Any]) -> None:
        how = WorkerSettings(**settings)
        network = RemoteNetwork(Bundle.load(how.model).tagger, models) if models else None
        self._pool = WorkerPool(1, how, Patience(**patience), network=network)

    def __call__(self, batch: dict[str, Any]) -> dict[str, list[bytes]]:
        """Tag the recordings of a batch; the outcomes as JSON."""
        return {"outcome": [self.tag(os.fsdecode(bytes(path))) for path in batch["path"]]}

    def tag(self, path: str) -> bytes:
        """Tag one recording."""
        (outcome,) = self._pool.run([path])
        worker = f"{os.uname().nodename}/{os.getpid()}"
        return json.dumps({**asdict(outcome), "state": outcome.state.value, "worker": worker}).encode()

    def close(self) -> None:
        """End the decoder."""
        self._pool.close()


class RayModel:
    """An actor that runs the network for decoders elsewhere, on a GPU if it was given one."""

    def __init__(self, model: str, *, on_gpu: bool) -> None:
        from instrunet.bundles.network import Network

        providers = ("CUDAExecutionProvider", "CPUExecutionProvider") if on_gpu else ()
        self._network = Network(Bundle.load(model), threads=1, providers=providers)

    def score(self, mel: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Run a batch of windows."""
        return self._network(mel)


class RemoteNetwork:
    """A network that is in other processes; batches go to its actors in turn."""

    def __init__(self, spec: TaggerSpec, actors: list[Any]) -> None:
        self.spec = spec
        self._actors, self._turn = actors, count(os.getpid())

    def __call__(self, mel: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Run windows of shape (batch, n_mels, n_frames)."""
        ray = _ray()
        actor = self._actors[next(self._turn) % len(self._actors)]
        try:
            found: dict[str, NDArray[np.float32]] = ray.get(actor.score.remote(mel))
        except ray.exceptions.RayError as error:
            raise InstrunetError(f"the actor of the network failed: {str(error).splitlines()[0]}") from error
        return found


class _quiet_data:
    """Ray Data without its bars, going on when the actors of some files are lost again and again."""

    def __enter__(self) -> None:
        import ray.data

        self._context = ray.data.DataContext.get_current()
        self._before = self._context.max_errored_blocks, self._context.enable_progress_bars
        self._context.max_errored_blocks, self._context.enable_progress_bars = -1, False
        self._level = logging.getLogger("ray.data").level
        logging.getLogger("ray.data").setLevel(logging.CRITICAL)
        self._warnings = warnings.catch_warnings()
        self._warnings.__enter__()
        warnings.filterwarnings("ignore", message="`ray_remote_args` is deprecated")  # but it alone bounds retries

    def __exit__(self, *_: object) -> None:
        self._context.max_errored_blocks, self._context.enable_progress_bars = self._before
        logging.getLogger("ray.data").setLevel(self._level)
        self._warnings.__exit__(None, None, None)


def _last_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1][:300]


def _outcome(body: dict[str, Any]) -> Outcome:
    return Outcome(**{**body, "state": State(body["state"])})


def _begin(ray: Any, address: str | None, n_workers: int) -> None:
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address is not None:
        ray.init(address=address, **quiet)
        return
    before = os.environ.get("PYTHONPATH")  # a Ray that is started here inherits it
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(Path(__file__).parents[3]), before)))
    try:
        ray.init(address="local", num_cpus=n_workers, include_dashboard=False, **quiet)
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def _ray() -> Any:
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise MissingExtraError("ray", "tagging on a Ray cluster") from error
    return ray
