"""Voice banks: recordings of voices, cut into syllables and kept as WORLD parameters.

A syllable is what the WORLD vocoder needs to speak it again at any pitch and length: whether each 5 ms frame is
voiced, its spectral envelope and its breathiness. Analysis takes a sixth of real time, so it is cached on disk.
"""

from __future__ import annotations

import csv
import hashlib
import importlib
import itertools
import sys
import types
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instrunet.errors import InstrunetError, MissingExtraError
from instrunet.files import written_whole

FRAME_S = 0.005
N_ENVELOPE = 60
SHORTEST_S, LONGEST_S = 0.12, 1.6
LARGEST_ONSET_S = 0.16
ANALYSIS_VERSION = 1


@dataclass(frozen=True, eq=False)
class Syllable:
    """One syllable; the arrays share their first axis, a frame every ``FRAME_S``."""

    voiced: NDArray[np.bool_]  # (frames,)
    envelope: NDArray[np.float32]  # (frames, N_ENVELOPE), coded
    breath: NDArray[np.float32]  # (frames, bands), coded aperiodicity
    n_onset: int
    """Frames before the vowel is there; they sound before the beat and are never stretched."""

    @property
    def n_frames(self) -> int:
        """How long the recording is."""
        return len(self.voiced)


@dataclass(frozen=True)
class VoiceRow:
    """A recording of the index."""

    path: str
    bank: str
    pitch: float
    licence: str


@dataclass(frozen=True, eq=False)
class Voices:
    """A folder of voice banks, with a place to keep what was analysed."""

    folder: Path
    rows: tuple[VoiceRow, ...]
    cache: Path | None = None

    @classmethod
    def open(cls, folder: str | Path, *, cache: str | Path | None = None) -> Voices:
        """Read ``index_voice.csv`` of ``folder``.

        Raises:
            InstrunetError: there is no index.
        """
        root = Path(folder)
        index = root / "index_voice.csv"
        if not index.is_file():
            raise InstrunetError(f"{root}: no voice banks here (index_voice.csv is missing)")
        with index.open(newline="", encoding="utf-8") as file:
            rows = tuple(
                VoiceRow(row["path"], row["bank"], float(row["midi_pitch"] or 57.0), row["licence"])
                for row in csv.DictReader(file)
            )
        return cls(root, rows, Path(cache) if cache else None)

    @property
    def banks(self) -> tuple[str, ...]:
        """The names of the banks, each an independent singer."""
        return tuple(sorted({row.bank for row in self.rows}))

    def pitch(self, bank: str) -> float:
        """The median pitch at which the bank was recorded, as a MIDI number."""
        return float(np.median([row.pitch for row in self._rows(bank)]))

    def syllables(self, bank: str, rng: np.random.Generator, *, least: int) -> list[Syllable]:
        """At least ``least`` syllables from a few recordings drawn at random (fewer if the bank has no more)."""
        found: list[Syllable] = []
        for row in rng.permutation(np.array(self._rows(bank), dtype=object)):
            found += _cached_syllables(str(self.folder / row.path), str(self.cache or ""))
            if len(found) >= least:
                break
        if not found:
            raise InstrunetError(f"{self.folder}: the voice bank {bank} holds no syllable that can be sung")
        return found

    def _rows(self, bank: str) -> list[VoiceRow]:
        rows = [row for row in self.rows if row.bank == bank]
        if not rows:
            raise InstrunetError(f"{self.folder}: no voice bank named {bank}; there are {', '.join(self.banks)}")
        return rows


def world() -> Any:
    """The WORLD vocoder.

    Its package asks the old ``pkg_resources`` for its own version and fails where setuptools no longer brings
    that; so a stand-in answers while it is imported.

    Raises:
        MissingExtraError: it is not installed.
    """
    stand_in = types.ModuleType("pkg_resources")
    stand_in.get_distribution = lambda _name: types.SimpleNamespace(version="")  # type: ignore[attr-defined]
    missing = "pkg_resources" not in sys.modules
    if missing:
        sys.modules["pkg_resources"] = stand_in
    try:
        return importlib.import_module("pyworld")
    except ImportError as error:
        raise MissingExtraError("synth", "singing") from error
    finally:
        if missing:
            del sys.modules["pkg_resources"]


@lru_cache(maxsize=512)
def _cached_syllables(path: str, cache: str) -> tuple[Syllable, ...]:
    if not cache:
        return tuple(analyse(path))
    key = hashlib.sha256(f"{ANALYSIS_VERSION}:{Path(path).parent.name}/{Path(path).name}".encode()).hexdigest()[:20]
    kept = Path(cache) / f"{key}.npz"
    if not kept.is_file():
        _keep(kept, analyse(path))
    with np.load(kept) as arrays:
        count = int(arrays["count"])
        return tuple(
            Syllable(
                arrays[f"voiced{k}"],
                arrays[f"envelope{k}"].astype(np.float32),
                arrays[f"breath{k}"].astype(np.float32),
                int(arrays[f"onset{k}"]),
            )
            for k in range(count)
        )


