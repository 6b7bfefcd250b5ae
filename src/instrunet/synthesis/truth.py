"""Truth in time: at each tenth of a second, which stems can be heard, from their own energy."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from instrunet.files import written_whole
from instrunet.synthesis.phrases import Event
from instrunet.synthesis.studio import summed

Samples = NDArray[np.float32]

FRAMES_PER_S = 10
FLOOR_DB = -65.0
"""Below this, re full scale, a stem is silent."""
BELOW_OWN_PEAK_DB = 45.0
"""So far below its own loudest tenth a stem is dying away and no longer plays."""
BELOW_MIX_DB = 32.0
"""So far below the mix a stem is masked."""
STRUCK_S = 0.06
"""How long a stroke on a drum is sure to sound, whatever its note says."""


@dataclass(frozen=True, eq=False)
class Activity:
    """Per stem and tenth of a second: the level (dB), whether it sounds, and whether it is heard in the mix."""

    levels_db: NDArray[np.float32]  # (stems, frames)
    sounds: NDArray[np.bool_]  # (stems, frames)
    present: NDArray[np.bool_]  # (stems, frames)


def frame_levels_db(x: Samples, sample_rate_hz: int) -> NDArray[np.float32]:
    """RMS of every tenth of a second, in dB re full scale; the last one may be shorter.

    >>> frame_levels_db(np.full(4000, 0.1, np.float32), 16000).round(1).tolist()
    [-20.0, -20.0, -20.0]
    """
    step = sample_rate_hz // FRAMES_PER_S
    n_frames = -(-len(x) // step)
    padded = np.zeros(n_frames * step, np.float64)
    padded[: len(x)] = x
    counts = np.full(n_frames, step)
    if n_frames:
        counts[-1] = len(x) - (n_frames - 1) * step
    power = np.sum(padded.reshape(n_frames, step) ** 2, axis=1) / np.maximum(counts, 1)
    return np.asarray(10 * np.log10(power + 1e-12), np.float32)


def activity(stems: Sequence[Samples], sample_rate_hz: int) -> Activity:
    """Compare every stem with silence, with itself and with the mix.

    >>> loud, soft = np.full(1600, 0.5, np.float32), np.full(1600, 0.001, np.float32)
    >>> found = activity([loud, soft], 16000)
    >>> found.sounds[:, 0].tolist(), found.present[:, 0].tolist()
    ([True, True], [True, False])
    """
    levels = np.array([frame_levels_db(stem, sample_rate_hz) for stem in stems], np.float32)
    mix_db = frame_levels_db(summed(stems), sample_rate_hz)
    own = levels.max(axis=1, keepdims=True, initial=-120.0)
    sounds = (levels > FLOOR_DB) & (levels > own - BELOW_OWN_PEAK_DB)
    return Activity(levels, sounds, sounds & (levels > mix_db - BELOW_MIX_DB))


def played_frames(events: Sequence[Event], n_frames: int) -> NDArray[np.bool_]:
    """Tenths of a second of which notes fill at least half; a drum sounds no longer than ``STRUCK_S``.

    >>> played_frames([Event(0.1, 0.2, 60, 1.0)], 4).tolist()
    [False, True, True, False]
    """
    fine = np.zeros(n_frames * 10, bool)
    for event in events:
        first = round(event.start_s * FRAMES_PER_S * 10)
        lasts_s = min(event.duration_s, STRUCK_S) if event.kind else event.duration_s
        fine[first : max(first + 1, round((event.start_s + lasts_s) * FRAMES_PER_S * 10))] = True
    return np.asarray(fine.reshape(n_frames, 10).mean(axis=1) >= 0.5)


def agreement(sounds: NDArray[np.bool_], played: NDArray[np.bool_]) -> float:
    """The share of frames with notes in which the stem sounds (1.0 where there are no notes)."""
    return float(sounds[played].mean()) if played.any() else 1.0


def write_activity(path: Path, names: Sequence[str], found: Activity) -> None:
    """``activity.csv``: time, then 1 or 0 for every stem that is heard."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["time_s", *names])
    for frame in range(found.present.shape[1]):
        table.writerow([f"{frame / FRAMES_PER_S:.1f}", *found.present[:, frame].astype(int)])
    with written_whole(path) as beside:
        beside.write_text(text.getvalue(), encoding="utf-8")


def ranges(present: NDArray[np.bool_]) -> list[tuple[float, float]]:
    """The times (start, end) in seconds in which one stem is heard.

    >>> ranges(np.array([False, True, True, False, True]))
    [(0.1, 0.3), (0.4, 0.5)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], present.astype(np.int8), [0]])))
    return [(float(a) / FRAMES_PER_S, float(b) / FRAMES_PER_S) for a, b in edges.reshape(-1, 2)]
