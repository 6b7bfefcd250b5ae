"""New files as they arrive: a folder is looked at again and again, and a file is taken when it has stopped growing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

Look = Callable[[], list[Path]]


def arrivals(
    look: Look,
    *,
    every_s: float = 5.0,
    stop: Callable[[], bool] = lambda: False,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[list[Path]]:
    """Give the files that are new or have changed since the last look, once they are settled.

    A file counts as settled when two looks in a row see the same size and time.

    Args:
        look: Lists the files there are.
        every_s: Seconds between looks.
        stop: Asked before every look; watching ends when it says so.
        sleep: How to wait (tests pass their own).
    """
    known: dict[Path, tuple[int, int]] = {}
    before: dict[Path, tuple[int, int]] = {}
    while not stop():
        now = {path: seen for path in look() if (seen := _seen(path)) is not None}
        settled = [path for path, seen in now.items() if before.get(path) == seen and known.get(path) != seen]
        if settled:
            known.update((path, now[path]) for path in settled)
            yield sorted(settled)
        before = now
        sleep(every_s)


def _seen(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns
