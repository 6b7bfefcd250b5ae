"""Windows cover every sample, and what was cut can be put together again."""

from __future__ import annotations

import numpy as np
import pytest

from instrunet.audio import cut, plan_windows, stitch
from instrunet.errors import UsageError

CASES = [(1, 10, 5), (10, 10, 10), (11, 10, 10), (100, 10, 3), (97, 16, 16), (1000, 7, 7), (5, 10, 1), (64, 32, 16)]


@pytest.mark.parametrize(("n", "window", "hop"), CASES)
def test_every_sample_is_covered_and_no_window_is_idle(n: int, window: int, hop: int) -> None:
    starts = plan_windows(n, window, hop)
    covered = np.zeros(n + window, bool)
    for start in starts:
        covered[start : start + window] = True
    assert covered[:n].all()
    assert starts[-1] < n
    assert len(starts) == 1 or starts[-2] + window < n, "the one before the last does not reach the end"


@pytest.mark.parametrize(("n", "window", "hop"), CASES)
@pytest.mark.parametrize("taper", [True, False])
def test_cut_and_stitched_it_is_the_same(n: int, window: int, hop: int, taper: bool) -> None:
    x = np.random.default_rng(n).standard_normal((2, n)).astype(np.float32)
    starts = plan_windows(n, window, hop)
    pieces = cut(x, starts, window)
    assert pieces.shape == (len(starts), 2, window)
    np.testing.assert_allclose(stitch(pieces, starts, n, taper=taper), x, atol=1e-5)


def test_a_taper_fades_from_one_window_to_the_next() -> None:
    starts = plan_windows(12, 8, 4)
    pieces = np.stack([np.zeros(8), np.ones(8)]).astype(np.float32)
    assert np.all(np.diff(stitch(pieces, starts, 12)) >= 0)
    assert stitch(pieces, starts, 12, taper=False)[4:8].tolist() == [0.5] * 4


def test_starts_do_not_depend_on_the_length() -> None:
    long = plan_windows(1000, 64, 30)
    for n in (1, 64, 65, 500):
        starts = plan_windows(n, 64, 30)
        np.testing.assert_array_equal(starts, long[: len(starts)])


def test_no_samples_no_windows() -> None:
    assert len(plan_windows(0, 10, 5)) == 0
    assert cut(np.zeros(0, np.float32), plan_windows(0, 10, 5), 10).shape == (0, 10)
    assert stitch(np.zeros((0, 10), np.float32), plan_windows(0, 10, 5), 4).tolist() == [0] * 4


@pytest.mark.parametrize(("window", "hop"), [(0, 5), (10, 0), (-1, 1)])
def test_windows_of_nothing_are_told(window: int, hop: int) -> None:
    with pytest.raises(UsageError, match="at least 1"):
        plan_windows(10, window, hop)
