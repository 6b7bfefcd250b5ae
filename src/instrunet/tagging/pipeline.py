"""Doing the next step of the work while the last one is still being used, in bounded memory."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable
from typing import TypeVar

T = TypeVar("T")
_END = object()


def ahead(items: Iterable[T], *, depth: int = 2) -> Generator[T, None, None]:
    """The same items, made in a thread of their own, at most ``depth`` of them in advance.

    An error of the thread is raised here, at its place in the order. If the consumer stops early, so does the thread.

    >>> list(ahead(range(5)))
    [0, 1, 2, 3, 4]
    """
    waiting: queue.Queue[object] = queue.Queue(maxsize=depth)
    stopped = threading.Event()

    def offer(item: object) -> bool:
        while not stopped.is_set():
            try:
                waiting.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def work() -> None:
        try:
            for item in items:
                if not offer(item):
                    return
            offer(_END)
        except BaseException as error:  # noqa: BLE001 - handed over to the consumer, whatever it is
            offer(_Raised(error))

    thread = threading.Thread(target=work, name="instrunet-ahead", daemon=True)
    thread.start()
    try:
        while (item := waiting.get()) is not _END:
            if isinstance(item, _Raised):
                raise item.error
            yield item  # type: ignore[misc]
    finally:
        stopped.set()
        thread.join(timeout=5.0)


class _Raised:
    def __init__(self, error: BaseException) -> None:
        self.error = error
