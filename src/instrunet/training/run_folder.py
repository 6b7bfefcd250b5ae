"""The folder of a run: recipe, data, environment, log, curves, checkpoints, bundle, report."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from instrunet.files import written_whole
from instrunet.training.errors import TrainingError
from instrunet.training.recipe import Recipe

RECORDED = ("instrunet", "torch", "lightning-fabric", "numpy", "soundfile", "soxr", "onnx", "onnxruntime")


class RunFolder:
    """``runs/<name>``; a folder that holds a run already is only opened to go on with the same recipe."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def recipe_path(self) -> Path:
        """The resolved recipe."""
        return self.path / "recipe.json"

    @property
    def bundle(self) -> Path:
        """The trained model."""
        return self.path / "bundle"

    @property
    def report(self) -> Path:
        """The folder of the evaluation report."""
        return self.path / "report"

    def begin(self, recipe: Recipe, *, resume: bool) -> None:
        """Start a run here, or go on with it.

        Raises:
            TrainingError: something is here and ``resume`` is off, or it was begun with another recipe.
        """
        if self.recipe_path.is_file():
            if not resume:
                raise TrainingError(f"{self.path} holds a run already; go on with --resume, or choose another --out")
            before, now = json.loads(self.recipe_path.read_text(encoding="utf-8")), recipe.to_dict()
            if before != now:
                raise TrainingError(
                    f"{self.path} was begun with another recipe ({', '.join(differences(before, now)[:3])} differ)"
                )
        self.write("recipe.json", recipe.to_dict())
        self.write("environment.json", environment())

    def recipe(self) -> Recipe:
        """The recipe that the run was begun with."""
        if not self.recipe_path.is_file():
            raise TrainingError(f"{self.path}: no run is here (recipe.json is missing)")
        return Recipe.from_dict(json.loads(self.recipe_path.read_text(encoding="utf-8")))

    def write(self, name: str, values: Mapping[str, Any]) -> None:
        """Write one JSON file."""
        with written_whole(self.path / name) as beside:
            beside.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    def read(self, name: str) -> dict[str, Any]:
        """Read one JSON file."""
        values: dict[str, Any] = json.loads((self.path / name).read_text(encoding="utf-8"))
        return values


def is_first_process() -> bool:
    """Whether this process writes the run folder; under ``torchrun`` only one of them does."""
    return os.environ.get("RANK", "0") == "0"


def environment() -> dict[str, Any]:
    """What the run was made with: versions, machine, threads."""
    versions = {}
    for package in RECORDED:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "absent"
    import torch

    return {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cpus": os.cpu_count(),
        "torch_threads": torch.get_num_threads(),
        "cuda": torch.cuda.get_device_name(0) if torch.cuda.is_available() else None,
        "packages": versions,
    }


def differences(one: Mapping[str, Any], other: Mapping[str, Any], *, where: str = "") -> list[str]:
    """The keys that two nested tables do not agree on.

    >>> differences({"a": {"x": 1}, "b": 2}, {"a": {"x": 3}, "b": 2})
    ['a.x']
    """
    found: list[str] = []
    for key in dict.fromkeys([*one, *other]):
        place = f"{where}{key}"
        mine, theirs = one.get(key), other.get(key)
        if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
            found += differences(mine, theirs, where=f"{place}.")
        elif mine != theirs:
            found.append(place)
    return found
