"""From a curve to ranges, with hysteresis."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from instrunet.bundles import Activity
from instrunet.tagging.tags import Range


def find_ranges(
    curve: NDArray[np.floating], threshold: float, *, step_s: float, duration_s: float, activity: Activity
) -> tuple[Range, ...]:
    """Where a curve is active.

    A range begins at the first step that reaches ``threshold * onset_ratio`` and goes on, backwards too, as long as the
    curve stays at ``threshold * release_ratio`` or above. Then ranges closer than ``max_gap_s`` are joined, and those
    shorter than ``min_duration_s`` are dropped (but a recording that is shorter than that may be one range).

    >>> curve = np.array([0.0, 0.4, 0.6, 0.4, 0.0])
    >>> find_ranges(curve, 0.5, step_s=1.0, duration_s=5.0, activity=Activity())
    (Range(start_s=1.0, end_s=4.0, confidence=0.4666...),)
    """
    on = curve >= threshold * activity.onset_ratio - 1e-9
    held = curve >= threshold * activity.release_ratio - 1e-9
    spans = [(a, b) for a, b in _runs(held) if on[a:b].any()]
    joined = _joined(spans, activity.max_gap_s / step_s)
    shortest_s = min(activity.min_duration_s, duration_s)
    found = (
        Range(a * step_s, min(b * step_s, duration_s), float(np.mean(curve[a:b], dtype=np.float64))) for a, b in joined
    )
    return tuple(r for r in found if r.end_s - r.start_s >= shortest_s - 1e-6)


def _runs(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Begin and end of each stretch of True.

    >>> _runs(np.array([True, False, True, True]))
    [(0, 1), (2, 4)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _joined(spans: list[tuple[int, int]], gap_steps: float) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    for a, b in spans:
        if out and a - out[-1][1] < gap_steps - 1e-9:
            out[-1] = (out[-1][0], b)
        else:
            out.append((a, b))
    return out