def _keep(path: Path, syllables: list[Syllable]) -> None:
    arrays: dict[str, Any] = {"count": len(syllables)}
    for k, syllable in enumerate(syllables):
        arrays[f"voiced{k}"] = syllable.voiced
        arrays[f"envelope{k}"] = syllable.envelope.astype(np.float16)
        arrays[f"breath{k}"] = syllable.breath.astype(np.float16)
        arrays[f"onset{k}"] = syllable.n_onset
    with written_whole(path) as beside, beside.open("wb") as file:
        np.savez(file, **arrays)


def analyse(path: str | Path) -> list[Syllable]:
    """Cut one recording (32 kHz) into syllables.

    Raises:
        InstrunetError: the file cannot be read.
    """
    import soundfile

    try:
        x, rate_hz = soundfile.read(path, dtype="float64", always_2d=True)
    except (OSError, RuntimeError) as error:
        raise InstrunetError(f"{path}: cannot be read: {error}") from error
    return syllables_of(x.mean(axis=1).astype(np.float32), rate_hz)


def syllables_of(x: NDArray[np.float32], sample_rate_hz: int) -> list[Syllable]:
    """Cut a dry voice into syllables.

    >>> syllables_of(np.zeros(8000, np.float32), 32000)
    []
    """
    import soxr

    pw = world()
    wave = np.ascontiguousarray(soxr.resample(x, sample_rate_hz, VOICE_RATE_HZ), np.float64)
    if len(wave) < SHORTEST_S * VOICE_RATE_HZ or np.max(np.abs(wave)) < 1e-4:
        return []
    f0, times = pw.dio(wave, VOICE_RATE_HZ, frame_period=1000 * FRAME_S)
    f0 = pw.stonemask(wave, f0, times, VOICE_RATE_HZ)
    power = pw.cheaptrick(wave, f0, times, VOICE_RATE_HZ)
    breath = pw.code_aperiodicity(pw.d4c(wave, f0, times, VOICE_RATE_HZ), VOICE_RATE_HZ).astype(np.float32)
    envelope = pw.code_spectral_envelope(power, VOICE_RATE_HZ, N_ENVELOPE).astype(np.float32)
    level_db = 10 * np.log10(power.sum(axis=1) + 1e-12)
    spans = syllable_spans(level_db, f0 > 0)
    return [Syllable(f0[a:b] > 0, envelope[a:b], breath[a:b], _onset(level_db[a:b], f0[a:b] > 0)) for a, b in spans]


VOICE_RATE_HZ = 32_000


def syllable_spans(level_db: NDArray[np.float64], voiced: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Frames [start, end) of the syllables: between dips of the level, mostly voiced, neither short nor long.

    >>> level = np.array([-60.0] * 10 + [-10.0] * 40 + [-40.0] * 10 + [-10.0] * 40 + [-60.0] * 10)
    >>> syllable_spans(level, level > -30)
    [(8, 54), (54, 102)]
    """
    from scipy.ndimage import gaussian_filter1d
    from scipy.signal import find_peaks

    smooth = gaussian_filter1d(level_db, 2.5)
    loud = smooth > float(np.max(smooth)) - 35
    masked = np.where(loud, smooth, float(np.max(smooth)) - 35)
    dips = find_peaks(-masked, prominence=3.0, distance=round(0.08 / FRAME_S), plateau_size=(None, None))[0]
    edges = [0, *[int(dip) for dip in dips], len(level_db)]
    spans = []
    for start, end in itertools.pairwise(edges):
        inside = np.flatnonzero(loud[start:end])
        if not len(inside):
            continue
        first, last = start + max(0, int(inside[0]) - 1), min(end, start + int(inside[-1]) + 2)
        length_s = (last - first) * FRAME_S
        if length_s >= SHORTEST_S and voiced[first:last].mean() > 0.55:
            spans.append((first, min(last, first + round(LONGEST_S / FRAME_S))))
    return spans


def _onset(level_db: NDArray[np.float64], voiced: NDArray[np.bool_]) -> int:
    """The first voiced frame within 3 dB of the loudest, at most ``LARGEST_ONSET_S`` in."""
    ready = np.flatnonzero(voiced & (level_db > np.max(level_db) - 3))
    first = int(ready[0]) if len(ready) else 0
    return min(first, round(LARGEST_ONSET_S / FRAME_S), len(voiced) // 2)
