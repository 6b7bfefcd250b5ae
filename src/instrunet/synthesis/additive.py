"""Modelled instruments made of partials: organs, synthesizers, reeds, bowed strings, brass and sung vowels.

Each family draws a *patch* (its fixed character) and sounds it at any pitch. They are independent sources for classes
of which few recordings exist, and nobody else's copyright is in them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from instrunet.synthesis.bank import SAMPLE_RATE_HZ

Samples = NDArray[np.float32]
FRAME_S = 0.005
TOP_HZ = 15_000.0

VOWELS: tuple[tuple[float, ...], ...] = (
    (750, 1150, 2700, 3400), (500, 1800, 2550, 3400), (330, 2200, 2950, 3600), (450, 800, 2650, 3300),
    (330, 700, 2500, 3200),
)  # fmt: skip
"""First four formants of a, e, i, o and u, in hertz."""


@dataclass(frozen=True)
class Partials:
    """What is summed: frequencies as multiples of the fundamental, and how loud each is over time.

    Attributes:
        ratios: (K,) multiples of the fundamental.
        gains: (K, F) amplitude of every partial at every frame of FRAME_S.
        cents: (F,) deviation of pitch (vibrato, jitter, scoop).
        noise: (F,) level of breath or bow noise.
    """

    ratios: NDArray[np.float64]
    gains: NDArray[np.float64]
    cents: NDArray[np.float64]
    noise: NDArray[np.float64]


def sound(partials: Partials, pitch: float, rng: np.random.Generator) -> Samples:
    """Sum the partials below TOP_HZ; peak-normalised to 0.9."""
    n = int(partials.gains.shape[1] * FRAME_S * SAMPLE_RATE_HZ)
    fundamental = 440.0 * 2.0 ** ((pitch - 69.0) / 12.0)
    at = np.linspace(0, partials.gains.shape[1] - 1, n)
    frames = np.arange(partials.gains.shape[1])
    cents = np.interp(at, frames, partials.cents)
    phase = np.cumsum(2 * np.pi * fundamental / SAMPLE_RATE_HZ * 2.0 ** (cents / 1200.0))
    out = np.zeros(n, np.float32)
    for ratio, gain in zip(partials.ratios, partials.gains, strict=True):
        if ratio * fundamental < TOP_HZ and gain.max() > 1e-4:
            wave = np.sin((ratio * phase + rng.uniform(0, 2 * np.pi)).astype(np.float32))
            out += wave * np.interp(at, frames, gain).astype(np.float32)
    if partials.noise.max() > 0:
        out += _breath(n, fundamental, rng) * np.interp(at, frames, partials.noise).astype(np.float32)
    peak = float(np.abs(out).max())
    return out * np.float32(0.9 / peak) if peak > 0 else out


def _breath(n: int, around_hz: float, rng: np.random.Generator) -> Samples:
    """Noise that is strongest some octaves above the tone."""
    spectrum = np.fft.rfft(rng.standard_normal(n).astype(np.float32))
    f = np.fft.rfftfreq(n, 1 / SAMPLE_RATE_HZ)
    shape = np.exp(-0.5 * (np.log2(np.maximum(f, 1.0) / (4 * around_hz)) / 1.5) ** 2)
    noise = np.fft.irfft(spectrum * shape, n)
    return (noise / (np.abs(noise).max() + 1e-9)).astype(np.float32)


@dataclass
class Character:
    """The fixed part of a patch: a spectrum over absolute frequency (body, formants) and random numbers it drew."""

    peaks_hz: NDArray[np.float64]
    widths: NDArray[np.float64]
    gains_db: NDArray[np.float64]
    floats: dict[str, float] = field(default_factory=dict)

    def body(self, f: NDArray[np.float64]) -> NDArray[np.float64]:
        """Gain of the body at frequencies f."""
        octaves = np.log2(np.maximum(f, 10.0)[..., None] / self.peaks_hz)
        return 10.0 ** ((self.gains_db * np.exp(-0.5 * (octaves / self.widths) ** 2)).sum(-1) / 20.0)


def _character(rng: np.random.Generator, *, n_peaks: int, low_hz: float, high_hz: float, most_db: float) -> Character:
    return Character(
        peaks_hz=np.exp(rng.uniform(np.log(low_hz), np.log(high_hz), n_peaks)),
        widths=rng.uniform(0.08, 0.5, n_peaks),
        gains_db=rng.uniform(-most_db / 2, most_db, n_peaks),
    )


def _envelope(n: int, attack_s: float, decay_s: float, sustain: float, release_s: float) -> NDArray[np.float64]:
    """Attack, decay to a sustained level, release at the end; n frames."""
    t = np.arange(n) * FRAME_S
    rise = 1.0 - np.exp(-t / max(attack_s, 1e-3) * 3.0)
    fall = sustain + (1.0 - sustain) * np.exp(-np.maximum(t - attack_s, 0) / max(decay_s, 1e-3))
    return rise * fall * np.clip((t[-1] - t) / max(release_s, 1e-3), 0.0, 1.0)


def _wobble(n: int, rng: np.random.Generator, *, vibrato_cents: float, jitter_cents: float) -> NDArray[np.float64]:
    """Vibrato that sets in late, and the small unsteadiness of a living player."""
    t = np.arange(n) * FRAME_S
    walk = np.convolve(rng.standard_normal(n + 40), np.hanning(41) / 20, mode="valid")[:n]
    onset = np.clip((t - rng.uniform(0.05, 0.5)) / 0.4, 0, 1)
    return vibrato_cents * onset * np.sin(2 * np.pi * rng.uniform(4.5, 6.8) * t) + jitter_cents * walk


def _frames(duration_s: float) -> int:
    return int(duration_s / FRAME_S)


Family = Callable[[np.random.Generator], Callable[[float, float, np.random.Generator], Samples]]


def drawbar_organ(rng: np.random.Generator) -> Callable[[float, float, np.random.Generator], Samples]:
    """A tonewheel organ: nine drawbars, percussion, key click and a rotating loudspeaker."""
    bars = rng.integers(0, 9, 9) * (rng.random(9) < 0.7)
    bars[[0, 2]] = np.maximum(bars[[0, 2]], rng.integers(3, 9, 2))
    percussion, leslie = rng.random() < 0.5, rng.choice([0.0, 0.8, 6.6])
    ratios = np.array([0.5, 1.5, 1, 2, 3, 4, 5, 6, 8.0])
    drive = float(rng.choice([0.0, 0.0, 1.5, 5.0]))

    def note(pitch: float, loudness: float, rng: np.random.Generator) -> Samples:
        n = _frames(2.6)
        t = np.arange(n) * FRAME_S
        gains = np.outer(10 ** (-(8 - bars) * 3 / 20) * (bars > 0), _envelope(n, 0.004, 1, 1, 0.03))
        if percussion:
            gains[4] += 0.8 * np.exp(-t / 0.2)
        gains *= 1 + 0.25 * np.sin(2 * np.pi * leslie * t)[None] * (leslie > 0)
        cents = 12 * np.sin(2 * np.pi * leslie * t + 1) * (leslie > 0)
        noise = 0.3 * np.exp(-t / 0.006)
        x = sound(Partials(ratios, gains, cents, noise), pitch, rng)
        return np.tanh(x * drive).astype(np.float32) / np.float32(np.tanh(max(drive, 1e-3))) if drive else x

    return note


def pipe_organ(rng: np.random.Generator) -> Callable[[float, float, np.random.Generator], Samples]:
    """One to four stops (flute, principal, string, reed) at 16, 8, 4, 2⅔ or 2 feet, speaking with chiff."""
    feet = rng.choice([0.5, 1, 1, 2, 2, 3, 4], size=rng.integers(1, 5), replace=False)
    tilt = rng.choice([-30.0, -16.0, -9.0, -5.0], size=len(feet))
    k = np.arange(1, 25)

    def note(pitch: float, loudness: float, rng: np.random.Generator) -> Samples:
        n = _frames(2.6)
        ratios, gains = [], []
        for foot, slope in zip(feet, tilt, strict=True):
            level = 10 ** (slope * np.log2(k) / 20) * np.where((k % 2 == 0) & (slope < -20), 0.3, 1)
            ratios.append(foot * k * 2 ** (rng.normal(0, 3) / 1200))
            gains.append(np.outer(level, _envelope(n, rng.uniform(0.02, 0.09), 1, 1, 0.08)))
        noise = 0.03 + 0.15 * np.exp(-np.arange(n) * FRAME_S / 0.04)
        partials = Partials(np.concatenate(ratios), np.concatenate(gains), rng.normal(0, 1, n), noise)
        return sound(partials, pitch, rng)

    return note


def synthesizer(rng: np.random.Generator) -> Callable[[float, float, np.random.Generator], Samples]:
    """One to seven detuned oscillators through a moving low-pass: leads, basses, pads, plucks and sweeps."""
    wave, voices = rng.choice(["saw", "square", "pulse", "triangle"]), int(rng.choice([1, 2, 3, 7]))
    spread, cutoff = rng.uniform(3, 28), rng.uniform(0.5, 5.5)
    sweep, sharp = rng.uniform(-1, 4), rng.choice([12.0, 24.0])
    attack, decay, sustain = rng.choice([0.003, 0.02, 0.4]), rng.uniform(0.08, 1.5), rng.choice([0.0, 0.4, 0.8, 1.0])
    width, wobble = rng.uniform(0.08, 0.45), rng.choice([0.0, 0.0, rng.uniform(1, 8)])

    def note(pitch: float, loudness: float, rng: np.random.Generator) -> Samples:
        n = _frames(2.6)
        t = np.arange(n) * FRAME_S
        k = np.arange(1, 61)
        level = {"saw": 1 / k, "square": (k % 2) / k, "triangle": (k % 2) / k**2,
                 "pulse": np.abs(np.sin(np.pi * k * width)) / k}[str(wave)]  # fmt: skip
        corner = cutoff + sweep * np.exp(-t / decay) + (0.8 * np.sin(2 * np.pi * wobble * t) if wobble else 0)
        above = np.maximum(np.log2(k)[:, None] - corner[None], 0)
        gains = level[:, None] * 10 ** (-sharp * above / 20) * _envelope(n, attack, decay, sustain, 0.05)[None]
        detune = 2 ** (spread * np.linspace(-1, 1, voices) / 1200) if voices > 1 else np.ones(1)
        ratios = (k[None] * detune[:, None]).ravel()
        return sound(Partials(ratios, np.tile(gains, (voices, 1)), np.zeros(n), np.zeros(n)), pitch, rng)

    return note


def fm_keys(rng: np.random.Generator) -> Callable[[float, float, np.random.Generator], Samples]:
    """An electric piano: a struck bar or tine, modulated in frequency, brighter when played louder."""
    ratio, index, decay = float(rng.choice([1, 2, 3, 7, 14])), rng.uniform(0.4, 2.5), rng.uniform(0.6, 2.5)
    tine, bite, shake = rng.uniform(0, 0.25), rng.uniform(0, 3.0), rng.choice([0.0, rng.uniform(3, 7)])

    def note(pitch: float, loudness: float, rng: np.random.Generator) -> Samples:
        t = np.arange(int(2.6 * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
        f = 440.0 * 2 ** ((pitch - 69) / 12)
        fade = np.exp(-t / (decay * 2 ** ((60 - pitch) / 24)))
        modulation = index * loudness * fade * np.sin(2 * np.pi * f * min(ratio, 12_000 / f) * t)
        x = fade * np.sin(2 * np.pi * f * t + modulation) + tine * np.exp(-t / 0.15) * np.sin(2 * np.pi * f * 6.3 * t)
        x = np.tanh((1 + bite * loudness) * x) * (1 + 0.35 * np.sin(2 * np.pi * shake * t) * (shake > 0))
        x *= np.clip((t[-1] - t) / 0.1, 0, 1) * np.clip(t / 0.002, 0, 1)
        return (0.9 * x / np.abs(x).max()).astype(np.float32)

    return note


def free_reed(rng: np.random.Generator) -> Callable[[float, float, np.random.Generator], Samples]:
    """An accordion: one to three reeds an octave apart or in a tremolo of some cents, rich in harmonics."""
    cents = np.concatenate([[0], rng.choice([-1200.0, 8, 14, 22, -14, 1200], size=rng.integers(0, 3), replace=False)])
    body = _character(rng, n_peaks=6, low_hz=200, high_hz=6000, most_db=10)
    slope, odd = rng.uniform(-7, -3), rng.uniform(0.5, 1)
    return _blown(body, cents, slope, odd, vibrato=(0.0, 2.0), attack=(0.02, 0.09), noise=0.02)


def harmonica(rng: np.random.Generator) -> Callable[[float, float, np.random.Generator], Samples]:
    """A harmonica: one reed, a moving hand, scoops and vibrato."""
    body = _character(rng, n_peaks=5, low_hz=400, high_hz=5000, most_db=12)
    return _blown(
        body,
        np.zeros(1),
        rng.uniform(-6, -2.5),
        rng.uniform(0.4, 1),
        vibrato=(0.0, 35.0),
        attack=(0.02, 0.08),
        noise=0.05,
    )


def brass(rng: np.random.Generator) -> Callable[[float, float, np.random.Generator], Samples]:
    """Trumpet, trombone, horn: brightness follows loudness; the bell is a fixed formant."""
    body = Character(
        np.array([rng.uniform(500, 1600)]), np.array([rng.uniform(0.6, 1.1)]), np.array([rng.uniform(8, 16)])
    )
    slope = rng.uniform(-11, -6)
    return _blown(body, np.zeros(1), slope, 1.0, vibrato=(0.0, 18.0), attack=(0.03, 0.1), noise=0.02)


def single_reed(rng: np.random.Generator) -> Callable[[float, float, np.random.Generator], Samples]:
    """A clarinet: odd harmonics prevail low in the spectrum."""
    body = _character(rng, n_peaks=3, low_hz=900, high_hz=4000, most_db=8)
    return _blown(
        body,
        np.zeros(1),
        rng.uniform(-12, -6),
        rng.uniform(0.04, 0.3),
        vibrato=(0.0, 6.0),
        attack=(0.03, 0.09),
        noise=0.04,
    )


def bowed(rng: np.random.Generator) -> Callable[[float, float, np.random.Generator], Samples]:
    """A bowed string: a sawtooth through a body of many narrow resonances, with vibrato and bow noise."""
    body = _character(rng, n_peaks=22, low_hz=220, high_hz=6500, most_db=16)
    return _blown(body, np.zeros(1), rng.uniform(-7, -4.5), 1.0, vibrato=(0.0, 40.0), attack=(0.04, 0.2), noise=0.06)


def _blown(  # noqa: PLR0913 - the physical parameters of one sustained tone
    body: Character, cents: NDArray[np.float64], slope: float, even: float, *, vibrato: tuple[float, float],
    attack: tuple[float, float], noise: float,
) -> Callable[[float, float, np.random.Generator], Samples]:  # fmt: skip
    """A sustained tone: harmonics with a slope (dB an octave), even ones scaled, through a body."""

    def note(pitch: float, loudness: float, rng: np.random.Generator) -> Samples:
        n = _frames(2.6)
        f = 440.0 * 2 ** ((pitch - 69) / 12)
        k = np.arange(1.0, max(3, min(60, int(TOP_HZ / f))) + 1)
        tilt: NDArray[np.float64] = 10 ** ((slope - 5 * (1 - loudness)) * np.log2(k) / 20)
        level = tilt * np.where(k % 2 == 0, even, 1.0) * body.body(k * f)
        rise = rng.uniform(*attack) * (1 + 0.25 * np.log2(k))
        gains = np.stack([g * _envelope(n, a, 1.0, 0.85, 0.06) for g, a in zip(level, rise, strict=True)])
        gains *= 1 + 0.05 * np.convolve(rng.standard_normal(n + 20), np.hanning(21) / 10, "valid")[None, :n]
        ratios = (k[None] * 2 ** (cents[:, None] / 1200)).ravel()
        wobble = _wobble(n, rng, vibrato_cents=rng.uniform(*vibrato), jitter_cents=2.0)
        hiss = noise * level.max() * rng.uniform(0.2, 1.5) * _envelope(n, 0.02, 0.2, 0.6, 0.06)
        return sound(Partials(ratios, np.tile(gains, (len(cents), 1)), wobble, hiss), pitch, rng)

    return note


def sung_vowel(rng: np.random.Generator) -> Callable[[float, float, np.random.Generator], Samples]:
    """A singer: a voice source through formants that glide from one vowel to another, with vibrato."""
    size, slope, depth = rng.uniform(0.85, 1.25), rng.uniform(-9, -4), rng.uniform(5, 70)
    n_voices = int(rng.choice([1, 1, 4]))

    def note(pitch: float, loudness: float, rng: np.random.Generator) -> Samples:
        n = _frames(2.6)
        f = 440.0 * 2 ** ((pitch - 69) / 12)
        k = np.arange(1, max(3, min(60, int(9000 / f))) + 1)
        first, last = (size * np.array(VOWELS[i]) for i in rng.integers(0, len(VOWELS), 2))
        way = np.clip((np.arange(n) / n - rng.uniform(0.1, 0.6)) / 0.15, 0, 1)[:, None]
        formants = first * (1 - way) + last * way  # (F, 4)
        width = np.array([0.16, 0.11, 0.09, 0.09])
        octaves = np.log2((k * f)[:, None, None] / formants[None])  # (K, F, 4)
        shape = (10 ** (np.array([0, -6, -12, -14]) / 20) / (1 + (octaves / width) ** 2)).sum(-1) + 0.004
        gains = shape * (10 ** (slope * np.log2(k) / 20))[:, None] * _envelope(n, rng.uniform(0.03, 0.15), 1, 0.9, 0.1)
        ratios = np.concatenate([k * 2 ** (rng.normal(0, 9 * (n_voices > 1)) / 1200) for _ in range(n_voices)])
        wobble = _wobble(n, rng, vibrato_cents=depth, jitter_cents=5.0) - 150 * np.exp(
            -np.arange(n) * FRAME_S / 0.06
        ) * (rng.random() < 0.4)
        noise = 0.02 * gains.max() * _envelope(n, 0.02, 0.2, 0.5, 0.1)
        return sound(Partials(ratios, np.tile(gains, (n_voices, 1)), wobble, noise), pitch, rng)

    return note
