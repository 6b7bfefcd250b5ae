"""Array to Tags, file to Tags, files to Tags: each a few lines over the one before."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instrunet.bundles import Bundle
from instrunet.bundles.network import Network
from instrunet.errors import InstrunetError, UsageError
from instrunet.tagging.aggregation import STEP_S, n_steps
from instrunet.tagging.hearing import Excerpt, Heard, Source, hear_array, hear_file, named
from instrunet.tagging.ranges import find_ranges
from instrunet.tagging.tags import InstrumentTag, Range, Scores, Tags
from instrunet.tagging.wording import Wording


@dataclass(frozen=True)
class Failure:
    """A file that could not be tagged, and why in one sentence that names it."""

    path: str
    message: str


class Tagger:
    """A model that is ready to listen; make one and use it for many recordings. Threads may share it.

    Args:
        model: the name of a model inside the package, the path of a bundle, or an open bundle.
        vocabulary: the words of the answer (``irmas``, ``openmic`` ...); the model's own if left out.
        threshold: ``tuned`` for the thresholds of the model, or one number for all labels.
        threads: how many threads a call may use; all cores if left out.
    """

    def __init__(
        self,
        model: str | Path | Bundle = "default",
        *,
        vocabulary: str | None = None,
        threshold: float | str = "tuned",
        threads: int | None = None,
    ) -> None:
        if threads is not None and threads < 1:
            raise UsageError(f"{threads} threads cannot work; ask for 1 or more")
        self.bundle = model if isinstance(model, Bundle) else Bundle.load(model)
        self.spec = self.bundle.tagger
        self.threads = threads or os.cpu_count() or 1
        self.wording = Wording(self.spec, vocabulary, threshold)
        self.network = Network(self.bundle, threads=self.threads)

    @property
    def sample_rate_hz(self) -> int:
        """The rate that the model listens at."""
        return self.spec.front_end.sample_rate_hz

    def tag_array(self, x: NDArray[np.floating], *, sample_rate_hz: int) -> Tags:
        """Tag samples in memory, (n,) or (channels, n)."""
        return self.tags(hear_array(x, self.network, sample_rate_hz=sample_rate_hz))

    def tag_file(self, path: Source, *, start_s: float = 0.0, duration_s: float | None = None) -> Tags:
        """Tag a file, or an open binary one such as ``sys.stdin.buffer``, in memory that does not grow with its length.

        Raises:
            AudioError: the file cannot be read, or holds no sound there.
        """
        return self.tags(hear_file(path, self.network, Excerpt(start_s, duration_s), threaded=self.threads > 1))

    def tag_files(
        self, paths: Iterable[Source], *, start_s: float = 0.0, duration_s: float | None = None
    ) -> Iterator[Tags | Failure]:
        """Tag files in their order, as many at a time as there are threads; one that fails gives a Failure."""
        excerpt = Excerpt(start_s, duration_s)
        rest = iter(paths)
        first = list(islice(rest, 2))
        if len(first) < 2:
            yield from (self._result(path, self.network, excerpt) for path in first)
            return
        rest, network = chain(first, rest), self._one_thread_network
        pool = ThreadPoolExecutor(self.threads, thread_name_prefix="instrunet-file")
        waiting: deque[Future[Tags | Failure]] = deque()
        try:
            waiting.extend(pool.submit(self._result, p, network, excerpt) for p in islice(rest, self.threads))
            while waiting:
                result = waiting.popleft().result()
                waiting.extend(pool.submit(self._result, p, network, excerpt) for p in islice(rest, 1))
                yield result
        finally:
            pool.shutdown(wait=True, cancel_futures=True)

    def scores_array(self, x: NDArray[np.floating], sample_rate_hz: int) -> Scores:
        """The scores of each window, in all words of the vocabulary (NaN where the model cannot tell)."""
        return self.scores(hear_array(x, self.network, sample_rate_hz=sample_rate_hz))

    def scores(self, heard: Heard) -> Scores:
        """The windows of what was heard."""
        clips = self.wording.project(heard.gathering.clips)
        starts_s = heard.start_s + heard.gathering.starts_s
        return Scores(clips, starts_s, self.spec.window_s, self.wording.words)

    def tags(self, heard: Heard) -> Tags:
        """The words for what was heard."""
        own = heard.gathering.recording()
        confidences, thresholds = self.wording.known(own), self.wording.thresholds(own)
        curves = self._curves(heard)
        rows = zip(self.wording.labels, confidences, thresholds, curves, strict=True)
        return Tags(
            path=heard.path,
            duration_s=heard.duration_s,
            vocabulary=self.wording.name,
            model=self.bundle.name,
            instruments=tuple(self._instrument(heard, label, float(c), float(t), y) for label, c, t, y in rows),
            times_s=(heard.start_s + (np.arange(curves.shape[1]) + 0.5) * STEP_S).astype(np.float32),
            words=self.wording.words,
            unknown=self.wording.unknown,
            start_s=heard.start_s,
            remarks=heard.remarks,
        )

    def _result(self, source: Source, network: Network, excerpt: Excerpt) -> Tags | Failure:
        threaded = network is self.network and self.threads > 1
        try:
            return self.tags(hear_file(source, network, excerpt, threaded=threaded))
        except UsageError:
            raise
        except InstrunetError as error:
            return Failure(named(source), str(error))
        except Exception as error:  # noqa: BLE001 - the other files go on, whatever is wrong with this one
            what = f"{type(error).__name__}: {error}".splitlines()[0]
            return Failure(named(source), f"{named(source)}: failed unexpectedly ({what}); please report it")

    def _curves(self, heard: Heard) -> NDArray[np.float32]:
        """Activity in words, (labels, steps)."""
        curves = np.empty((len(self.wording.labels), n_steps(heard.duration_s)), np.float32)
        at = 0
        for piece in heard.gathering.curve(heard.duration_s):
            curves[:, at : at + piece.shape[1]] = self.wording.known(piece.T).T
            at += piece.shape[1]
        curves.setflags(write=False)
        return curves

    def _instrument(
        self, heard: Heard, label: str, confidence: float, threshold: float, curve: NDArray[np.float32]
    ) -> InstrumentTag:
        if confidence < threshold:
            return InstrumentTag(label, confidence, False, threshold, curve)
        activity, least = self.spec.activity, threshold
        if not (curve >= threshold * activity.onset_ratio).any():
            # The recording as a whole says yes, no moment does by itself: the best moments are told.
            threshold, activity = float(curve.max()), replace(activity, onset_ratio=1.0, min_duration_s=0.0)
        found = find_ranges(curve, threshold, step_s=STEP_S, duration_s=heard.duration_s, activity=activity)
        ranges = tuple(Range(heard.start_s + r.start_s, heard.start_s + r.end_s, r.confidence) for r in found)
        return InstrumentTag(label, confidence, True, least, curve, ranges)

    @cached_property
    def _one_thread_network(self) -> Network:
        return self.network if self.threads == 1 else Network(self.bundle, threads=1)


def tag(path: Source, *, start_s: float = 0.0, duration_s: float | None = None, **options: Any) -> Tags:
    """Which instruments play in a file, and when; the options are those of :class:`Tagger`.

    For more than one file make a :class:`Tagger`, which opens the model once.
    """
    return Tagger(**options).tag_file(path, start_s=start_s, duration_s=duration_s)
