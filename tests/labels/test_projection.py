"""Projection keeps unknown apart from absent, whichever way and back."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from instrunet.errors import UsageError
from instrunet.labels import projection, vocabulary, vocabulary_names

PAIRS = list(product(vocabulary_names(), repeat=2))


def truth(name: str, **values: int) -> tuple[np.ndarray, np.ndarray]:
    entry = vocabulary(name)
    y, mask = np.zeros(len(entry), np.int8), np.zeros(len(entry), np.int8)
    for label, value in values.items():
        y[entry.index(label)], mask[entry.index(label)] = value, 1
    return y, mask


def told(name: str, y: np.ndarray, mask: np.ndarray) -> dict[str, int]:
    return {label: int(v) for label, v, m in zip(vocabulary(name).labels, y, mask, strict=True) if m}


def test_scores_take_the_maximum_over_the_members() -> None:
    to = projection("instrunet", "openmic")
    scores = np.zeros((2, 3, 36), np.float32)
    scores[..., to.source.index("electric_bass")] = 0.3
    scores[..., to.source.index("double_bass")] = 0.8
    out = to.scores(scores)
    assert out.shape == (2, 3, 20)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out[..., to.target.index("bass")], 0.8)
    assert all(to.known)


def test_what_cannot_be_told_is_nan() -> None:
    to = projection("openmic", "instrunet")
    out = to.scores(np.ones(20))
    assert np.isnan(out[to.target.index("acoustic_guitar")])
    assert np.isnan(out[to.target.index("tuba")])
    assert out[to.target.index("violin")] == 1
    assert [bool(k) for k in ~np.isnan(out)] == list(to.known)


def test_a_missing_score_gives_way_to_a_present_one() -> None:
    to = projection("instrunet", "openmic")
    scores = np.full(36, np.nan)
    scores[to.source.index("electric_bass")] = 0.4
    out = to.scores(scores)
    assert out[to.target.index("bass")] == 0.4
    assert np.isnan(out[to.target.index("voice")])


def test_integers_and_booleans_are_scores_too() -> None:
    to = projection("instrunet", "irmas")
    assert to.scores(np.ones(36, bool)).dtype.kind == "f"


def test_ours_reaches_every_label_that_names_an_instrument() -> None:
    for name in vocabulary_names():
        entry = vocabulary(name)
        to = projection("instrunet", name)
        assert to.known == tuple(bool(entry.members[label]) for label in entry.labels)
        assert to.complete == to.known


@pytest.mark.parametrize("name", vocabulary_names())
def test_to_itself_nothing_changes(name: str) -> None:
    rng = np.random.default_rng(0)
    n = len(vocabulary(name))
    scores = rng.random((5, n))
    np.testing.assert_array_equal(projection(name, name).scores(scores), scores)
    mask = rng.integers(0, 2, (5, n))
    y = rng.integers(0, 2, (5, n)) * mask
    y2, mask2 = projection(name, name).truth(y, mask)
    np.testing.assert_array_equal(y2, y)
    np.testing.assert_array_equal(mask2, mask)


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_there_and_back_invents_nothing(source: str, target: str) -> None:
    """Whatever is told after a projection, and after the way back, is true of the world that was partly observed."""
    rng = np.random.default_rng(7)
    world = rng.random((30, 36)) < 0.2  # which canonical instruments truly play
    world[:, [vocabulary("instrunet").index(word) for word in ("electric_piano", "harpsichord", "cymbals")]] = False
    mask = (rng.random((30, len(vocabulary(source)))) < 0.7).astype(np.int8)
    there = projection(source, target).truth(heard(source, world) * mask, mask)
    back = projection(target, source).truth(*there)
    for name, (y, seen) in ((target, there), (source, back)):
        assert not y[seen == 0].any()
        np.testing.assert_array_equal(y[seen == 1], heard(name, world)[seen == 1])
    unreachable = ~np.array(projection(target, source).known)
    assert not (back[0][:, unreachable]).any(), "nothing can make a label present that nothing tells of"


def heard(name: str, world: np.ndarray) -> np.ndarray:
    """The complete truth of a world in a vocabulary, straight from the members."""
    ours, entry = vocabulary("instrunet"), vocabulary(name)
    columns = [world[:, [ours.index(m) for m in entry.members[label]]].any(axis=1) for label in entry.labels]
    return np.stack(columns, axis=1).astype(np.int8)


def test_unknown_stays_unknown_everywhere() -> None:
    for source, target in PAIRS:
        n = len(vocabulary(source))
        y, mask = projection(source, target).truth(np.zeros(n), np.zeros(n))
        assert not y.any()
        assert not mask.any()


def test_a_broad_positive_does_not_say_which() -> None:
    y, mask = truth("openmic", guitar=1)
    assert told("instrunet", *projection("openmic", "instrunet").truth(y, mask)) == {}
    assert told("slakh", *projection("openmic", "slakh").truth(y, mask)) == {"Guitar": 1}


def test_a_broad_negative_denies_every_member() -> None:
    y, mask = truth("openmic", guitar=0)
    found = told("instrunet", *projection("openmic", "instrunet").truth(y, mask))
    assert found == {"acoustic_guitar": 0, "electric_guitar": 0}


def test_half_of_the_members_denied_is_not_absent() -> None:
    to = projection("instrunet", "openmic")
    assert told("openmic", *to.truth(*truth("instrunet", electric_bass=0))) == {}
    assert told("openmic", *to.truth(*truth("instrunet", electric_bass=0, double_bass=0))) == {"bass": 0}
    assert told("openmic", *to.truth(*truth("instrunet", electric_bass=0, double_bass=1))) == {"bass": 1}


def test_a_folded_instrument_counts_but_is_not_meant() -> None:
    """An electric piano is OpenMIC's piano; OpenMIC's piano is a piano, and says nothing of electric ones."""
    assert told("openmic", *projection("instrunet", "openmic").truth(*truth("instrunet", electric_piano=1))) == {
        "piano": 1
    }
    back = projection("openmic", "instrunet")
    assert told("instrunet", *back.truth(*truth("openmic", piano=1))) == {"piano": 1}
    assert told("instrunet", *back.truth(*truth("openmic", piano=0))) == {"piano": 0}


def test_nsynth_supervises_eight_openmic_tags() -> None:
    to = projection("nsynth", "openmic")
    y, mask = np.ones(11), np.ones(11)
    assert set(told("openmic", *to.truth(y, mask))) == {
        "bass", "flute", "guitar", "piano", "mallet_percussion", "organ", "voice", "synthesizer",
    }  # fmt: skip


def test_partial_cover_is_marked() -> None:
    to = projection("openmic", "medleydb17")
    strings = to.target.index("strings")
    assert to.known[strings]
    assert not to.complete[strings]


def test_shapes_that_do_not_fit_are_told() -> None:
    to = projection("openmic", "instrunet")
    with pytest.raises(UsageError, match="last axis must be 20"):
        to.scores(np.zeros(19))
    with pytest.raises(UsageError, match="mask of shape"):
        to.truth(np.zeros(20), np.zeros((2, 20)))
