"""The corpus of a recipe on miniatures: parts that share no group, the vocabulary of the head, clear refusals."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from instrunet.synthesis.miniatures import write_miniature
from instrunet.training.corpus import assemble
from instrunet.training.errors import TrainingError
from instrunet.training.recipe import DataConfig, ModelSettings, Recipe, SourceConfig
from instrunet.training.settings import RecipeError
from instrunet.training.sources import needed, require_places

IRMAS = DataConfig(sources=(SourceConfig("irmas"),), vocabulary="irmas", fractions=(0.6, 0.2, 0.2))


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("miniatures")
    return {"irmas": write_miniature("irmas", folder / "irmas").folder}


def test_the_own_split_keeps_the_test_part_and_takes_validation_out_of_training(
    places: dict[str, Path], tmp_path: Path
) -> None:
    corpus = assemble(IRMAS, places, cache=tmp_path)
    assert (len(corpus.train) + len(corpus.validation), len(corpus.test)) == (44, 9)
    assert not set(corpus.train.groups) & set(corpus.validation.groups)
    assert corpus.describe()["shared_groups"] == 0
    assert corpus.describe()["clips"]["test"] == 9


def test_a_relative_place_gives_the_same_clips_as_a_whole_one(
    places: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = assemble(IRMAS, places, cache=tmp_path)
    monkeypatch.chdir(places["irmas"].parent)
    assert assemble(IRMAS, {"irmas": Path("irmas")}, cache=tmp_path).train.excerpts == whole.train.excerpts


def test_a_grouped_split_keeps_recordings_whole_and_an_ungrouped_one_need_not(
    places: dict[str, Path], tmp_path: Path
) -> None:
    training = replace(IRMAS, sources=(SourceConfig("irmas", where={"split": "train"}),), split="grouped")
    grouped = assemble(training, places, cache=tmp_path)
    parts = [set(p.groups) for p in (grouped.train, grouped.validation, grouped.test)]
    assert not (parts[0] & parts[1] | parts[0] & parts[2] | parts[1] & parts[2])
    pytest.importorskip("iterstrat")
    ungrouped = assemble(replace(training, split="ungrouped"), places, cache=tmp_path)
    assert ungrouped.describe()["shared_groups"] > 0


def test_another_vocabulary_and_fewer_labels(places: dict[str, Path], tmp_path: Path) -> None:
    corpus = assemble(replace(IRMAS, vocabulary="openmic"), places, cache=tmp_path)
    assert corpus.labels.index("trumpet") > 0
    assert not corpus.train.mask[:, corpus.labels.index("banjo")].any()
    few = assemble(replace(IRMAS, labels=("tru", "cel")), places, cache=tmp_path)
    assert few.labels == ("cel", "tru")
    assert few.train.y.shape[1] == 2


def test_unlabelled_can_be_read_as_absent(places: dict[str, Path], tmp_path: Path) -> None:
    corpus = assemble(replace(IRMAS, vocabulary="openmic", unlabelled_is_negative=True), places, cache=tmp_path)
    assert corpus.train.mask.all()


def test_a_closed_source_tells_absence_too(places: dict[str, Path], tmp_path: Path) -> None:
    source = SourceConfig("irmas", closed=("guitar", "voice"), limit=30)
    data = replace(IRMAS, sources=(source,), vocabulary="irmas10+others")
    corpus = assemble(data, places, cache=tmp_path)
    assert len(corpus.train) + len(corpus.validation) + len(corpus.test) == 30
    known = [bool(full) for full in np.asarray(corpus.train.mask).all(axis=0).reshape(-1)]
    assert {label for label, full in zip(corpus.labels, known, strict=True) if full} == {"guitar", "voice"}
    with pytest.raises(RecipeError, match="closed names 'banjo'"):
        assemble(replace(data, sources=(replace(source, closed=("banjo",)),)), places, cache=tmp_path)


def test_train_only_sources_stay_out_of_the_rest(places: dict[str, Path], tmp_path: Path) -> None:
    sources = (SourceConfig("irmas"), SourceConfig("irmas", train_only=True, weight=2.0))
    corpus = assemble(replace(IRMAS, sources=sources), places, cache=tmp_path)
    assert len(corpus.test) == 9
    assert sorted(np.unique(corpus.train.weights)) == [1.0, 2.0]


def test_stems_can_be_learned_from_while_mixes_alone_are_judged(tmp_path: Path) -> None:
    folder = write_miniature("slakh", tmp_path / "slakh").folder
    source = SourceConfig("slakh", options={"sources": ["mix", "stem"], "clip_s": 5.0}, learn_only=("stem",))
    data = DataConfig(sources=(source,), vocabulary="slakh", split="grouped", fractions=(0.5, 0.25, 0.25))
    corpus = assemble(data, {"slakh": folder}, cache=tmp_path)
    assert set(corpus.train.sources) == {"mix", "stem"}
    assert set(corpus.validation.sources) == set(corpus.test.sources) == {"mix"}
    assert not set(corpus.train.groups) & (set(corpus.validation.groups) | set(corpus.test.groups))


def test_refusals_are_sentences(places: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="irmas has no 'banjo'"):
        assemble(replace(IRMAS, labels=("banjo",)), places, cache=tmp_path)
    with pytest.raises(RecipeError, match="no column 'colour'"):
        assemble(replace(IRMAS, sources=(SourceConfig("irmas", where={"colour": "red"}),)), places, cache=tmp_path)
    with pytest.raises(RecipeError, match="'fast' is no option"):
        assemble(replace(IRMAS, sources=(SourceConfig("irmas", options={"fast": 1}),)), places, cache=tmp_path)
    with pytest.raises(TrainingError, match=r"no clip of .* is left"):
        assemble(replace(IRMAS, sources=(SourceConfig("irmas", where={"split": "never"}),)), places, cache=tmp_path)
    only = (SourceConfig("irmas", where={"split": "train"}),)
    with pytest.raises(TrainingError, match="no clip for test"):
        assemble(replace(IRMAS, sources=only), places, cache=tmp_path)
    with pytest.raises(TrainingError, match="labels do not fit the head"):
        assemble(replace(IRMAS, vocabulary="openmic", labels=("banjo",)), places, cache=tmp_path)


def test_missing_data_sets_are_named_before_anything_starts(tmp_path: Path) -> None:
    recipe = Recipe("r", DataConfig((SourceConfig("note_mixtures"), SourceConfig("irmas"))), ModelSettings("mobile"))
    assert needed(recipe) == ("nsynth", "irmas")
    with pytest.raises(TrainingError, match="say --data nsynth=FOLDER --data irmas=FOLDER, or try --miniature"):
        require_places(recipe, {})
    with pytest.raises(TrainingError, match="nowhere does not exist"):
        require_places(recipe, {"nsynth": tmp_path, "irmas": tmp_path / "nowhere"})
