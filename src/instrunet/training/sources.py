"""Where a recipe's data sets lie, and the manifest of each: indexed, made in small, or mixed from notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instrunet.datasets.manifest import Manifest
from instrunet.datasets.parsing import IndexOptions
from instrunet.datasets.registry import index
from instrunet.training.errors import TrainingError
from instrunet.training.recipe import Recipe, SourceConfig
from instrunet.training.settings import RecipeError

Places = Mapping[str, Path]

NOTE_MIXTURES = "note_mixtures"
"""A source that is made from NSynth's notes rather than read: its place is that of ``nsynth``."""


def place_name(source: SourceConfig) -> str:
    """The name that ``--data NAME=FOLDER`` gives for a source."""
    return "nsynth" if source.dataset == NOTE_MIXTURES else source.dataset


def needed(recipe: Recipe) -> tuple[str, ...]:
    """Every data set that the recipe reads, by name."""
    sources = recipe.data.sources + (recipe.pretrain.sources if recipe.pretrain else ())
    return tuple(dict.fromkeys(place_name(source) for source in sources))


def require_places(recipe: Recipe, places: Places) -> None:
    """Say at once which data sets are not there.

    Raises:
        TrainingError: a place was not given or does not exist.
    """
    missing = [name for name in needed(recipe) if name not in places]
    if missing:
        wanted = " ".join(f"--data {name}=FOLDER" for name in missing)
        raise TrainingError(f"recipe {recipe.name} needs {', '.join(missing)}: say {wanted}, or try --miniature")
    for name in needed(recipe):
        if not Path(places[name]).exists():
            raise TrainingError(f"{name}: {places[name]} does not exist")


def write_miniatures(recipe: Recipe, folder: Path, *, seed: int = 0, scale: int = 1) -> dict[str, Path]:
    """Write each data set of a recipe in small and return the places."""
    from instrunet.synthesis.miniatures import MINIATURES, write_miniature

    places: dict[str, Path] = {}
    for name in needed(recipe):
        if name not in MINIATURES:
            raise TrainingError(f"there is no miniature of {name}; give --data {name}=FOLDER")
        places[name] = folder / f"{name}-{seed}-{scale}"
        if not places[name].exists():
            write_miniature(name, places[name], seed=seed, scale=scale)
    return places


def manifest_of(source: SourceConfig, places: Places, *, cache: Path) -> Manifest:
    """The manifest of one source, its rows filtered as the recipe says.

    The place may be the data set's folder or a manifest (``.parquet``) that was made of it before. However it is
    written, the clips have the same paths, so that what was computed of them is found again.
    """
    place = Path(places[place_name(source)]).resolve()
    if source.dataset == NOTE_MIXTURES:
        manifest = _note_mixtures(source, place, cache)
    elif place.suffix == ".parquet":
        manifest = Manifest.read(place)
    else:
        manifest = index(source.dataset, place, options=_options(source))
    unknown = [name for name in source.where if name not in manifest.table.column_names]
    if unknown:
        raise RecipeError(f"source {source.dataset}: there is no column {unknown[0]!r} to filter by")
    filtered = manifest.take(_wanted(manifest, source.where))
    if len(filtered) == 0:
        raise TrainingError(f"{source.dataset}: no clip of {place} is left after the recipe's filter {source.where}")
    return filtered


def _wanted(manifest: Manifest, where: Mapping[str, Any]) -> NDArray[np.bool_]:
    """Rows whose columns have one of the wanted values; of a column of lists, rows that hold one of them."""
    keep = np.ones(len(manifest), np.bool_)
    for name, values in where.items():
        allowed = set(values) if isinstance(values, (list, tuple)) else {values}
        keep &= np.array([bool(allowed.intersection(v if isinstance(v, list) else [v])) for v in manifest.column(name)])
    return keep


def _options(source: SourceConfig) -> IndexOptions:
    known = {f.name for f in fields(IndexOptions)} - {"progress"}
    for name in source.options:
        if name not in known:
            raise RecipeError(f"source {source.dataset}: {name!r} is no option; known: {', '.join(sorted(known))}")
    ready: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in source.options.items()}
    return IndexOptions(**ready)


def _note_mixtures(source: SourceConfig, bank: Path, cache: Path) -> Manifest:
    """Make the published mixtures from a bank of notes, once."""
    from instrunet.synthesis.note_mixtures import MixtureConfig, MixtureMaker, plan_mixture, write_manifest
    from instrunet.synthesis.note_pools import open_pool

    notes = bank / "nsynth-train" if (bank / "nsynth-train").is_dir() else bank
    ready: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in source.options.items()}
    config = MixtureConfig(**ready)
    pool = open_pool(notes)
    config = replace(config, levels=tuple(k for k in config.levels if k <= len(pool.families)))
    folder = cache / f"note_mixtures-{config.per_level}x{len(config.levels)}-{config.seed}"
    maker = MixtureMaker(pool, config, folder)
    for number in config.numbers():
        maker(number)
    mixtures = [plan_mixture(pool, *number, seed=config.seed) for number in config.numbers()]
    return Manifest.read(write_manifest(folder, mixtures, pool, config))
