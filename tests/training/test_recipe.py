"""Recipes: what is written is what is meant, and what cannot be meant is a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from instrunet.training.recipe import Recipe, read_recipe
from instrunet.training.settings import RecipeError

SMALL = """
[data]
vocabulary = "irmas"
[[data.sources]]
dataset = "irmas"
[model]
name = "feedforward"
[optimizer]
lr = 1e-3
[training]
epochs = 20
[miniature.training]
epochs = 2
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    target = tmp_path / "small.toml"
    target.write_text(SMALL)
    return target


def test_a_recipe_is_named_by_its_file(path: Path) -> None:
    recipe = read_recipe(path)
    assert (recipe.name, recipe.training.epochs, recipe.data.sources[0].dataset) == ("small", 20, "irmas")


def test_the_miniature_table_shrinks_it_and_set_has_the_last_word(path: Path) -> None:
    assert read_recipe(path, miniature=True).training.epochs == 2
    changed = read_recipe(path, miniature=True, changes=("training.epochs=3", "optimizer.lr=3e-4", "model.name=mobile"))
    assert (changed.training.epochs, changed.optimizer.lr, changed.model.name) == (3, 3e-4, "mobile")


def test_it_goes_to_plain_values_and_back(path: Path) -> None:
    recipe = read_recipe(path)
    assert Recipe.from_dict(recipe.to_dict()) == Recipe.from_dict(Recipe.from_dict(recipe.to_dict()).to_dict())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("optimizer.learning_rate=1", r"small.toml: optimizer.learning_rate is no setting"),
        ("optimiser.lr=1", r'optimiser is no setting; did you mean "optimizer"'),
        ("training.epochs=many", "training.epochs must be a whole number, not 'many'"),
        ("training.epochs=true", "must be a whole number"),
        ("loss.name=hinge", "loss.name is 'hinge'; choose one of bce"),
        ("data.sources=3", "data.sources must be a list"),
        ("data.fractions=[0.5, 0.5]", "must have 3 entries"),
        ("training", "write it as table.key=value"),
        ("name.x=1", "name is no table"),
    ],
)
def test_a_mistake_is_one_sentence(path: Path, change: str, sentence: str) -> None:
    with pytest.raises(RecipeError, match=sentence):
        read_recipe(path, changes=(change,))


def test_missing_and_broken_files(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no such recipe"):
        read_recipe(tmp_path / "none.toml")
    (tmp_path / "broken.toml").write_text("[data\n")
    with pytest.raises(RecipeError, match="not a TOML file"):
        read_recipe(tmp_path / "broken.toml")
    (tmp_path / "empty.toml").write_text("[data]\nsources = []\n")
    with pytest.raises(RecipeError, match="model is missing"):
        read_recipe(tmp_path / "empty.toml")
