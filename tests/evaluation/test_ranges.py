"""Ranges in time, against mir_eval's matching of notes and by hand."""

from __future__ import annotations

import mir_eval
import numpy as np
import pytest

from instrunet.evaluation.bootstrap import BootstrapConfig
from instrunet.evaluation.ranges import Event, RangeConfig, score_ranges, window_truth


def drawn_events(rng: np.random.Generator, n: int, label: str) -> list[Event]:
    starts = np.sort(rng.random(n) * 20)
    return [Event(float(s), float(s + 0.2 + rng.random()), label) for s in starts]


@pytest.mark.parametrize("offsets", [True, False])
@pytest.mark.parametrize("seed", range(5))
def test_matching_equals_that_of_mir_eval(seed: int, offsets: bool) -> None:
    rng = np.random.default_rng(seed)
    true, said = drawn_events(rng, 30, "a"), drawn_events(rng, 40, "a")
    config = RangeConfig(onset_tolerance_s=0.3, offset_tolerance_s=0.2, offset_ratio=0.25, offsets=offsets)
    ours = score_ranges({"x": said}, {"x": true}, ["a"], config=config)
    spans = [np.array([(e.start_s, e.end_s) for e in events]) for events in (true, said)]
    precision, recall, f1, _ = mir_eval.transcription.precision_recall_f1_overlap(
        spans[0],
        np.full(30, 440.0),
        spans[1],
        np.full(40, 440.0),
        onset_tolerance=0.3,
        offset_min_tolerance=0.2,
        offset_ratio=0.25 if offsets else None,
    )
    assert (ours.micro_precision, ours.micro_recall) == pytest.approx((precision, recall))
    assert ours.classes[0].f1 == pytest.approx(f1)


def test_labels_and_recordings_are_not_mixed_up() -> None:
    true = {"x": [Event(0, 1, "a")], "y": [Event(0, 1, "b")]}
    said = {"x": [Event(0, 1, "b")], "y": [Event(0, 1, "b")], "z": [Event(0, 1, "a")]}
    found = score_ranges(said, true, ["a", "b", "c"])
    assert [(c.n_true, c.n_said, c.n_matched) for c in found.classes] == [(1, 0, 0), (1, 2, 1), (0, 0, 0)]
    assert np.isnan(found.classes[2].f1)
    assert found.macro_f1 == pytest.approx((0 + 2 / 3) / 2)


def test_perfect_and_empty() -> None:
    true = {"x": [Event(0, 1, "a"), Event(2, 3, "a")]}
    assert score_ranges(true, true, ["a"]).micro_f1 == 1.0
    assert score_ranges({}, true, ["a"]).micro_f1 == 0.0
    assert score_ranges({}, {"x": []}, ["a"]).micro_f1 == 0.0


def test_window_truth_counts_overlapping_ranges_once() -> None:
    events = [Event(0.0, 0.4, "a"), Event(0.0, 0.4, "a"), Event(0.9, 2.0, "b"), Event(0, 9, "unknown")]
    truth = window_truth(events, [0.0, 1.0], 1.0, ["a", "b"], smallest_share=0.5)
    assert truth.tolist() == [[0, 0], [0, 1]]
    assert window_truth(events, [0.0, 1.0], 1.0, ["a", "b"]).tolist() == [[1, 1], [0, 1]]


def test_short_pauses_are_bridged_on_both_sides() -> None:
    true = {"x": [Event(0, 1, "a"), Event(1.4, 2, "a"), Event(4, 5, "a")]}
    said = {"x": [Event(0, 2, "a"), Event(4, 4.4, "a"), Event(4.7, 5, "a")]}
    apart = score_ranges(said, true, ["a"])
    assert (apart.classes[0].n_true, apart.classes[0].n_said, apart.classes[0].n_matched) == (3, 3, 0)
    bridged = score_ranges(said, true, ["a"], config=RangeConfig(longest_pause_s=0.5))
    assert (bridged.classes[0].n_true, bridged.classes[0].n_said, bridged.classes[0].n_matched) == (2, 2, 2)


def test_intervals_of_ranges_draw_whole_groups() -> None:
    true = {name: [Event(0, 1, "a")] for name in "wxyz"}
    said = {name: [Event(0, 1, "a")] for name in "wx"}
    config = BootstrapConfig(n_resamples=300)
    alone = score_ranges(said, true, ["a"], bootstrap=config).intervals["micro_recall"]
    assert 0 <= alone.low < 0.5 < alone.high <= 1
    together = score_ranges(said, true, ["a"], groups=dict.fromkeys("wxyz", "song"), bootstrap=config)
    assert (together.intervals["micro_recall"].low, together.intervals["micro_recall"].high) == (0.5, 0.5)
    assert not score_ranges(said, true, ["a"]).intervals
