from __future__ import annotations

import types

import numpy as np
import pytest

from instrunet.datasets import Clip, Header, Manifest
from instrunet.errors import UsageError
from instrunet.insight.distributions import balancing_weights, class_distribution
from instrunet.insight.groups import grouping
from instrunet.insight.occurrences import Occurrences, grouped, original, recordings


def manifest(*rows: tuple[str, ...], dataset: str = "medleydb", **more: list[str]) -> Manifest:
    clips = [
        Clip(
            id=f"{i}",
            path=f"{i}.wav",
            dataset=dataset,
            source=more["source"][i] if "source" in more else "mix",
            group=f"{i}",
            truth={},
            labels_original=words,
            split=more["split"][i] if "split" in more else None,
        )
        for i, words in enumerate(rows)
    ]
    return Manifest.from_clips(clips, Header("own", ()))


def test_mixes_are_the_recordings_and_omitted_ones_are_not() -> None:
    found = recordings(
        manifest(
            ("piano",), ("piano",), ("violin",), source=["mix", "stem", "mix"], split=["train", "train", "omitted"]
        )
    )
    assert found.column("id") == ["0"]
    assert len(recordings(manifest(("piano",), source=["note"]))) == 1
    with pytest.raises(UsageError, match="no rows"):
        recordings(manifest())


def test_macro_categories_of_medleydb_words() -> None:
    found = grouped(manifest(("male singer", "vocalists", "Unlabeled"), ("violin", "cello", "tack piano")))
    assert found.words == ("piano", "strings", "voice")
    assert found.present.tolist() == [[False, False, True], [True, True, False]]


def test_a_word_that_may_be_either_family_leaves_both_open() -> None:
    assert grouping("jamendo").of("keyboard") == ("electronics", "keyboards")
    found = grouped(manifest(("keyboard", "voice"), ("keyboard", "piano"), ("synthesizer",), dataset="jamendo"))
    assert found.words == ("electronics", "keyboards", "voice")
    assert found.observed.tolist() == [[False, False, True], [False, True, True], [True, True, True]]
    assert found.present.tolist() == [[False, False, True], [False, True, False], [True, False, False]]


def test_partial_labels_stay_partial() -> None:
    clips = [
        Clip("a", "a", "openmic", "mix", "a", truth={"piano": 1.0, "violin": 0.0}, labels_original=("piano",)),
        Clip("b", "b", "openmic", "mix", "b", truth={"violin": 1.0}, labels_original=("violin",)),
    ]
    found = original(Manifest.from_clips(clips, Header("openmic", ("piano", "violin"))))
    assert found.words == ("piano", "violin")
    assert found.observed.tolist() == [[True, True], [False, True]]
    coarse = grouped(Manifest.from_clips(clips, Header("openmic", ("piano", "violin"))))
    assert coarse.observed[:, coarse.words.index("keyboards")].tolist() == [True, False]


def test_where_no_absence_is_observed_silence_counts_as_absence() -> None:
    clips = [Clip(w, w, "jamendo", "mix", w, truth={w: 1.0}, labels_original=(w,)) for w in ("piano", "violin")]
    assert original(Manifest.from_clips(clips, Header("jamendo", ("piano", "violin")))).observed.all()


def test_class_distribution_counts_each_split_and_balancing_lifts_the_rare() -> None:
    y = np.zeros((100, 2), bool)
    y[:90, 0] = True
    y[90:, 1] = True
    splits = ("train", "test") * 50
    found = class_distribution(Occurrences(("rare", "common")[::-1], y, np.ones_like(y), ("",) * 100, splits))
    assert found.words == ("common", "rare")
    assert found.splits == ("train", "test")
    assert found.counts.tolist() == [[45, 45], [5, 5]]
    assert found.balanced == pytest.approx(np.full((2, 2), 25.0))


def test_balancing_is_what_training_does(rng: np.random.Generator) -> None:
    sampling = pytest.importorskip("instrunet.training.sampling")
    config = pytest.importorskip("instrunet.training.recipe").SamplingConfig(kind="balanced")
    y = rng.random((30, 4)) < 0.2
    table = types.SimpleNamespace(y=y.astype(float), mask=np.ones((30, 4)), weights=np.ones(30))
    assert balancing_weights(y) == pytest.approx(sampling.draw_weights(table, config))


def test_disagreeing_sizes_are_refused() -> None:
    flags = np.ones((2, 2), bool)
    with pytest.raises(ValueError, match="disagree"):
        Occurrences(("a",), flags, flags, ("", ""), ("", ""))
