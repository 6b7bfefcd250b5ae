"""Listening while the music plays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from instrunet.audio import AudioError, Resampler
from instrunet.audio.decoding import silence_unusable
from instrunet.errors import UsageError
from instrunet.tagging.aggregation import Gathering
from instrunet.tagging.hearing import Heard
from instrunet.tagging.scoring import scored, spectrogram
from instrunet.tagging.tagger import Tagger
from instrunet.tagging.tags import Scores, Tags
from instrunet.tagging.windows import WindowCutter


class StreamTagger:
    """Takes samples as they come; in the end it has said what :meth:`Tagger.tag_array` says of all of them.

    Args:
        tagger: the model.
        sample_rate_hz: the rate of the samples to come.
    """

    def __init__(self, tagger: Tagger, *, sample_rate_hz: int) -> None:
        if sample_rate_hz < 1:
            raise UsageError(f"a sample rate of {sample_rate_hz} Hz: it must be at least 1")
        self._tagger = tagger
        self._rate_hz = sample_rate_hz
        self._resampler = Resampler(sample_rate_hz, tagger.sample_rate_hz)
        self._cutter = WindowCutter.of(tagger.spec)
        self._gathering = Gathering(tagger.spec)
        self._n_pushed = 0
        self._finished = False

    def push(self, samples: NDArray[np.floating]) -> Scores:
        """Take the next mono samples, any number; the scores of the windows they complete, often none."""
        if self._finished:
            raise UsageError("the stream was finished; begin a new one")
        if samples.ndim != 1:
            raise UsageError(f"a stream takes mono samples, not an array of shape {samples.shape}")
        self._n_pushed += len(samples)
        clean, _ = silence_unusable(np.asarray(samples, np.float32))
        return self._take(self._resampler.push(clean), last=False)

    def finish(self) -> Tags:
        """End the stream; the tags of all that was pushed."""
        if not self._finished:
            self._finished = True
            self._take(self._resampler.finish(), last=True)
        return self.tags()

    def tags(self) -> Tags:
        """The tags so far; windows not yet complete do not count.

        Raises:
            AudioError: not one window has been heard.
        """
        if not len(self._gathering):
            raise AudioError(f"nothing heard yet; a window takes {self._tagger.spec.window_s:g} s")
        whole_s = self._n_pushed / self._rate_hz
        duration_s = whole_s if self._finished else min(whole_s, self._gathering.end_s)
        return self._tagger.tags(Heard(self._gathering, "", duration_s))

    def _take(self, samples: NDArray[np.float32], *, last: bool) -> Scores:
        before = len(self._gathering)
        windows = [*self._cutter.push(samples), *(self._cutter.finish() if last else ())]
        for window in windows:
            for scores in scored(self._tagger.network, [[spectrogram(window, self._tagger.network)]]):
                self._gathering.add(scores)
        wording = self._tagger.wording
        values = wording.project(self._gathering.clips_from(before))
        return Scores(values, self._gathering.starts_s[before:], self._tagger.spec.window_s, wording.words)
