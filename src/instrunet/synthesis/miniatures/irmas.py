"""IRMAS in small: a folder a class with tags in the names, and three test parts with a text file beside each clip."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from instrunet.synthesis.miniatures.clips import Clip, generator, mixture, stereo
from instrunet.synthesis.miniatures.sound_files import write_pcm

CLASSES = ("cel", "cla", "flu", "gac", "gel", "org", "pia", "sax", "tru", "vio", "voi")
GENRES = ("cou_fol", "cla", "pop_roc", "lat_sou", "jaz_blu")
TEST_PARTS = (
    "IRMAS-TestingData-Part1/Part1",
    "IRMAS-TestingData-Part2/IRTestingData-Part2",
    "IRMAS-TestingData-Part3/Part3",
)
EXCERPTS = (2, 1, 1)
"""How many excerpts each recording of a class gives."""
SAMPLE_RATE_HZ = 44_100
TRAIN_S, TEST_S = 3.0, 5.0


def write_irmas(folder: Path, *, seed: int, scale: int) -> tuple[Clip, ...]:
    """Write four training clips a class and nine test clips (times ``scale``)."""
    return _training(folder, seed, scale) + _testing(folder, seed, scale)


def _training(folder: Path, seed: int, scale: int) -> tuple[Clip, ...]:
    clips = []
    number = 0
    for label in CLASSES:
        for recording, n_excerpts in enumerate(EXCERPTS * scale):
            number += 1
            rng = generator(seed, "irmas", label, recording)
            genre = GENRES[int(rng.integers(len(GENRES)))]
            drums = ("nod", "dru", "---", "")[recording % 4]
            prefix = f"{int(rng.integers(1, 300)):03d}__" if drums else ""
            tags = f"[{label}]" + (f"[{drums}]" if drums else "") + f"[{genre}]"
            for excerpt in range(1, n_excerpts + 1):
                path = f"IRMAS-TrainingData/{label}/{prefix}{tags}{number:04d}__{excerpt}.wav"
                words = (label, "dru") if drums == "dru" else (label,)
                _write(folder / path, words, TRAIN_S, generator(seed, "irmas", path))
                clips.append(Clip(path, (label,), "train"))
    return tuple(clips)


def _testing(folder: Path, seed: int, scale: int) -> tuple[Clip, ...]:
    clips = []
    for i in range(9 * scale):
        rng = generator(seed, "irmas test", i)
        n_labels = (1, 2, 3)[i % 3]
        first = CLASSES[i % len(CLASSES)]
        others = [str(c) for c in rng.permutation([c for c in CLASSES if c != first])[: n_labels - 1]]
        labels = tuple(sorted([first, *others]))
        path = f"{TEST_PARTS[i % 3]}/{i + 1:02d} - Miniature No {i + 1}-{i % 4 + 1}.wav"
        _write(folder / path, labels, TEST_S, rng)
        text = "".join(f"{label}\t\n" for label in labels)
        (folder / path).with_suffix(".txt").write_text(text, newline="\n")
        clips.append(Clip(path, labels, "test"))
    return tuple(clips)


def _write(path: Path, words: tuple[str, ...], duration_s: float, rng: np.random.Generator) -> None:
    sound = mixture("irmas", words, duration_s, sample_rate_hz=SAMPLE_RATE_HZ, rng=rng)
    write_pcm(path, stereo(sound, float(rng.uniform(0.3, 0.7))), SAMPLE_RATE_HZ)
