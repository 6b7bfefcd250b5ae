"""Live tagging: short windows, often; what they say now, and in the end what was heard when."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from instrunet.audio import Samples
from instrunet.bundles import Bundle
from instrunet.errors import UsageError
from instrunet.tagging import StreamTagger, Tagger, Tags

LIVE_HOP_S = 0.5


@dataclass(frozen=True)
class Moment:
    """What was heard in the last seconds.

    Attributes:
        at_s: where in the music the window ends.
        values: a confidence for each label.
        lag_s: how long after the end of the window, as it sounded, the answer was there.
    """

    at_s: float
    values: NDArray[np.float32]
    lag_s: float


def live_bundle(bundle: Bundle, *, window_s: float | None, hop_s: float = LIVE_HOP_S) -> Bundle:
    """The same model with short windows that follow each other quickly.

    Args:
        bundle: a tagger.
        window_s: how many seconds it hears at a time; its own window if None.
        hop_s: how often it answers.

    Raises:
        UsageError: the model takes no such windows.
    """
    spec = bundle.tagger
    wanted = spec.window_s if window_s is None else window_s
    if not spec.min_window_s <= wanted <= spec.window_s:
        raise UsageError(
            f"a window of {wanted:g} s: the model {bundle.name} hears {spec.min_window_s:g} to {spec.window_s:g} s"
        )
    if not 0 < hop_s <= wanted:
        raise UsageError(f"an answer every {hop_s:g} s does not fit windows of {wanted:g} s")
    body = {**bundle.body, "window_s": wanted, "hop_s": hop_s, "min_window_s": min(spec.min_window_s, wanted)}
    return replace(bundle, body=body)


class LiveSession:
    """A stream on its way through a model.

    Args:
        tagger: made from a ``live_bundle``.
        sample_rate_hz: of the blocks to come.
    """

    def __init__(self, tagger: Tagger, *, sample_rate_hz: int) -> None:
        self.labels = tagger.wording.labels
        words = tagger.wording.words
        self._places = [words.index(label) for label in self.labels]
        self._stream = StreamTagger(tagger, sample_rate_hz=sample_rate_hz)
        self._rate_hz = sample_rate_hz
        self.heard_s = 0.0
        self.worked_s = 0.0
        self.lags_s: list[float] = []

    def moments(self, blocks: Iterable[Samples]) -> Iterator[Moment]:
        """What is heard, as soon as it is known."""
        cpu_began = time.process_time()
        music_began: float | None = None
        for block in blocks:
            arrived = time.perf_counter()
            block_s = len(block) / self._rate_hz
            music_began = arrived - block_s if music_began is None else music_began
            scores = self._stream.push(block)
            self.heard_s += block_s
            if len(scores.values):
                end_s = float(scores.starts_s[-1]) + scores.window_s
                now = time.perf_counter()
                # if the music comes faster than it sounds, the clock on the wall says nothing
                lag_s = max(now - music_began - end_s, self.heard_s - end_s + now - arrived)
                self.lags_s.append(lag_s)
                yield Moment(end_s, scores.values[-1][self._places], lag_s)
            self.worked_s = time.process_time() - cpu_began

    def finish(self) -> Tags:
        """What was heard when, all in all."""
        return self._stream.finish()

    @property
    def load(self) -> float:
        """Share of one core that it took to get the sound, to listen and to show it."""
        return self.worked_s / max(1e-9, self.heard_s)
