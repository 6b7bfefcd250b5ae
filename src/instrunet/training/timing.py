"""When instruments sound: windows and ranges of the clips whose truth has times, judged beside the clips as wholes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from instrunet.datasets.manifest import Manifest
from instrunet.evaluation import (
    BootstrapConfig,
    ClipFacts,
    Evaluation,
    EvaluationConfig,
    Event,
    RangeConfig,
    evaluate,
    score_ranges,
    window_truth,
)
from instrunet.tagging import Tags
from instrunet.training.clips import Clips

WINDOW_S = 1.0
"""Windows are judged second by second: whoever sounds somewhere in one should be heard somewhere in it."""
LONGEST_PAUSE_S = 1.0
"""Truth from notes has a gap at every rest; whoever pauses no longer than this is taken to play on."""
_MOST_RESAMPLED = 50_000  # windows; above that intervals would take minutes and be narrow anyway

Events = Mapping[str, Sequence[Event]]


@dataclass(frozen=True)
class Timeline:
    """What a model said of one clip over time, counted from its beginning."""

    windows: NDArray[np.float32]  # (seconds, labels), NaN where it cannot tell
    ranges: tuple[Event, ...]


def events_of(manifest: Manifest) -> dict[str, list[Event]]:
    """The true ranges of each clip that has any, in seconds from the clip's beginning."""
    found: dict[str, list[Event]] = defaultdict(list)
    for row in manifest.events.to_pylist() if manifest.events is not None else ():
        found[row["id"]].append(Event(row["start_s"], row["end_s"], row["label"]))
    return dict(found)


def timeline(tags: Tags, labels: Sequence[str]) -> Timeline:
    """The highest activity of each label in each second, and the ranges that were reported."""
    starts = np.arange(n_windows(tags.duration_s)) * WINDOW_S
    first = np.searchsorted(tags.times_s - tags.start_s, starts)
    windows = np.full((len(starts), len(labels)), np.nan, np.float32)
    column = {label: j for j, label in enumerate(labels)}
    ranges = []
    for tag in tags.instruments:
        if tag.label in column and len(tag.activity):
            begins = np.minimum(first, len(tag.activity) - 1)
            windows[:, column[tag.label]] = np.maximum.reduceat(tag.activity, begins)
            ranges += [Event(r.start_s - tags.start_s, r.end_s - tags.start_s, tag.label) for r in tag.ranges]
    return Timeline(windows, tuple(ranges))


def n_windows(duration_s: float) -> int:
    """How many seconds a clip is judged in; a rest of less than half a second belongs to the last.

    >>> n_windows(10.0), n_windows(2.7), n_windows(0.2)
    (10, 3, 1)
    """
    return max(1, round(duration_s / WINDOW_S))


def in_time(
    whole: Evaluation, clips: Clips, labels: Sequence[str], events: Events, said: Mapping[str, Timeline]
) -> Evaluation:
    """Put window-level and range-level scores beside an evaluation of clips, where there are true and said times.

    A label that is known to occur in a clip without a time being known is unknown in each of its windows.
    """
    rows = [row for row, name in enumerate(clips.ids) if name in said and name in events]
    if not rows:
        return whole
    timed = [_Timed(clips, row, events[clips.ids[row]], said[clips.ids[row]], labels) for row in rows]
    kept = [label for label in labels if label in whole.labels]
    reference = {t.name: [e for e in t.events if e.label in kept] for t in timed}
    ranges = score_ranges(
        {t.name: t.said.ranges for t in timed},
        reference,
        kept,
        config=RangeConfig(longest_pause_s=LONGEST_PAUSE_S),
        groups=dict(zip(clips.ids, clips.groups, strict=True)),
        bootstrap=whole.config.bootstrap,
    )
    return whole.with_windows(_windows(whole.config, timed, labels)).with_ranges(ranges)


@dataclass(frozen=True)
class _Timed:
    clips: Clips
    row: int
    events: Sequence[Event]
    said: Timeline
    labels: Sequence[str]

    @property
    def name(self) -> str:
        return self.clips.ids[self.row]

    @property
    def starts_s(self) -> NDArray[np.float64]:
        return np.arange(len(self.said.windows), dtype=np.float64) * WINDOW_S

    def truth(self) -> NDArray[np.float64]:
        return window_truth(self.events, self.starts_s, WINDOW_S, self.labels)

    def mask(self) -> NDArray[np.bool_]:
        occurs = self.clips.y[self.row] >= 0.5
        timed = np.isin(np.array(self.labels), [event.label for event in self.events])
        return np.tile(self.clips.mask[self.row] & (timed | ~occurs), (len(self.said.windows), 1))

    def facts(self) -> list[tuple[str, str, str, str, float, float]]:
        begin_s = self.clips.excerpts[self.row].start_s
        where = (self.clips.excerpts[self.row].path, self.clips.groups[self.row], self.clips.sources[self.row])
        return [(f"{self.name}@{start:g}s", *where, begin_s + start, WINDOW_S) for start in self.starts_s]


def _windows(config: EvaluationConfig, timed: Sequence[_Timed], labels: Sequence[str]) -> Evaluation:
    scores = np.concatenate([t.said.windows for t in timed])
    ids, paths, groups, sources, starts_s, durations_s = zip(*(row for t in timed for row in t.facts()), strict=True)
    resampling = config.bootstrap if len(scores) <= _MOST_RESAMPLED else BootstrapConfig(n_resamples=0)
    return evaluate(
        scores,
        np.concatenate([t.truth() for t in timed]),
        np.concatenate([t.mask() for t in timed]),
        labels,
        facts=ClipFacts(
            ids=ids, paths=paths, groups=groups, sources=sources, starts_s=starts_s, durations_s=durations_s
        ),
        config=replace(config, bootstrap=resampling, name=f"{config.name}, second by second", own_thresholds=None),
    )
