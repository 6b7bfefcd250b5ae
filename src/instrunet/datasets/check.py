"""Checking a manifest: what is missing, broken, silent, twice there, contradictory, or in two splits."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import asdict, dataclass
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from instrunet.datasets.description import PRESENT_FROM
from instrunet.datasets.leaks import group_leak, leak_of
from instrunet.datasets.listening import Errand, Heard, listen
from instrunet.datasets.manifest import Manifest

KINDS = ("missing", "unreadable", "too short", "silent", "duplicate", "label conflict", "leak")
BATCH = 16
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Problem:
    """One finding: its kind, the clips that it concerns, and a sentence."""

    kind: str
    ids: tuple[str, ...]
    detail: str


@dataclass(frozen=True)
class CheckReport:
    """What a check found.

    Attributes:
        n_resumed: clips whose answer was taken from an earlier, interrupted or finished check.
        seconds_read: how much audio was decoded this time.
        seconds_taken: how long that took.
    """

    n_clips: int
    n_resumed: int
    seconds_read: float
    seconds_taken: float
    problems: tuple[Problem, ...]

    @property
    def counts(self) -> Mapping[str, int]:
        """How many problems of each kind."""
        return {kind: sum(problem.kind == kind for problem in self.problems) for kind in KINDS}

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self) | {"counts": dict(self.counts)}


def check(
    manifest: Manifest, *, journal: Path | None = None, n_workers: int = 2, progress: Progress | None = None
) -> CheckReport:
    """Listen to every clip and compare truth, splits and sounds.

    Args:
        manifest: what to check.
        journal: a file that keeps each answer as it comes; a check that was interrupted goes on from there, and a file
            that has not changed is not read twice.
        n_workers: processes; 1 stays in this one.
        progress: called with ``(done, total)``.
    """
    errands = _errands(manifest)
    known = _read_journal(journal)
    keys = [errand.key() for errand in errands]
    todo = [(errand, key) for errand, key in zip(errands, keys, strict=True) if key not in known]
    began, read_s, done = time.perf_counter(), 0.0, len(errands) - len(todo)
    n_resumed = done
    if progress:
        progress(done, len(errands))
    with _Journal(journal) as writing:
        for heard in _listened(todo, n_workers):
            writing.add(heard)
            known[heard.key] = heard
            read_s, done = read_s + heard.seconds, done + 1
            if progress:
                progress(done, len(errands))
    taken_s = time.perf_counter() - began
    answers = [known[key] for key in keys]
    problems = [*_audio_problems(manifest, answers), *_sound_problems(manifest, answers), *_leaks(manifest)]
    return CheckReport(len(manifest), n_resumed, read_s, taken_s, tuple(problems))


def _errands(manifest: Manifest) -> list[Errand]:
    columns = zip(
        manifest.column("id"), manifest.paths(), manifest.column("start_s"), manifest.column("duration_s"), strict=True
    )
    return [Errand(name, str(path), start_s or 0.0, duration_s) for name, path, start_s, duration_s in columns]


def _listened(todo: Sequence[tuple[Errand, str]], n_workers: int) -> Iterator[Heard]:
    if n_workers <= 1 or len(todo) <= BATCH:
        yield from (listen(errand, key) for errand, key in todo)
        return
    batches = iter([todo[at : at + BATCH] for at in range(0, len(todo), BATCH)])
    # Spawned, not forked: the caller may have threads. Interrupts are the parent's to handle.
    pool = ProcessPoolExecutor(n_workers, mp_context=get_context("spawn"), initializer=_ignore_interrupts)
    try:
        running: set[Future[list[Heard]]] = {pool.submit(_listen_all, b) for b in islice(batches, 2 * n_workers)}
        while running:
            finished, running = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                running |= {pool.submit(_listen_all, batch) for batch in islice(batches, 1)}
                yield from future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _ignore_interrupts() -> None:
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _listen_all(batch: Sequence[tuple[Errand, str]]) -> list[Heard]:
    return [listen(errand, key) for errand, key in batch]


class _Journal:
    """Answers as JSON lines, appended as they come."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self.file: TextIO | None = None

    def __enter__(self) -> _Journal:
        if self.path is not None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            cut_off = self.path.exists() and self.path.read_bytes()[-1:] not in (b"", b"\n")
            self.file = self.path.open("a", encoding="utf-8")
            self.file.write("\n" * cut_off)
        return self

    def add(self, heard: Heard) -> None:
        if self.file is not None:
            self.file.write(json.dumps(heard.to_dict()) + "\n")
            self.file.flush()

    def __exit__(self, *_: object) -> None:
        if self.file is not None:
            self.file.close()


def _read_journal(path: Path | None) -> dict[str, Heard]:
    """Answers that were written whole; a last line cut off by a crash is passed over."""
    known: dict[str, Heard] = {}
    if path is None or not path.exists():
        return known
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            heard = Heard(**json.loads(line))
        except (ValueError, TypeError):
            continue
        known[heard.key] = heard
    return known


def _audio_problems(manifest: Manifest, answers: Sequence[Heard]) -> Iterator[Problem]:
    paths = manifest.column("path")
    for name, path, heard in zip(manifest.column("id"), paths, answers, strict=True):
        if heard.problem:
            yield Problem(heard.problem, (name,), f"{path}: {heard.detail}")


def _sound_problems(manifest: Manifest, answers: Sequence[Heard]) -> Iterator[Problem]:
    """Clips that sound the same: twice there, contradictory, or in two splits. Silence is not compared."""
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row, heard in enumerate(answers):
        if heard.digest and heard.problem in ("", "too short") and heard.seconds > 0:
            rows_of[heard.digest].append(row)
    ids, paths, splits = manifest.column("id"), manifest.column("path"), manifest.column("split")
    y, mask = manifest.y() >= PRESENT_FROM, manifest.mask()
    for rows in (rows for rows in rows_of.values() if len(rows) > 1):
        names = tuple(ids[row] for row in rows)
        where = ", ".join(paths[row] for row in rows[:4]) + (", …" if len(rows) > 4 else "")
        yield Problem("duplicate", names, f"the same sound: {where}")
        positive, negative = (y[rows] & mask[rows]).any(axis=0), (~y[rows] & mask[rows]).any(axis=0)
        disputed = [manifest.labels[i] for i in np.flatnonzero(positive & negative)]
        if disputed:
            yield Problem("label conflict", names, f"the same sound, yet {', '.join(disputed)} there and not: {where}")
        crossing = leak_of(["same"] * len(rows), [splits[row] for row in rows]).crossing
        if crossing:
            yield Problem("leak", names, f"the same sound in {' and '.join(crossing['same'])}: {where}")


def _leaks(manifest: Manifest) -> Iterator[Problem]:
    leak = group_leak(manifest)
    rows_of: dict[str, list[str]] = defaultdict(list)
    for name, group in zip(manifest.column("id"), manifest.column("group"), strict=True):
        if group in leak.crossing:
            rows_of[group].append(name)
    for group, names in rows_of.items():
        places = " and ".join(leak.crossing[group])
        yield Problem("leak", tuple(names), f"group {group} is in {places} ({len(names)} clips)")
