"""Making many things on all cores: each item depends on its number only, never on who makes it or when."""

from __future__ import annotations

import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")

HALF = ".part-"
"""How names of unfinished files and tracks begin."""
AHEAD = 3
"""So many items wait for every worker; an interrupt then has little to undo."""


def worker_count(wanted: int | None = None) -> int:
    """``wanted``, or as many as this process may use cores.

    >>> worker_count(3)
    3
    """
    return (
        wanted if wanted else len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )


def each_made(make: Callable[[Item], Made], items: Sequence[Item], *, workers: int) -> Iterator[Made]:
    """What ``make`` gives for every item, in the order in which they are finished.

    With one worker all is done here; with more, ``make`` and the items must be picklable. The first failure is
    raised and nothing more is started.

    >>> sorted(each_made(abs, [-2, 1], workers=1))
    [1, 2]
    """
    if workers <= 1 or len(items) <= 1:
        yield from map(make, items)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(items)), mp_context=context, initializer=_one_thread) as pool:
        waiting: set[Future[Made]] = set()
        queue = iter(items)
        try:
            for item in queue:
                waiting.add(pool.submit(make, item))
                if len(waiting) >= AHEAD * workers:
                    done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
            while waiting:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def sweep(folder: Path) -> int:
    """Remove what a killed run left half written below ``folder``; tells how many files and folders that were.

    >>> import tempfile
    >>> left = Path(tempfile.mkdtemp()) / ".part-abc.wav"
    >>> _ = left.write_bytes(b"half")
    >>> sweep(left.parent), left.exists()
    (1, False)
    """
    found = sorted(folder.rglob(f"{HALF}*")) if folder.is_dir() else []
    for path in found:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(found)


def _one_thread() -> None:
    """A worker is one thread: numerical libraries that start their own would fight for the cores."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
