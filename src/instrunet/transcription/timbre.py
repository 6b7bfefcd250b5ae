"""What single notes of an instrument look like: the strength of each partial, and the shape of unpitched sounds.

The table was measured from recorded single notes (``recipes/timbre_table.py`` makes it again). A few dozen numbers an
instrument suffice to draw the spectrum of any pitch, so nothing has to be trained or downloaded.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

Spectra = NDArray[np.float32]

N_PARTIALS = 24
N_BANDS = 40
"""Bands of the unpitched shapes, evenly spaced in log frequency from ``BAND_LOW_HZ`` to ``BAND_HIGH_HZ``."""
BAND_LOW_HZ, BAND_HIGH_HZ = 40.0, 11_000.0


@dataclass(frozen=True)
class Timbre:
    """An instrument's sound.

    Attributes:
        pitches: MIDI numbers at which partials were measured, rising; empty for unpitched instruments.
        partials_db: For each of those pitches, the level of each partial below the strongest.
        inharmonicity: How much partials are stretched (strings of a piano, plucked strings).
        shapes_db: Spectral shapes over log-spaced bands (noise, hits); for drums one for each kind of hit.
    """

    pitches: tuple[int, ...]
    partials_db: tuple[tuple[float, ...], ...]
    inharmonicity: float
    shapes_db: tuple[tuple[float, ...], ...]


@lru_cache(maxsize=1)
def timbres() -> dict[str, Timbre]:
    """Load the measured table: canonical instrument to timbre."""
    text = files("instrunet.transcription").joinpath("timbres.json").read_text(encoding="utf-8")
    return {
        name: Timbre(
            tuple(row["pitches"]),
            tuple(tuple(p) for p in row["partials_db"]),
            float(row["inharmonicity"]),
            tuple(tuple(s) for s in row["shapes_db"]),
        )
        for name, row in json.loads(text).items()
    }


def note_spectrum(timbre: Timbre, pitch: float, frequencies_hz: NDArray[np.float64], width_hz: float) -> Spectra:
    """Draw the magnitude spectrum of one note: a peak a partial, as wide as the analysis window smears it.

    >>> f = np.arange(1025) * 22050 / 2048
    >>> flat = Timbre((60,), ((0.0,) + (-60.0,) * 23,), 0.0, ())
    >>> float(f[note_spectrum(flat, 69, f, 20.0).argmax()])
    441.43...
    """
    f0 = 440.0 * 2 ** ((pitch - 69) / 12)
    out = np.zeros(len(frequencies_hz), np.float32)
    for k, level_db in enumerate(_levels_at(timbre, pitch), start=1):
        centre = f0 * k * np.sqrt(1 + timbre.inharmonicity * k * k)
        if centre > frequencies_hz[-1]:
            break
        out += np.float32(10 ** (level_db / 20)) * np.exp(-0.5 * ((frequencies_hz - centre) / width_hz) ** 2).astype(
            np.float32
        )
    return out / max(float(np.linalg.norm(out)), 1e-9)


def shape_spectra(timbre: Timbre, frequencies_hz: NDArray[np.float64]) -> list[Spectra]:
    """Draw the unpitched shapes at the given frequencies, each of unit length."""
    bands = np.geomspace(BAND_LOW_HZ, BAND_HIGH_HZ, N_BANDS)
    position = np.log(np.maximum(frequencies_hz, BAND_LOW_HZ))
    drawn = [10 ** (np.interp(position, np.log(bands), np.asarray(s)) / 20) for s in timbre.shapes_db]
    return [(d / max(float(np.linalg.norm(d)), 1e-9)).astype(np.float32) for d in drawn]


def _levels_at(timbre: Timbre, pitch: float) -> NDArray[np.float64]:
    """Interpolate the partial levels between measured pitches."""
    table = np.asarray(timbre.partials_db)
    return np.array([np.interp(pitch, timbre.pitches, table[:, k]) for k in range(table.shape[1])])
