"""A tagger whose training clips were trimmed trims its windows too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from instrunet.bundles import BundleError, TaggerSpec
from instrunet.bundles.network import FrontEnd
from instrunet.features import log_mel

PLAIN = TaggerSpec("openmic", ("flute", "piano"), window_s=1.0, hop_s=1.0)
TRIMMED = replace(PLAIN, trim_db=60.0)


def test_silence_before_the_sound_is_cut_and_put_behind_it() -> None:
    x = np.zeros(32_000, np.float32)
    x[16_384:24_576] = np.random.default_rng(0).normal(0, 0.1, 8_192)
    seen = FrontEnd(TRIMMED).seen(x)
    assert seen.shape == FrontEnd(PLAIN).seen(x).shape
    floor = seen.min()
    assert (seen[:, 3:10] > floor + 0.5).all()
    assert np.allclose(seen[:, 25:], floor, atol=1e-3)
    assert np.allclose(FrontEnd(PLAIN).seen(x)[:, :20], floor, atol=1e-3)


def test_nothing_is_done_to_silence_or_to_a_window_full_of_sound() -> None:
    for x in (np.zeros(32_000, np.float32), np.random.default_rng(0).normal(0, 0.1, 32_000).astype(np.float32)):
        np.testing.assert_allclose(FrontEnd(TRIMMED).seen(x), log_mel(x), atol=1e-5)


def test_it_is_kept_in_the_description_and_checked() -> None:
    assert TaggerSpec.from_dict(TRIMMED.to_dict()) == TRIMMED
    before = {key: value for key, value in PLAIN.to_dict().items() if key != "trim_db"}
    assert TaggerSpec.from_dict(before) == PLAIN
    with pytest.raises(BundleError, match="trim_db is -3; it must lie above 0"):
        replace(PLAIN, trim_db=-3.0)
