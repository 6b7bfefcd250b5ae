"""Why the model says so: parts of the spectrogram are covered one after another, and what that changes is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from instrunet.apps.page.hearing import PATIENCE
from instrunet.apps.service.decoding import IsolatedDecoding, Order
from instrunet.audio import Samples
from instrunet.errors import UsageError
from instrunet.features import LogMelConfig
from instrunet.labels import projection
from instrunet.tagging import Tagger, Tags

BANDS, TIMES = 8, 10
MOST_WINDOWS_S = 10.0
BATCH = 8


@dataclass(frozen=True)
class Reason:
    """What moved a label in one window.

    Attributes:
        label: the label.
        start_s: where the window begins.
        end_s: where it ends.
        mel: the spectrogram of the window, (bands, frames).
        weight: how much the logit falls when a part is covered, (BANDS, TIMES), the lowest band first.
        logit: what the model says of the whole window.
        front_end: how the spectrogram was made.
    """

    label: str
    start_s: float
    end_s: float
    mel: NDArray[np.float32]
    weight: NDArray[np.float32]
    logit: float
    front_end: LogMelConfig


def explain(tagger: Tagger, decoding: IsolatedDecoding, tags: Tags, label: str) -> Reason:
    """Cover parts of the window in which a label is most active.

    Args:
        tagger: the model.
        decoding: where the recording is decoded.
        tags: what it said; its path is where the recording lies.
        label: of the vocabulary of the tags.

    Raises:
        UsageError: the model has no class behind the label, or sees no spectrogram.
        AudioError: the recording cannot be read again.
    """
    spec = tagger.spec
    if not isinstance(spec.front_end, LogMelConfig):
        raise UsageError(f"{tagger.bundle.name} listens through YAMNet: it sees no bands that could be covered")
    start_s = best_start(tags, label, spec.window_s)
    order = Order(tags.path, tagger.sample_rate_hz, start_s, spec.window_s)
    mel = tagger.network.seen(_window(decoding, order, spec.window_samples))
    places = classes_behind(tagger, tags.vocabulary, label)
    whole = _logits(tagger, mel[None])[:, places].max(axis=1)[0]
    parts = np.stack(list(_covered(mel)))
    covered = np.concatenate([_logits(tagger, parts[i : i + BATCH]) for i in range(0, len(parts), BATCH)])
    weight = (whole - covered[:, places].max(axis=1)).reshape(BANDS, TIMES)
    return Reason(label, start_s, start_s + spec.window_s, mel, weight.astype(np.float32), float(whole), spec.front_end)


def _window(decoding: IsolatedDecoding, order: Order, n_samples: int) -> Samples:
    """A part of the recording, with silence after it if it ends too soon."""
    with decoding.open(order, name=Path(order.path).name, longest_s=PATIENCE.longest_s) as blocks:
        samples = np.concatenate([np.zeros(0, np.float32), *blocks])[:n_samples]
    return np.pad(samples, (0, n_samples - len(samples)))


def classes_behind(tagger: Tagger, vocabulary_name: str, label: str) -> list[int]:
    """The classes of the model that tell of a label."""
    own = projection(tagger.spec.vocabulary, vocabulary_name)
    target = own.target.labels.index(label)
    found = []
    for place, name in enumerate(tagger.spec.labels):
        one = np.zeros(len(own.source), np.float32)
        one[own.source.index(name)] = 1.0
        if np.asarray(own.scores(one))[target] > 0.5:
            found.append(place)
    if not found:
        raise UsageError(f"the model has no class behind {label}")
    return found


def best_start(tags: Tags, label: str, window_s: float) -> float:
    """Where the window in which a label is most active begins."""
    curve = tags[label].activity
    step_s = float(tags.times_s[1] - tags.times_s[0]) if len(tags.times_s) > 1 else window_s
    n = max(1, round(window_s / step_s))
    if len(curve) <= n:
        return tags.start_s
    sums = np.convolve(curve, np.ones(n, np.float32), mode="valid")
    return tags.start_s + float(np.argmax(sums)) * step_s


def _covered(mel: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """The spectrogram with one part after another at the level of its quiet moments.

    A tone that is held through the whole window has none; what is quiet elsewhere is put there.
    """
    quiet = np.minimum(np.quantile(mel, 0.05, axis=1, keepdims=True), np.median(mel))
    rows = np.array_split(np.arange(mel.shape[0]), BANDS)
    columns = np.array_split(np.arange(mel.shape[1]), TIMES)
    out = []
    for band in rows:
        for time in columns:
            copy = mel.copy()
            copy[np.ix_(band, time)] = quiet[band]
            out.append(copy)
    return out


def _logits(tagger: Tagger, mels: NDArray[np.float32]) -> NDArray[np.float32]:
    return tagger.network(np.ascontiguousarray(mels))["clip"]
