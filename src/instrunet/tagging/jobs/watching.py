"""New files as they arrive: a folder is looked at again and again, and a file is taken when it has stopped growing."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

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


@contextmanager
def interrupts_remembered() -> Iterator[Callable[[], bool]]:
    """Tell whether ctrl-C was pressed, also where its exception was lost.

    Python ignores what is raised while it tidies an object up; an interrupt that comes just then would end nothing.
    """
    pressed = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield pressed.is_set
        return

    def press(number: int, frame: FrameType | None) -> None:
        pressed.set()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, press)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if before is None else before)


def _seen(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns
