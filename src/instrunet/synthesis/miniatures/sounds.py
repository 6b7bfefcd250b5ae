"""Notes of simple timbres: partials with an envelope, a band of noise, a drum kit; every sample follows from a seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from instrunet.synthesis.miniatures.timbres import TIMBRES, Timbre

Samples = NDArray[np.float32]

VIBRATO_HZ = 5.5
RELEASE_S = 0.03
NOISE_SIZE = 1 << 15
KICK, SNARE, HAT, CRASH = 36, 38, 42, 49
KIT = {SNARE: (300.0, 0.07, 0.8), HAT: (7000.0, 0.03, 0.35), CRASH: (4000.0, 0.35, 0.5)}
"""Lowest frequency, decay and level of the pieces that are noise."""


@dataclass(frozen=True)
class Note:
    """One note of a miniature: when, how long, which MIDI note, how loud (1 to 127)."""

    start_s: float
    duration_s: float
    midi: int
    velocity: int = 100

    @property
    def hz(self) -> float:
        """The frequency of the note in equal temperament.

        >>> Note(0.0, 1.0, 69).hz
        440.0
        """
        return float(440.0 * 2.0 ** ((self.midi - 69) / 12))


def phrase(instrument: str, duration_s: float, rng: np.random.Generator, *, start_s: float = 0.0) -> tuple[Note, ...]:
    """Play a random walk in the instrument's range, chords where it can, from ``start_s`` until ``duration_s`` later.

    >>> notes = phrase("flute", 2.0, np.random.default_rng(0))
    >>> notes[0].start_s, all(60 <= n.midi <= 93 for n in notes)
    (0.0, True)
    """
    timbre = TIMBRES[instrument]
    if instrument == "drums":
        return _beat(start_s, duration_s, rng)
    notes: list[Note] = []
    at_s, midi = 0.0, int(rng.integers(timbre.low, timbre.high + 1))
    while at_s < duration_s - 0.1:
        length_s = min(float(rng.choice([0.25, 0.5, 0.75])), duration_s - at_s)
        for step in range(timbre.chord):
            notes.append(Note(start_s + at_s, length_s, min(midi + 4 * step, timbre.high), int(rng.integers(70, 120))))
        at_s += length_s
        midi = int(np.clip(midi + rng.integers(-5, 6), timbre.low, timbre.high))
    return tuple(notes)


def _beat(start_s: float, duration_s: float, rng: np.random.Generator) -> tuple[Note, ...]:
    step_s = float(rng.choice([0.2, 0.25, 0.3]))
    notes = [Note(start_s, 0.5, CRASH, 90)]
    for i in range(int(duration_s / step_s)):
        at_s = start_s + i * step_s
        notes.append(Note(at_s, step_s, HAT, 70))
        if i % 2 == 0:
            notes.append(Note(at_s, step_s, KICK if i % 4 == 0 else SNARE, 110))
    return tuple(n for n in notes if n.start_s + 0.05 < start_s + duration_s)


def play(
    instrument: str, notes: tuple[Note, ...], duration_s: float, *, sample_rate_hz: int, rng: np.random.Generator
) -> Samples:
    """Sound the notes: mono samples of exactly ``duration_s`` with a peak of at most 0.5.

    >>> x = play("piano", (Note(0.0, 0.2, 60),), 0.5, sample_rate_hz=16_000, rng=np.random.default_rng(0))
    >>> x.shape, float(abs(x).max())
    ((8000,), 0.5)
    """
    out = np.zeros(round(duration_s * sample_rate_hz), np.float32)
    sounder = _Kit(sample_rate_hz, rng) if instrument == "drums" else _Voice(TIMBRES[instrument], sample_rate_hz, rng)
    for note in notes:
        first = round(note.start_s * sample_rate_hz)
        sound = sounder.sound(note)[: max(0, len(out) - first)]
        out[first : first + len(sound)] += sound * np.float32(note.velocity / 127)
    peak = float(np.max(np.abs(out), initial=0.0))
    return out * np.float32(0.5 / peak) if peak > 0 else out


class _Noise:
    """A band of noise that is made once and read from another place each time."""

    def __init__(self, low_hz: float, high_hz: float, sample_rate_hz: int, rng: np.random.Generator) -> None:
        spectrum = np.fft.rfft(rng.standard_normal(NOISE_SIZE).astype(np.float32))
        hz = np.fft.rfftfreq(NOISE_SIZE, 1 / sample_rate_hz)
        spectrum[(hz < low_hz) | (hz > high_hz)] = 0
        block = np.fft.irfft(spectrum, NOISE_SIZE).astype(np.float32)
        self._block = block / np.float32(max(1e-9, float(np.max(np.abs(block)))))
        self._rng = rng

    def take(self, n: int) -> Samples:
        first = int(self._rng.integers(NOISE_SIZE))
        return np.take(self._block, np.arange(first, first + n), mode="wrap")


class _Voice:
    """Everything pitched: partials under an envelope, and noise."""

    def __init__(self, timbre: Timbre, sample_rate_hz: int, rng: np.random.Generator) -> None:
        self._timbre, self._rate, self._rng = timbre, sample_rate_hz, rng
        self._noise = _Noise(*timbre.noise_hz, sample_rate_hz, rng) if timbre.noise else None

    def sound(self, note: Note) -> Samples:
        n = round((note.duration_s + RELEASE_S) * self._rate)
        t = np.arange(n, dtype=np.float32) / np.float32(self._rate)
        sound = np.zeros(n, np.float32)
        for cents in (0.0, self._timbre.detune_cents) if self._timbre.detune_cents else (0.0,):
            sound += _partials(self._timbre, note.hz * 2 ** (cents / 1200), t, self._rate, self._rng)
        if self._noise:
            sound += np.float32(self._timbre.noise) * self._noise.take(n)
        return sound * _envelope(self._timbre, note.duration_s, t)


def _partials(timbre: Timbre, hz: float, t: Samples, sample_rate_hz: int, rng: np.random.Generator) -> Samples:
    cycles = np.float32(hz) * t
    if timbre.vibrato_cents:
        depth = hz * (2 ** (timbre.vibrato_cents / 1200) - 1) / (2 * np.pi * VIBRATO_HZ)
        cycles = cycles + np.float32(depth) * np.sin(np.float32(2 * np.pi * VIBRATO_HZ) * t)
    total = np.zeros(len(t), np.float32)
    k = np.arange(1, timbre.n_partials + 1)
    ratios = k * np.sqrt(1 + timbre.stretch * (k * k - 1))
    levels = _levels(timbre, k, ratios * hz).astype(np.float32)
    phases = rng.uniform(0, 2 * np.pi, len(k)).astype(np.float32)
    for i in np.flatnonzero(ratios * hz < 0.45 * sample_rate_hz):
        total += levels[i] * np.sin(np.float32(2 * np.pi * ratios[i]) * cycles + phases[i])
    return total


def _levels(timbre: Timbre, k: NDArray[np.int64], hz: NDArray[np.float64]) -> NDArray[np.float64]:
    levels = 10 ** (timbre.tilt_db * np.log2(k) / 20) * np.where(k % 2 == 0, timbre.even, 1.0)
    if not timbre.formants_hz:
        return levels
    octaves = np.log2(hz[:, None] / np.array(timbre.formants_hz))
    return levels * (0.3 + 2.0 * np.exp(-((octaves / 0.4) ** 2)).sum(axis=1))


def _envelope(timbre: Timbre, duration_s: float, t: Samples) -> Samples:
    rise = np.minimum(1.0, t / timbre.attack_s)
    release = np.clip(1 - (t - duration_s) / RELEASE_S, 0.0, 1.0)
    fall = np.exp(-t / timbre.decay_s) if timbre.decay_s else np.float32(1.0)
    return (rise * release * fall).astype(np.float32)


class _Kit:
    """A drum kit: a sweep for the kick, bands of noise for the rest."""

    def __init__(self, sample_rate_hz: int, rng: np.random.Generator) -> None:
        self._rate = sample_rate_hz
        top = 0.45 * sample_rate_hz
        self._noise = {
            piece: _Noise(min(low_hz, 0.7 * top), top, sample_rate_hz, rng) for piece, (low_hz, _, _) in KIT.items()
        }

    def sound(self, note: Note) -> Samples:
        n = round((0.9 if note.midi == CRASH else 0.25) * self._rate)
        t = np.arange(n, dtype=np.float32) / np.float32(self._rate)
        if note.midi not in KIT:
            return (np.sin(2 * np.pi * (50 * t + 4 * (1 - np.exp(-t / 0.03)))) * np.exp(-t / 0.09)).astype(np.float32)
        _, decay_s, level = KIT[note.midi]
        skin = np.sin(2 * np.pi * 190 * t) if note.midi == SNARE else np.float32(0.0)
        return (level * (self._noise[note.midi].take(n) + skin) * np.exp(-t / decay_s)).astype(np.float32)
