"""The parts by hand: windows, ranges, curves, the pipeline."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from instrunet.bundles import Activity
from instrunet.tagging.aggregation import STEP_S, Gathering
from instrunet.tagging.pipeline import ahead
from instrunet.tagging.ranges import find_ranges
from instrunet.tagging.scoring import WindowScores
from instrunet.tagging.windows import Window, WindowCutter
from tests.tiny_tagger import tiny_spec


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 40), max_size=8), st.integers(1, 15), st.integers(1, 15))
def test_windows_cover_every_sample_however_the_stream_is_chopped(pieces, window, hop):
    hop = min(hop, window)
    x = np.arange(sum(pieces), dtype=np.float32)
    cutter = WindowCutter(window=window, hop=hop, shortest=window)
    found: list[Window] = []
    at = 0
    for n in pieces:
        found += cutter.push(x[at : at + n])
        at += n
    found += cutter.finish()
    covered = set()
    for w in found:
        assert len(w.samples) == window
        assert w.samples[: w.n_heard].tolist() == x[w.start : w.start + w.n_heard].tolist()
        covered |= set(range(w.start, w.start + w.n_heard))
    assert covered == set(range(len(x)))
    assert [w.start for w in found] == sorted({w.start for w in found})


def ranges(curve, threshold=0.5, duration_s=None, **activity):
    found = find_ranges(
        np.asarray(curve, np.float32),
        threshold,
        step_s=1.0,
        duration_s=duration_s or float(len(curve)),
        activity=Activity(**activity),
    )
    return [(r.start_s, r.end_s) for r in found]


def test_hysteresis():
    assert ranges([0, 0.4, 0.4, 0]) == []
    assert ranges([0.4, 0.6, 0.4, 0.3, 0.6]) == [(0, 3), (4, 5)]
    assert ranges([0.4, 0.6, 0.4, 0.3, 0.6], release_ratio=1.0) == [(1, 2), (4, 5)]
    assert ranges([1, 1, 1]) == [(0, 3)]
    assert ranges([1], duration_s=0.05) == [(0, 0.05)]


def test_short_gaps_close_and_short_ranges_go():
    assert ranges([1, 0, 1, 0, 0, 1], max_gap_s=1.5) == [(0, 3), (5, 6)]
    assert ranges([1, 0, 1, 1, 1], min_duration_s=2.0) == [(2, 5)]


def test_ahead_hands_over_errors_and_stops_with_its_consumer():
    def failing():
        yield 1
        raise ValueError("broken")

    items = ahead(failing())
    assert next(items) == 1
    with pytest.raises(ValueError, match="broken"):
        next(items)

    made = []

    def endless():
        while True:
            made.append(0)
            yield 0

    some = ahead(endless(), depth=2)
    next(some)
    some.close()
    assert len(made) <= 5


def test_a_long_curve_has_no_seams():
    """Windows that say what time it is; the curve must tell the time at each of its steps, over all its blocks."""
    spec = tiny_spec()
    gathering = Gathering(spec)
    rate_hz, window_s, n_windows = spec.front_end.sample_rate_hz, 10.0, 60
    for k in range(n_windows):
        steps_s = 5.0 * k + (np.arange(100) + 0.5) * window_s / 100
        frames = np.tile((steps_s / 1_000).astype(np.float32), (3, 1))
        n = round(window_s * rate_hz)
        gathering.add(WindowScores(round(5.0 * k * rate_hz), n, n, frames.mean(axis=1), frames, None))
    curve = np.concatenate(list(gathering.curve(gathering.end_s)), axis=1)
    assert curve.shape == (3, 3_050)
    times_s = (np.arange(3_050) + 0.5) * STEP_S
    assert np.allclose(curve[1], times_s / 1_000, atol=1e-4)
