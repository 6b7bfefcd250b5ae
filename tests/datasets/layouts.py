"""Tiny data sets in their published on-disk layouts, made of silence and noise, for the tests of the loaders."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import soundfile as sf


def audio(path: Path, seconds: float = 0.5, rate_hz: int = 16000, seed: int = 0, silent: bool = False) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    x = np.random.default_rng(seed).normal(0, 0.1, int(seconds * rate_hz))
    sf.write(path, x * (not silent), rate_hz)
    return path


def text(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def irmas(root: Path) -> Path:
    for i, name in enumerate(
        ["cel/008__[cel][nod][cla]0058__1", "gel/[gel][dru][pop_roc]0829__2", "gel/[gel][pop_roc]1034__3"]
    ):
        audio(root / f"IRMAS-TrainingData/{name}.wav", seed=i)
    for i, (name, labels) in enumerate(
        [("IRMAS-TestingData-Part1/Part1/a song-1", "gel\t\nvoi\t\n"), ("IRTestingData-Part2/a song-2", "pia\n")]
    ):
        audio(root / f"{name}.wav", seed=10 + i)
        text(root / f"{name}.txt", labels)
    return root


def irmas_from_real_names(root: Path, shared: Path) -> Path:
    """The whole data set as published, every file empty."""
    with (shared / "metadata/irmas_train_files.csv").open(newline="", encoding="utf-8") as file:
        names = [row["file"] for row in csv.DictReader(file)]
    for name in names:
        path = root / "IRMAS-TrainingData" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    with (shared / "metadata/irmas_test_labels.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for i, row in enumerate(rows):
        path = root / f"IRMAS-TestingData-Part{1 + i * 3 // len(rows)}" / row["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
        text(path.with_suffix(".txt"), row["labels"].replace(";", "\t\n") + "\t\n")
    return root
