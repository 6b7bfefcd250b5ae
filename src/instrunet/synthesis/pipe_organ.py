"""Pipe organs from the stop definitions of Aeolus (``.ae0``): ranks of pipes as sums of harmonics, drawn together.

A stop file holds, for eleven notes half an octave apart, the level, the attack and the random spread of 64 harmonics,
and the tuning, wind instability and decay of a pipe. Registrations of several stops become patches of an organ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from instrunet.errors import InstrunetError
from instrunet.synthesis.bank import SAMPLE_RATE_HZ, NoteRow

Array = NDArray[np.float64]
STOPS = Path("/usr/share/aeolus/stops")
"""Where Debian's package ``stops`` puts them."""
SOURCE = "model_stops"

N_KNOTS, N_HARMONICS, HEADER_BYTES = 11, 64, 192
CURVE = np.dtype([("set", "<u4"), ("at", "<f4", (N_KNOTS,))])
HOLD_S, AFTER_S, TOP_HZ = 2.4, 0.6, 14_000.0

REGISTRATIONS: dict[str, tuple[str, ...]] = {
    "principal": ("I_principal_8",),
    "principals": ("I_principal_8", "I_principal_4"),
    "chorus": ("I_principal_8", "I_principal_4", "I_octave_2"),
    "plenum": ("I_principal_8", "I_principal_4", "I_octave_2", "I_quinte_223", "I_mixtur5fach"),
    "full": ("bourdon16", "I_principal_8", "I_principal_4", "I_octave_2", "I_mixtur5fach", "I_trumpet"),
    "flute": ("rohrflute8",),
    "flutes": ("flute8", "flute4"),
    "tibia": ("tibia8", "II_flautodolce4"),
    "cornet": ("rohrflute8", "flute4", "nasard", "flute2", "tertia"),
    "sesquialtera": ("harmflute8", "sesqualtera"),
    "celeste": ("gemshorn8", "celesta"),
    "strings": ("III_principal_8", "suabile"),
    "trumpet": ("I_trumpet", "I_principal_8"),
    "cromhorne": ("cromhorne",),
    "oboe": ("new_oboe_fa", "gemshorn8"),
    "deep": ("bourdon16", "tibia8", "quintadena"),
}
"""Patches of the organ: which stops sound together."""


@dataclass(frozen=True)
class Stop:
    """One rank of pipes.

    Attributes:
        lowest, highest: MIDI keys that have a pipe.
        ratio: pitch as a multiple of the key's (a four-foot stop has 2).
        pipe: level in dB, tuning offset and random offset in Hz, instability, attack, attack detune, decay and decay
            detune, each at the knots.
        harmonics: level in dB, random spread in dB, attack in seconds and overshoot of the attack (each of harmonics x
            knots).
    """

    lowest: int
    highest: int
    ratio: float
    pipe: Array
    harmonics: Array

    def at(self, key: int) -> tuple[Array, Array]:
        """The pipe's values and the harmonics' for one key, between the knots by interpolation."""
        where = np.clip((key - self.lowest) * (N_KNOTS - 1) / max(1, self.highest - self.lowest), 0, N_KNOTS - 1)
        below = min(int(where), N_KNOTS - 2)
        part = where - below
        first, second = (array[..., below] for array in (self.pipe, self.harmonics))
        after, beyond = (array[..., below + 1] for array in (self.pipe, self.harmonics))
        return first * (1 - part) + after * part, second * (1 - part) + beyond * part


def read_stop(path: str | Path) -> Stop:
    """Read a stop file.

    Raises:
        InstrunetError: it is none, or of a version that is not known.
    """
    data = Path(path).read_bytes()
    curves = 8 + 4 * N_HARMONICS
    if data[:7] != b"AEOLUS\0" or data[26] != N_HARMONICS or len(data) != HEADER_BYTES + curves * CURVE.itemsize:
        raise InstrunetError(f"{path}: not a stop file of Aeolus (version 2, {N_HARMONICS} harmonics)")
    lowest, highest, numerator, denominator = data[28:32]
    values = np.frombuffer(data, CURVE, curves, HEADER_BYTES)["at"].astype(np.float64)
    return Stop(
        lowest,
        highest if highest > lowest else 96,
        numerator / max(1, denominator),
        values[:8],
        values[8:].reshape(4, N_HARMONICS, N_KNOTS),
    )


def pipe_note(stops: list[Stop], key: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """The stops together on one key, held and let go; peak 0.9."""
    n = int((HOLD_S + AFTER_S) * SAMPLE_RATE_HZ)
    total = np.zeros(n)
    for stop in stops:
        total += _pipe(stop, key, n, rng)
    return (0.9 * total / max(float(np.abs(total).max()), 1e-9)).astype(np.float32)


def _pipe(stop: Stop, key: int, n: int, rng: np.random.Generator) -> Array:
    pipe, (level_db, spread_db, attack_s, overshoot) = stop.at(key)
    t = np.arange(n) / SAMPLE_RATE_HZ
    fundamental = stop.ratio * 440.0 * 2 ** ((key - 69) / 12) + pipe[1] + pipe[2] * rng.uniform(-1, 1)
    phase = 2 * np.pi * np.cumsum(fundamental * (1 + 0.0006 * pipe[3] * _wander(n, rng))) / SAMPLE_RATE_HZ
    release = np.where(t < HOLD_S, 1.0, np.exp(-(t - HOLD_S) / max(0.02, min(pipe[6], AFTER_S) / 3)))
    total = np.zeros(n)
    for number in range(N_HARMONICS):
        gain_db = pipe[0] + level_db[number] + spread_db[number] * rng.uniform(-1, 1)
        if gain_db > -80 and fundamental * (number + 1) < TOP_HZ:
            swell = _attack(t, max(attack_s[number], 0.005), overshoot[number])
            total += 10 ** (gain_db / 20) * swell * np.sin((number + 1) * phase + rng.uniform(0, 2 * np.pi))
    return total * release


def _attack(t: Array, attack_s: float, overshoot: float) -> Array:
    """From nothing to 1 within the attack; a harmonic with an overshoot is louder on the way."""
    at = np.clip(t / attack_s, 0, 1)
    rise = 0.5 * (1 - np.cos(np.pi * at))
    return rise * (1 + max(0.0, overshoot) * np.sin(np.pi * at))


def _wander(n: int, rng: np.random.Generator) -> Array:
    """Slow noise of unit size: the wind is never quite steady."""
    knots = rng.normal(0, 1, 2 + n // (SAMPLE_RATE_HZ // 8))
    return np.interp(np.linspace(0, len(knots) - 1, n), np.arange(len(knots)), knots)


def pipe_organ_notes(folder: str | Path = STOPS, *, seed: int = 1) -> Iterator[tuple[NoteRow, NDArray[np.float32]]]:
    """Every registration whose stops are there, every third key, for `write_bank`.

    Raises:
        InstrunetError: no registration can be drawn from what lies in the folder.
    """
    folder, drawn = Path(folder), 0
    for number, (name, stops) in enumerate(REGISTRATIONS.items()):
        paths = [folder / f"{stop}.ae0" for stop in stops]
        if not all(path.is_file() for path in paths):
            continue
        drawn += 1
        rng, ranks = np.random.default_rng([seed, number]), [read_stop(path) for path in paths]
        for key in range(36, 97, 3):
            row = NoteRow("organ", SOURCE, name, "", float(key), 1.0, 0, 0, True, "stops of Aeolus, GPL-3+")
            yield row, pipe_note(ranks, key, rng)
    if not drawn:
        raise InstrunetError(f"{folder}: no organ stops here; install the system package 'stops'")
