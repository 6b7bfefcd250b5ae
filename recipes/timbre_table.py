"""Measure the partials and spectral shapes of recorded single notes: the table behind the NMF separator.

    python recipes/timbre_table.py SAMPLES_FOLDER src/instrunet/transcription/timbres.json

SAMPLES_FOLDER holds ``index.csv`` (path, instrument, detail, library, midi_pitch, licence ...) and the notes. Sources
count alike however many notes they have; libraries whose licence is non-commercial or unstated are left out.
"""

from __future__ import annotations

import csv
import itertools
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instrunet.audio import load
from instrunet.labels import to_canonical
from instrunet.transcription.timbre import BAND_HIGH_HZ, BAND_LOW_HZ, N_BANDS, N_PARTIALS

SAMPLE_RATE_HZ = 22_050
N_FFT = 8192
LEFT_OUT = ("jrhodes3d", "terkelsen_marimba", "oramics_dm_TR808", "oramics_dm_TR909")
ANCHOR_SPACING = 6  # semitones between measured pitches
HITS = ("kick", "snare", "tom", "hihat_closed", "hihat_open", "ride", "crash")
SUSTAINED = {"violin", "viola", "cello", "flute", "clarinet", "oboe", "bassoon", "saxophone", "trumpet", "trombone",
             "french_horn", "tuba", "organ", "accordion", "harmonica", "string_section", "brass_section"}  # fmt: skip
MOST_SHAPES = 8
BORROWED = {"viola": "violin", "harmonica": "accordion", "voice": "oboe"}


def spectrum_of(samples: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean power spectrum of the loud part after the attack."""
    start = int(np.argmax(np.abs(samples))) + 200
    part = samples[start : start + SAMPLE_RATE_HZ // 2]
    part = part if len(part) > N_FFT // 4 else samples
    frames = [part[i : i + N_FFT // 2] for i in range(0, max(1, len(part) - N_FFT // 2), N_FFT // 8)]
    power = [np.abs(np.fft.rfft(f * np.hanning(len(f)), N_FFT)) ** 2 for f in frames]
    return np.sqrt(np.mean(power, axis=0))


def partial_levels(spectrum: NDArray[np.float64], pitch: float) -> tuple[NDArray[np.float64], float] | None:
    """Levels of the partials in dB below the strongest, and the tuning that fits them best."""
    bin_hz = SAMPLE_RATE_HZ / N_FFT
    best, best_hz = -1.0, 0.0
    for cents in range(-60, 61, 10):
        f0 = 440 * 2 ** ((pitch - 69 + cents / 100) / 12)
        ks = np.arange(1, 9)
        at = np.round(ks * f0 / bin_hz).astype(int)
        score = float(np.log(spectrum[at[at < len(spectrum) - 2]] + 1e-9).sum())
        if best_hz == 0 or score > best:
            best, best_hz = score, f0
    levels = np.full(N_PARTIALS, -80.0)
    for k in range(1, N_PARTIALS + 1):
        centre = round(k * best_hz / bin_hz)
        half = max(2, round(0.25 * best_hz / bin_hz))
        if centre + half >= len(spectrum):
            break
        levels[k - 1] = 20 * np.log10(spectrum[centre - half : centre + half + 1].max() + 1e-9)
    levels = np.maximum(levels - levels.max(), -80.0)
    return (levels, best_hz) if np.isfinite(levels).all() else None


def band_shape(spectrum: NDArray[np.float64]) -> NDArray[np.float64]:
    """Level in log-spaced bands, in dB below the loudest."""
    frequencies = np.arange(len(spectrum)) * SAMPLE_RATE_HZ / N_FFT
    edges = np.geomspace(BAND_LOW_HZ * 0.93, BAND_HIGH_HZ * 1.07, N_BANDS + 1)
    bands = [spectrum[(frequencies >= a) & (frequencies < b)] for a, b in itertools.pairwise(edges)]
    known = np.array([np.sqrt(np.mean(b**2)) if len(b) else np.nan for b in bands])
    known = np.interp(np.arange(N_BANDS), np.flatnonzero(~np.isnan(known)), known[~np.isnan(known)])
    level = 20 * np.log10(known + 1e-9)
    return np.maximum(level - level.max(), -60.0)


def measure(folder: Path) -> dict[str, Any]:
    """Measure every usable note and sum it up per instrument."""
    pitched: dict[str, dict[int, dict[str, list[NDArray[np.float64]]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(list))
    )
    shapes: dict[tuple[str, str], list[NDArray[np.float64]]] = defaultdict(list)
    for row in csv.DictReader((folder / "index.csv").open(encoding="utf-8")):
        if row["library"].startswith(LEFT_OUT):
            continue
        for name in to_canonical("samples", row["instrument"])[:1]:
            samples = load(folder / row["path"], sample_rate_hz=SAMPLE_RATE_HZ).samples
            if len(samples) < 500:
                continue
            spectrum = spectrum_of(samples)
            if row["midi_pitch"] and name not in ("drums", "cymbals", "hand_percussion"):
                found = partial_levels(spectrum, float(row["midi_pitch"]))
                anchor = round(float(row["midi_pitch"]) / ANCHOR_SPACING) * ANCHOR_SPACING
                if found:
                    pitched[name][anchor][row["library"]].append(found[0])
            elif name in ("cymbals", "hand_percussion") or row["detail"] in HITS:
                shapes[name, row["detail"]].append(band_shape(spectrum))
    return table(pitched, shapes)


def table(pitched: Any, shapes: Any) -> dict[str, Any]:
    """Median over notes, then over sources."""
    result: dict[str, Any] = {}
    for name, anchors in sorted(pitched.items()):
        pitches = sorted(anchors)
        levels = [
            np.median([np.median(notes, axis=0) for notes in anchors[p].values()], axis=0).round(1) for p in pitches
        ]
        stretch = 0.0 if name in SUSTAINED else 0.0002
        result[name] = {"pitches": pitches, "partials_db": [v.tolist() for v in levels], "inharmonicity": stretch,
                        "shapes_db": []}  # fmt: skip
    ranked = sorted(shapes.items(), key=lambda item: -len(item[1]))
    for (name, _detail), measured in ranked:
        if len(measured) >= 4 and len(result.get(name, {"shapes_db": []})["shapes_db"]) < MOST_SHAPES:
            row = result.setdefault(name, {"pitches": [], "partials_db": [], "inharmonicity": 0.0, "shapes_db": []})
            row["shapes_db"].append(np.median(measured, axis=0).round(1).tolist())
    for name, lender in BORROWED.items():
        if name not in result and lender in result:
            result[name] = result[lender]
    return result


if __name__ == "__main__":
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    measured = measure(source)
    target.write_text(json.dumps(measured, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{len(measured)} instruments, {target.stat().st_size / 1000:.0f} kB")  # noqa: T201
