"""A job: files in, a ledger that grows, tables out; stopped at any moment, it goes on where it was."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

from instrunet.bundles import Bundle
from instrunet.tagging.jobs import remote
from instrunet.tagging.jobs.ledger import Fingerprint, Ledger, Outcome, Row, State, Work
from instrunet.tagging.jobs.pool import WorkerPool
from instrunet.tagging.jobs.settings import Patience, WorkerSettings
from instrunet.tagging.jobs.sharding import Shard

COMMIT_EVERY = 32
COMMIT_AFTER_S = 0.5


class Crew(Protocol):
    """Whoever turns paths into outcomes."""

    def __enter__(self) -> Crew: ...

    def __exit__(self, *_: object) -> None: ...

    def run(self, paths: Iterable[str]) -> Iterator[Outcome]:
        """Give an outcome a file, as they come."""
        ...


@dataclass(frozen=True)
class JobOptions:
    """How a job is run.

    Attributes:
        workers: Isolated processes.
        settings: What changes the results.
        patience: With files that kill or stall a worker.
        shard: The part of the files that is ours.
        retry_failed: Take failed and quarantined files up again.
        hash_content: Tell changed files by their content rather than by size and time.
        crew: Who does the work: workers on this machine, or those of a cluster.
    """

    workers: int = 2
    settings: WorkerSettings = field(default_factory=WorkerSettings)
    patience: Patience = field(default_factory=Patience)
    shard: Shard = field(default_factory=Shard)
    retry_failed: bool = False
    hash_content: bool = False
    crew: Callable[[int, WorkerSettings, Patience], Crew] = WorkerPool


@dataclass(frozen=True)
class Progress:
    """How far a job is.

    Attributes:
        total: Files of the job that were to be done when it was started.
        done: Files finished since, however they ended.
        failed: Files that failed since.
        quarantined: Files that were quarantined since.
        elapsed_s: Seconds since the start.
        audio_s: Seconds of sound that were tagged since.
        path: The file that was finished last.
        reason: Why it failed, if it did.
    """

    total: int
    done: int
    failed: int
    quarantined: int
    elapsed_s: float
    audio_s: float
    path: str = ""
    reason: str | None = None

    @property
    def files_per_s(self) -> float:
        """Files finished a second."""
        return self.done / max(self.elapsed_s, 1e-6)

    @property
    def times_real_time(self) -> float:
        """Seconds of sound tagged a second."""
        return self.audio_s / max(self.elapsed_s, 1e-6)

    @property
    def left_s(self) -> float:
        """Seconds that the rest will take at this rate."""
        return (self.total - self.done) / max(self.files_per_s, 1e-6)

    def to_dict(self) -> dict[str, object]:
        """Plain values, for ``--progress jsonl``."""
        return {
            **asdict(self),
            "files_per_s": round(self.files_per_s, 3),
            "times_real_time": round(self.times_real_time, 2),
            "left_s": round(self.left_s, 1),
        }


def work_of(settings: WorkerSettings) -> Work:
    """Digests of the model's files and of the options that change a result."""
    bundle = Bundle.load(settings.model)
    facts = {key: value for key, value in asdict(settings).items() if key not in ("memory_bytes", "test", "model")}
    return Work(_digest(sorted(bundle.files.items())), _digest(facts))


def run_job(
    ledger: Ledger,
    files: Iterable[Path | str],
    options: JobOptions,
    *,
    notify: Callable[[Progress], None] | None = None,
) -> Progress:
    """Do what is to be done; interrupt it whenever you like and call it again.

    Returns:
        The last state of progress; the outcomes are in the ledger.
    """
    progress = Progress(0, 0, 0, 0, 0.0, 0.0)
    for progress in _steps(ledger, files, options):
        if notify is not None and progress.done:
            notify(progress)
    return progress


def run_in_order(
    ledger: Ledger,
    files: Iterable[Path | str],
    options: JobOptions,
    *,
    notify: Callable[[Progress], None] | None = None,
) -> Iterator[Row]:
    """Do what is to be done, and give the rows of these files in the order of their paths while the job goes on.

    Files are worked on in that order, too, so that few results wait for an earlier file; and whatever is written from
    these rows is the same, byte for byte, however often the job was interrupted. Files that were done before are
    given as well, failed ones too.
    """
    last: str | None = None
    for progress in _steps(ledger, files, options):
        if notify is not None and progress.done:
            notify(progress)
        while rows := ledger.settled(after=last):
            yield from rows
            last = rows[-1].path


def _steps(ledger: Ledger, files: Iterable[Path | str], options: JobOptions) -> Iterator[Progress]:
    """The state of progress at the start and after every file; what it tells of is committed."""
    ours = (os.fspath(file) for file in files)
    seen = ((path, fingerprint(path, options.hash_content)) for path in ours if options.shard.holds(path))
    n_waiting = ledger.take_in(seen, retry_failed=options.retry_failed)
    ledger.remember("settings", asdict(options.settings))
    progress = Progress(n_waiting, 0, 0, 0, 0.0, 0.0)
    yield progress
    if not n_waiting:
        return
    began = time.monotonic()
    with options.crew(min(options.workers, n_waiting), options.settings, options.patience) as pool:
        for batch in _batches(pool.run(ledger.waiting())):
            ledger.settle(batch)
            for outcome in batch:
                progress = _after(progress, outcome, time.monotonic() - began)
                yield progress


def fingerprint(path: str, hash_content: bool) -> Fingerprint | None:
    """Look at a file; ``None`` if it cannot be looked at, which its worker will put into words."""
    if remote.is_remote(path):
        return remote.look_at(path)
    try:
        found = Fingerprint.of(path)
        if not hash_content:
            return found
        digest = hashlib.sha256()
        with open(path, "rb") as handle:
            while piece := handle.read(1 << 20):
                digest.update(piece)
        return Fingerprint(found.size, found.mtime_ns, digest.hexdigest())
    except OSError:
        return None


def _batches(outcomes: Iterator[Outcome]) -> Iterator[list[Outcome]]:
    """Small batches, so that little is lost; whatever is in hand is handed over when the stream is broken off."""
    batch: list[Outcome] = []
    last = time.monotonic()
    for outcome in outcomes:
        batch.append(outcome)
        if len(batch) >= COMMIT_EVERY or time.monotonic() - last >= COMMIT_AFTER_S:
            yield batch
            batch, last = [], time.monotonic()
    if batch:
        yield batch


def _digest(facts: object) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()[:32]


def _after(before: Progress, outcome: Outcome, elapsed_s: float) -> Progress:
    return Progress(
        total=before.total,
        done=before.done + 1,
        failed=before.failed + (outcome.state is State.FAILED),
        quarantined=before.quarantined + (outcome.state is State.QUARANTINED),
        elapsed_s=elapsed_s,
        audio_s=before.audio_s + (outcome.duration_s or 0.0),
        path=outcome.path,
        reason=outcome.reason,
    )
