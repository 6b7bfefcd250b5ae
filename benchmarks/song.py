"""A song of our own, for benchmarks and as the example: plucked strings, a bass and drums, all computed here.

python benchmarks/song.py song.mp3 --duration 180
python benchmarks/song.py tests/data/example.ogg --duration 8 --rate 22050     # how the example was made
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BEAT_S = 0.5
CHORDS_HZ = ((196.0, 246.9, 293.7), (164.8, 196.0, 246.9), (130.8, 164.8, 196.0), (146.8, 185.0, 220.0))


def plucked(hz: float, duration_s: float, rate_hz: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """A string after Karplus and Strong: a burst of noise goes round and grows duller each time."""
    period = round(rate_hz / hz)
    string = rng.uniform(-1, 1, period)
    rounds = []
    for _ in range(-(-round(duration_s * rate_hz) // period)):
        rounds.append(string)
        string = 0.498 * (string + np.roll(string, 1))
    return np.concatenate(rounds)[: round(duration_s * rate_hz)]


def drum(kind: str, rate_hz: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """A kick (a falling tone), a snare or a hi-hat (noise that dies away)."""
    t = np.arange(round(0.25 * rate_hz)) / rate_hz
    if kind == "kick":
        return np.sin(2 * np.pi * (50 * t + 8 * (1 - np.exp(-t / 0.02)))) * np.exp(-t / 0.08)
    noise = rng.standard_normal(len(t))
    if kind == "hat":
        return np.diff(noise, prepend=0.0) * np.exp(-t / 0.02)
    return (noise + np.sin(2 * np.pi * 190 * t)) * np.exp(-t / 0.06)


def render(duration_s: float, *, rate_hz: int = 44_100, seed: int = 1) -> NDArray[np.float32]:
    """The song, mono, as long as asked for."""
    rng = np.random.default_rng(seed)
    out = np.zeros(round(duration_s * rate_hz) + 4 * rate_hz)

    def add(sound: NDArray[np.float64], time_s: float, level: float) -> None:
        at = round(time_s * rate_hz)
        out[at : at + len(sound)] += level * sound

    for beat in range(int(duration_s / BEAT_S)):
        chord = CHORDS_HZ[beat // 4 % 4]
        time_s = beat * BEAT_S
        for i, hz in enumerate(chord):
            add(plucked(hz * (2 if beat % 2 else 1), 1.5, rate_hz, rng), time_s + 0.012 * i, 0.16)
        if beat % 2 == 0:
            add(plucked(chord[0] / 4, 0.9, rate_hz, rng), time_s, 0.3)
        add(drum("snare" if beat % 2 else "kick", rate_hz, rng), time_s, 0.35 if beat % 2 == 0 else 0.12)
        for half in (0, 1):
            add(drum("hat", rate_hz, rng), time_s + half * BEAT_S / 2, 0.05)
    song = out[: round(duration_s * rate_hz)]
    return (0.8 * song / np.max(np.abs(song))).astype(np.float32)


def main() -> None:
    """Render and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--duration", type=float, default=180.0, help="seconds")
    parser.add_argument("--rate", type=int, default=44_100, help="samples per second")
    args = parser.parse_args()
    from instrunet.audio import write

    write(args.out, render(args.duration, rate_hz=args.rate), args.rate)
    print(f"{args.out}: {args.duration:g} s, {args.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
