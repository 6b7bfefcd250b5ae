"""Where an excerpt of a MedleyDB recording begins, and who plays when, from its annotations."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from instrunet.audio import probe, stream
from instrunet.datasets.durations import duration_of
from instrunet.datasets.medleydb_songs import Song, Tree
from instrunet.errors import InstrunetError

MIN_AMPLITUDE = 0.01
"""Of full scale: where a stem first exceeds it, its excerpt begins."""
ACTIVE_FROM = 0.5
"""Activation confidence from which a stem counts as sounding."""


@dataclass(frozen=True)
class Excerpt:
    """A piece of a recording; ``duration_s`` is None where the audio is not there to tell."""

    start_s: float
    duration_s: float | None


def mix_excerpt(song: Song, tree: Tree, path: Path, clip_s: float) -> Excerpt:
    """Begin at the mean of the stems' activity centres, as far as the recording's end allows.

    A stem's centre lies midway between the first and the last voiced frame of its pitch annotation; a song without any
    pitch annotation takes the activation file instead, and one without either begins at its beginning.
    """
    if not clip_s:
        return Excerpt(0.0, duration_of(path))
    centres = pitch_centres(song, tree) or activation_centres(song, tree)
    wanted = float(np.mean(centres)) if centres else 0.0
    return _inside(wanted, clip_s, duration_of(path))


def stem_excerpt(path: Path, clip_s: float) -> Excerpt:
    """Begin where the recording first exceeds the minimum amplitude; a silent one at its beginning."""
    if not clip_s:
        return Excerpt(0.0, duration_of(path))
    return _inside(first_loud_s(path), clip_s, duration_of(path))


def _inside(wanted_s: float, clip_s: float, whole_s: float | None) -> Excerpt:
    if whole_s is None:
        return Excerpt(wanted_s, None)
    start_s = max(0.0, min(wanted_s, whole_s - clip_s))
    return Excerpt(start_s, min(clip_s, whole_s - start_s))


def first_loud_s(path: Path) -> float:
    """Seconds until the amplitude first exceeds the minimum; 0 if it never does."""
    try:
        rate_hz = probe(path).sample_rate_hz
        before = 0
        for block in stream(path, sample_rate_hz=rate_hz):
            loud = np.flatnonzero(np.abs(block) > MIN_AMPLITUDE)
            if loud.size:
                return float(before + loud[0]) / rate_hz
            before += len(block)
    except InstrunetError:
        return 0.0
    return 0.0


def pitch_centres(song: Song, tree: Tree) -> list[float]:
    """Activity centre of each stem that has a pitch annotation."""
    centres = []
    for stem in song.stems:
        path = tree.annotations.get(Path(stem.filename).stem + ".csv")
        if path is None:
            continue
        times_s, hz = _numbers(path, header=False)[:, :2].T
        voiced = times_s[hz > 0]
        if voiced.size:
            centres.append(float(voiced[0] + voiced[-1]) / 2)
    return centres


def activation_centres(song: Song, tree: Tree) -> list[float]:
    """The same from the activation file."""
    spans = stem_activity(song, tree)
    return [(stretches[0][0] + stretches[-1][1]) / 2 for stretches in spans.values() if stretches]


def stem_activity(song: Song, tree: Tree) -> dict[str, list[tuple[float, float]]]:
    """When each stem sounds (start, end in seconds of the song), by stem id; empty without an activation file."""
    path = tree.annotations.get(f"{song.name}_ACTIVATION_CONF.lab")
    if path is None:
        return {}
    with path.open(encoding="utf-8") as file:
        names = [name.strip() for name in file.readline().lstrip("# ").split(",")[1:]]
    numbers = _numbers(path, header=True)
    times_s = numbers[:, 0]
    return {name: stretches_above(times_s, numbers[:, i + 1], ACTIVE_FROM) for i, name in enumerate(names)}


def stretches_above(
    times_s: NDArray[np.float64], level: NDArray[np.float64], floor: float
) -> list[tuple[float, float]]:
    """Stretches of time in which a curve lies above ``floor``.

    >>> stretches_above(np.array([0.0, 1.0, 2.0, 3.0]), np.array([0.9, 0.9, 0.1, 0.8]), 0.5)
    [(0.0, 2.0), (3.0, 4.0)]
    """
    if not len(times_s):
        return []
    hop_s = float(times_s[1] - times_s[0]) if len(times_s) > 1 else 0.0
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (level > floor).astype(np.int8), [0]])))
    ends_s = np.append(times_s, times_s[-1] + hop_s)
    return [(float(ends_s[a]), float(ends_s[b])) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _numbers(path: Path, *, header: bool) -> NDArray[np.float64]:
    try:
        return np.loadtxt(path, delimiter=",", skiprows=int(header), ndmin=2, comments=None)
    except ValueError as error:
        raise InstrunetError(f"{path}: not an annotation of numbers: {error}") from error
