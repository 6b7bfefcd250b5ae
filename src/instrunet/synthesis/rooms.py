"""Rooms: measured impulse responses from files, and synthetic ones without limit."""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from instrunet.errors import InstrunetError

Samples = NDArray[np.float32]

NOT_FOR_SHIPPED_MODELS = ("NC", "unstated")
"""A licence that contains one of these words keeps an impulse response out of what is shipped."""


@dataclass(frozen=True)
class Room:
    """Where a stem stands: a measured response (``path``) or a synthetic one from ``t60_s`` and ``seed``.

    ``wet`` is the energy of the reverberation relative to the dry sound.
    """

    wet: float
    t60_s: float = 0.5
    pre_delay_ms: float = 5.0
    bright_hz: float = 5000.0
    seed: int = 0
    path: str = ""

    @classmethod
    def draw(cls, rng: np.random.Generator, measured: tuple[str, ...] = ()) -> Room:
        """A measured room one time in three where there are any, otherwise a synthetic one."""
        path = str(rng.choice(np.array(measured))) if measured and rng.random() < 1 / 3 else ""
        return cls(
            wet=float(10 ** rng.uniform(-1.6, -0.1)),
            t60_s=float(np.exp(rng.uniform(np.log(0.15), np.log(2.8)))),
            pre_delay_ms=float(rng.uniform(0, 40)),
            bright_hz=float(np.exp(rng.uniform(np.log(1500), np.log(9000)))),
            seed=int(rng.integers(2**31)),
            path=path,
        )


def measured_rooms(folder: str | os.PathLike[str], *, shippable: bool = True) -> tuple[str, ...]:
    """Paths of the impulse responses in ``folder`` (those in ``index_ir.csv`` where there is one).

    Args:
        folder: where the files lie.
        shippable: leave out non-commercial and unstated licences.

    Raises:
        InstrunetError: the folder is not there.
    """
    root = Path(folder)
    if not root.is_dir():
        raise InstrunetError(f"{root}: no such folder of impulse responses")
    index = root / "index_ir.csv"
    if not index.is_file():
        return tuple(str(path) for path in sorted([*root.glob("*.flac"), *root.glob("*.wav")]))
    with index.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return tuple(
        str(root / row["path"])
        for row in rows
        if not (shippable and any(word in row["licence"] for word in NOT_FOR_SHIPPED_MODELS))
    )


def synthetic_response(room: Room, sample_rate_hz: int) -> Samples:
    """Early reflections, then noise whose highs die first; unit energy.

    >>> response = synthetic_response(Room(wet=0.3, t60_s=0.4, seed=1), 16000)
    >>> round(float(np.sum(response**2)), 3)
    1.0
    """
    from scipy.signal import lfilter

    rng = np.random.default_rng(room.seed)
    n = max(64, round(min(room.t60_s * 1.1, 3.0) * sample_rate_hz))
    t = np.arange(n, dtype=np.float32) / np.float32(sample_rate_hz)
    noise = rng.standard_normal(n).astype(np.float32)
    pole = float(np.exp(-2 * np.pi * min(room.bright_hz, 0.45 * sample_rate_hz) / sample_rate_hz))
    dark = lfilter([1 - pole], [1, -pole], noise).astype(np.float32)
    fast, slow = np.exp(-6.91 * t / (0.45 * room.t60_s)), np.exp(-6.91 * t / room.t60_s)
    tail = (0.5 * noise * fast + dark * slow).astype(np.float32)
    reflections = rng.integers(0, max(1, round(0.06 * sample_rate_hz)), size=8) % n
    tail[reflections] += (rng.uniform(-1, 1, size=8) * 6 * np.exp(-reflections / (0.03 * sample_rate_hz))).astype(
        np.float32
    )
    late = np.zeros(round(room.pre_delay_ms * sample_rate_hz / 1000), np.float32)
    return _unit_energy(np.concatenate([late, tail]))


def _unit_energy(response: Samples) -> Samples:
    return (response / max(1e-9, float(np.sqrt(np.sum(response**2))))).astype(np.float32)


@lru_cache(maxsize=64)
def _measured_response(path: str, sample_rate_hz: int) -> Samples:
    import soundfile
    import soxr

    try:
        x, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except (OSError, RuntimeError) as error:
        raise InstrunetError(f"{path}: cannot be read as an impulse response: {error}") from error
    mono = x.mean(axis=1)
    if rate_hz != sample_rate_hz:
        mono = soxr.resample(mono, rate_hz, sample_rate_hz)
    return _unit_energy(mono[: 3 * sample_rate_hz].astype(np.float32))


def reverberate(x: Samples, sample_rate_hz: int, room: Room) -> Samples:
    """``x`` heard in the room; the length stays (the tail beyond the end is cut).

    >>> click = np.zeros(16000, np.float32)
    >>> click[100] = 1
    >>> wet = reverberate(click, 16000, Room(wet=0.5, t60_s=0.5, seed=3))
    >>> len(wet), bool(np.abs(wet[4000:]).max() > 0)
    (16000, True)
    """
    from scipy.fft import irfft, next_fast_len, rfft

    if not len(x) or room.wet <= 0:
        return x
    if room.path:
        response = _measured_response(room.path, sample_rate_hz)
    else:
        response = synthetic_response(room, sample_rate_hz)
    n = next_fast_len(len(x) + len(response) - 1, real=True)
    tail = irfft(rfft(x, n) * rfft(response, n), n)[: len(x)]
    return (x + np.float32(np.sqrt(room.wet)) * tail).astype(np.float32)
