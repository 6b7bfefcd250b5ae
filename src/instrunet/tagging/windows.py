"""Cutting a stream of samples into the windows of a network, the same however the stream is chopped up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from instrunet.bundles import TaggerSpec

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Window:
    """Samples for the network.

    Attributes:
        start: index of its first sample in the recording.
        samples: never shorter than the network takes.
        n_heard: how many of them belong to the recording; silence follows.
    """

    start: int
    samples: Samples
    n_heard: int


class WindowCutter:
    """Windows every hop; what is left at the end gets one more window that ends with the recording.

    >>> cutter = WindowCutter(window=4, hop=3, shortest=4)
    >>> [w.start for w in cutter.push(np.zeros(5, np.float32))], [w.start for w in cutter.finish()]
    ([0], [1])
    """

    def __init__(self, *, window: int, hop: int, shortest: int) -> None:
        self._window, self._hop, self._shortest = window, hop, shortest
        self._held = np.zeros(0, np.float32)
        self._held_from = 0
        self._next = 0
        self.n_samples = 0

    @classmethod
    def of(cls, spec: TaggerSpec) -> WindowCutter:
        """The cutter that a tagger asks for."""
        return cls(window=spec.window_samples, hop=spec.hop_samples, shortest=spec.min_window_samples)

    def push(self, samples: Samples) -> Iterator[Window]:
        """Take the next samples and give the windows they complete."""
        self._held = np.concatenate([self._held, samples])
        self.n_samples += len(samples)
        while self._next + self._window <= self.n_samples:
            yield self._cut(self._next, self._window)
            self._next += self._hop
        # A window that ends with the recording may still need this much.
        self._forget(min(self._next, max(0, self.n_samples - self._window)))

    def finish(self) -> Iterator[Window]:
        """The last window, unless the others reach the end; nothing at all if there were no samples."""
        covered = self._next - self._hop + self._window if self._next else 0
        if self.n_samples == 0 or covered == self.n_samples:
            return
        start = max(0, self.n_samples - self._window)
        yield self._cut(start, self.n_samples - start)

    def _cut(self, start: int, length: int) -> Window:
        samples = self._held[start - self._held_from :][:length]
        if length < self._shortest:
            samples = np.pad(samples, (0, self._shortest - length))
        return Window(start, samples, length)

    def _forget(self, before: int) -> None:
        self._held = self._held[before - self._held_from :].copy()
        self._held_from = before
