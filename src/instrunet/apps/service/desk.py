"""Who may be served at the same time, and who may wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from instrunet.apps.service.problems import BusyError


class Desk:
    """A few places to be served at and a few to wait; whoever comes then is sent away.

    Args:
        n_places: served at the same time.
        n_waiting: may wait.
    """

    def __init__(self, n_places: int, n_waiting: int) -> None:
        self._places = asyncio.Semaphore(n_places)
        self._most = n_places + n_waiting
        self.n_inside = 0

    @asynccontextmanager
    async def admitted(self) -> AsyncIterator[None]:
        """Be let in, before an upload is read.

        Raises:
            BusyError: all places, those to wait too, are taken.
        """
        if self.n_inside >= self._most:
            raise BusyError("all places are taken at the moment; try again in a few seconds")
        self.n_inside += 1
        try:
            yield
        finally:
            self.n_inside -= 1

    @asynccontextmanager
    async def served(self) -> AsyncIterator[None]:
        """Wait for a place and keep it."""
        async with self._places:
            yield
