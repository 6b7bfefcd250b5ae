"""MedleyDB's annotation files: pitch, activation confidence, and who plays from when to when."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from instrunet.synthesis.miniatures.clips import Samples
from instrunet.synthesis.miniatures.sounds import Note

PITCH_HOP_S = 256 / 44_100
ACTIVATION_HOP = 2048
"""Samples between two lines of an activation file."""


def write_pitch(path: Path, notes: tuple[Note, ...], duration_s: float) -> None:
    """Write ``time,frequency`` every 5.8 ms, 0 where nothing sounds, without a header."""
    times_s = np.arange(int(duration_s / PITCH_HOP_S)) * PITCH_HOP_S
    hz = np.zeros(len(times_s))
    for note in notes:
        hz[(times_s >= note.start_s) & (times_s < note.start_s + note.duration_s)] = note.hz
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{t:.9f},{f:.3f}\n" for t, f in zip(times_s, hz, strict=True)]
    path.write_text("".join(lines), newline="\n")


def write_activations(path: Path, sounds: list[Samples], sample_rate_hz: int) -> None:
    """Write ``time,S01,S02,…`` every 46 ms: how surely each stem sounds, from 0 to 1."""
    path.parent.mkdir(parents=True, exist_ok=True)
    confidence = np.stack([_confidence(sound) for sound in sounds], axis=1)
    names = [f"S{i + 1:02d}" for i in range(len(sounds))]
    lines = [",".join(["time", *names]) + "\n"]
    for i, row in enumerate(confidence):
        lines.append(f"{i * ACTIVATION_HOP / sample_rate_hz:.4f}," + ",".join(f"{v:.4f}" for v in row) + "\n")
    path.write_text("".join(lines), newline="\n")


def _confidence(sound: Samples) -> NDArray[np.float64]:
    frames = sound[: len(sound) // ACTIVATION_HOP * ACTIVATION_HOP].reshape(-1, ACTIVATION_HOP)
    level_db = 10 * np.log10(np.mean(frames.astype(float) ** 2, axis=1) + 1e-10)
    # A logistic at −45 dB: silence gives 0, a sounding note 1, its last trail something between.
    return np.asarray(1 / (1 + np.exp(-(level_db + 45) / 3)))


def write_sources(path: Path, words: tuple[str, ...], lines: list[tuple[Note, ...]]) -> None:
    """Write ``start_time,end_time,instrument_label`` for each stretch without a pause."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        (start_s, end_s, word) for word, notes in zip(words, lines, strict=True) for start_s, end_s in stretches(notes)
    ]
    text = "".join(f"{start_s:.4f},{end_s:.4f},{word}\n" for start_s, end_s, word in sorted(rows))
    path.write_text("start_time,end_time,instrument_label\n" + text, newline="\n")


def stretches(notes: tuple[Note, ...], *, pause_s: float = 0.2) -> list[tuple[float, float]]:
    """Join notes that follow each other into stretches (start, end).

    >>> stretches((Note(0.0, 1.0, 60), Note(1.0, 0.5, 62), Note(3.0, 1.0, 60)))
    [(0.0, 1.5), (3.0, 4.0)]
    """
    joined: list[tuple[float, float]] = []
    for note in sorted(notes, key=lambda n: n.start_s):
        end_s = note.start_s + note.duration_s
        if joined and note.start_s <= joined[-1][1] + pause_s:
            joined[-1] = (joined[-1][0], max(end_s, joined[-1][1]))
        else:
            joined.append((note.start_s, end_s))
    return joined
