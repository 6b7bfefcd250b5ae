"""Bars: how many beats in one, and which beat is the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from instrunet.transcription.beats import BeatGrid
from instrunet.transcription.notes import Part

Curve = NDArray[np.float64]

CANDIDATES = (4, 3, 2)
PRIOR = {4: 1.0, 3: 0.92, 2: 0.7}


@dataclass(frozen=True)
class Metre:
    """Beats a bar, the index of the first downbeat in the beat grid, and how sure that is (0 to 1)."""

    beats_per_bar: int
    first_downbeat: int
    confidence: float


def guess_metre(grid: BeatGrid, parts: Sequence[Part]) -> Metre:
    """Guess from accents: loud, long, low and many notes, changes of harmony, kick drums fall on first beats."""
    accents = _accents(grid, parts)
    if len(accents) < 6:
        return Metre(4, 0, 0.0)
    accents = (accents - accents.mean()) / (accents.std() + 1e-9)
    similarity = _self_similarity(grid, parts)
    rated: list[tuple[float, int, int]] = []
    for beats in CANDIDATES:
        means = [float(accents[phase::beats].mean()) for phase in range(beats)]
        phase = int(np.argmax(means))
        contrast = means[phase] - float(np.mean([m for i, m in enumerate(means) if i != phase]))
        rated.append((PRIOR[beats] * (contrast + 1.2 * similarity.get(beats, 0.0)), beats, phase))
    rated.sort(reverse=True)
    margin = rated[0][0] - rated[1][0]
    return Metre(rated[0][1], rated[0][2], float(np.clip(margin / (abs(rated[0][0]) + 1e-9), 0.0, 1.0)))


def _accents(grid: BeatGrid, parts: Sequence[Part]) -> Curve:
    n_beats = len(grid.times_s)
    accents = np.zeros(n_beats)
    for part in parts:
        for note in part.notes:
            position = grid.position(note.onset_s)
            beat = round(position)
            if abs(position - beat) > 0.15 or not 0 <= beat < n_beats:
                continue
            accents[beat] += _accent_of(note.pitch, note.velocity, note.duration_s, drums=part.is_drums)
    last = max((round(grid.position(n.onset_s)) for p in parts for n in p.notes), default=0)
    return np.log1p(accents[: max(0, min(n_beats, last + 1))]) + _harmony_changes(grid, parts, last + 1)


def _accent_of(pitch: int, velocity: int, duration_s: float, *, drums: bool) -> float:
    if drums:
        return {35: 1.0, 36: 1.0, 49: 2.0, 57: 2.0}.get(pitch, 0.1)
    depth = 1.5 if pitch < 50 else 1.0 if pitch < 60 else 0.6
    return depth * velocity / 100 * (0.3 + min(duration_s, 1.5))


def _chroma(grid: BeatGrid, parts: Sequence[Part], n_beats: int) -> Curve:
    chroma = np.zeros((max(n_beats, 1), 12))
    for part in parts:
        if part.is_drums:
            continue
        for note in part.notes:
            first, last = grid.position(note.onset_s + 0.03), grid.position(note.offset_s)
            for beat in range(max(0, int(first)), min(n_beats, int(last) + 1)):
                share = min(last, beat + 1) - max(first, beat)
                chroma[beat, note.pitch % 12] += max(0.0, share)
    return chroma / (np.linalg.norm(chroma, axis=1, keepdims=True) + 1e-9)


def _harmony_changes(grid: BeatGrid, parts: Sequence[Part], n_beats: int) -> Curve:
    """How much the pitch classes after a beat differ from those before it."""
    chroma = _chroma(grid, parts, n_beats)
    changes = np.zeros(len(chroma))
    changes[1:] = 1.0 - (chroma[1:] * chroma[:-1]).sum(1)
    return changes[: max(0, min(n_beats, len(grid.times_s)))]


def _self_similarity(grid: BeatGrid, parts: Sequence[Part]) -> dict[int, float]:
    """How alike beats are that lie one bar apart, against all distances: the rhythm repeats by the bar."""
    n_beats = min(len(grid.times_s), 400)
    pattern = np.zeros((n_beats, 8))
    for part in parts:
        for note in part.notes:
            position = grid.position(note.onset_s)
            index = round(position * 4)
            beat, sub = divmod(index, 4)
            if 0 <= beat < n_beats:
                pattern[beat, sub] += 1.0
                pattern[beat, 4 + sub] += (1.5 if note.pitch < 50 else 0.5) * min(note.duration_s, 1.0)
    pattern /= np.linalg.norm(pattern, axis=1, keepdims=True) + 1e-9

    def alike(distance: int) -> float:
        if distance >= n_beats - 2:
            return 0.0
        return float((pattern[distance:] * pattern[:-distance]).sum(1).mean())

    base = float(np.mean([alike(d) for d in range(1, 9)]))
    return {beats: np.mean([alike(beats), alike(2 * beats)]).item() - base for beats in CANDIDATES}
