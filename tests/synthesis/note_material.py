"""A tiny bank of notes made in memory, for the tests of the sampler and what stands on it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from instrunet.synthesis.bank import SAMPLE_RATE_HZ, NoteBank, NoteRow, write_bank


def tone(pitch: float, duration_s: float = 0.6) -> np.ndarray:
    t = np.arange(int(duration_s * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return (0.5 * np.sin(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * t)).astype(np.float32)


def row(instrument: str, source: str, pitch: float | None, kind: str = "", *, loopable: bool = True) -> NoteRow:
    return NoteRow(instrument, source, "a", kind, pitch, 0.6, 0, 0, loopable, "CC0")


def small_bank(folder: Path) -> NoteBank:
    notes = [(row("flute", "one", p), tone(p)) for p in (60.0, 66.0, 72.0)]
    notes += [(row("piano", "two", p, loopable=False), tone(p)) for p in (48.0, 60.0, 72.0)]
    noise = np.random.default_rng(0).normal(0, 0.2, 6400).astype(np.float32)
    notes += [(row("drums", "kit", None, kind, loopable=False), noise) for kind in ("kick", "snare", "crash")]
    return NoteBank.open(write_bank(folder, notes))
