"""Tempo and beats from the notes themselves.

Most of what people transcribe keeps one tempo, so a constant grid is tried first: the period and phase on which most
onsets fall. Only when it explains too little do the beats follow the playing, by dynamic programming.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from instrunet.transcription.notes import Part

Curve = NDArray[np.float64]

RATE_HZ = 100
SLOWEST_BPM, FASTEST_BPM = 40.0, 220.0
COMFORTABLE_BPM = 105.0
"""People tap near this tempo; the prior is a broad bell over octaves around it."""


@dataclass(frozen=True)
class BeatGrid:
    """Where the beats fall.

    Attributes:
        times_s: Beat times, rising, covering every note.
        tempo_bpm: Beats a minute (the median where the tempo moves).
        constant: Whether one tempo fits the whole recording.
        confidence: Share of onsets (by weight) that lie on the grid's quarter beats, 0 to 1.
    """

    times_s: tuple[float, ...]
    tempo_bpm: float
    constant: bool
    confidence: float

    def position(self, time_s: float) -> float:
        """Give a time as beats from the first one, fractional, extrapolated beyond the ends.

        >>> BeatGrid((0.0, 0.5, 1.0), 120.0, True, 1.0).position(0.75)
        1.5
        """
        times = self.times_s
        index = int(np.clip(np.searchsorted(times, time_s, side="right") - 1, 0, len(times) - 2))
        return index + (time_s - times[index]) / (times[index + 1] - times[index])


def track_beats(parts: Sequence[Part], duration_s: float) -> BeatGrid | None:
    """Find the beats; ``None`` where there are too few onsets to tell (fewer than four)."""
    onsets, weights = _onsets(parts)
    if len(onsets) < 4:
        return None
    end_s = max(duration_s, float(onsets[-1]))
    curve = _salience(onsets, weights, end_s)
    played = _Played(onsets, weights, curve, Turning(onsets, weights), end_s)
    grids = [_constant_grid(period, played) for period in _periods(curve)]
    best, _ = max(grids, key=lambda pair: pair[1])
    if best.confidence >= 0.72 or len(onsets) < 12:
        return best
    followed = _followed(60.0 / best.tempo_bpm, curve, onsets, weights)
    return followed if followed.confidence > best.confidence + 0.05 else best


def _onsets(parts: Sequence[Part]) -> tuple[Curve, Curve]:
    """Onset times and weights, louder, longer and lower notes weighing more."""
    rows = sorted(
        (n.onset_s, (0.4 + n.velocity / 127) * (0.5 + min(n.duration_s, 1.0)) * (1.3 if n.pitch < 52 else 1.0))
        for part in parts
        for n in part.notes
    )
    return np.array([r[0] for r in rows]), np.array([r[1] for r in rows])


def _salience(onsets: Curve, weights: Curve, end_s: float) -> Curve:
    curve = np.zeros(int(end_s * RATE_HZ) + 2 * RATE_HZ)
    np.add.at(curve, np.round(onsets * RATE_HZ).astype(int), weights)
    kernel = np.exp(-0.5 * (np.arange(-8, 9) / 2.5) ** 2)
    return np.log1p(np.convolve(curve, kernel, mode="same"))


def _periods(curve: Curve) -> list[float]:
    """Candidate beat periods in seconds, by autocorrelation summed over multiples, most likely first."""
    centred = curve - curve.mean()
    size = 1 << (2 * len(centred)).bit_length()
    spectrum = np.abs(np.fft.rfft(centred, size)) ** 2
    auto = np.fft.irfft(spectrum)[: len(centred)]
    auto = auto / max(auto[0], 1e-12)
    lags = np.arange(round(RATE_HZ * 60 / FASTEST_BPM), round(RATE_HZ * 60 / SLOWEST_BPM) + 1)
    lags = lags[lags < len(auto)]
    if not len(lags):
        return [60 / COMFORTABLE_BPM]
    strength = np.zeros(len(lags))
    for multiple in (1, 2, 3, 4):
        inside = lags * multiple < len(auto) - 2
        near = np.stack([auto[np.minimum(lags * multiple + d, len(auto) - 1)] for d in (-1, 0, 1)]).max(0)
        strength += np.where(inside, near, 0.0) / multiple
    strength *= np.array([_comfort(lag / RATE_HZ) for lag in lags])
    order = np.argsort(-strength)
    picked: list[float] = []
    for index in order:
        period = lags[index] / RATE_HZ
        if all(abs(np.log2(period / p)) > 0.06 for p in picked):
            picked.append(float(period))
        if len(picked) == 6:
            break
    more = [p * f for p in picked[:2] for f in (0.5, 2.0, 1.5, 2 / 3)]
    return picked + [p for p in more if 60 / FASTEST_BPM <= p <= 60 / SLOWEST_BPM]


def _comfort(period_s: float) -> float:
    return float(np.exp(-0.5 * (np.log2(60 / period_s / COMFORTABLE_BPM) / 0.8) ** 2))


@dataclass(frozen=True)
class _Played:
    """Onsets (s) with their weights, as a curve and as a spectrum, and where the recording ends."""

    onsets: Curve
    weights: Curve
    curve: Curve
    turning: Turning
    end_s: float


def _constant_grid(period_s: float, played: _Played) -> tuple[BeatGrid, float]:
    """Refine period and phase; the score favours grids whose beats carry weight and whose quarters explain the rest."""
    onsets, weights = played.onsets, played.weights
    period, phase = _locked(period_s, played)
    phase = _best_phase(period, phase, played.curve)
    first = phase - np.ceil((phase - float(onsets[0]) + 0.06) / period) * period
    while first + period <= float(onsets[0]) + 0.06:
        first += period
    times = first + period * np.arange(int(np.ceil((played.end_s - first) / period)) + 2)
    on_beat = _share_near(onsets, weights, period, phase, 1)
    on_quarter = _share_near(onsets, weights, period, phase, 4)
    on_third = _share_near(onsets, weights, period, phase, 3)
    fit = max(on_quarter, 0.95 * on_third)
    filled = _filled(times, onsets, period)
    score = (0.45 * on_beat + 0.75 * fit + 0.35 * filled) * (0.55 + 0.45 * _comfort(period))
    return BeatGrid(tuple(float(t) for t in times), 60.0 / period, True, float(fit)), score


def _locked(period_s: float, played: _Played) -> tuple[float, float]:
    """Tune a candidate period so finely that beats, halves and quarters still agree at the far end."""
    onsets, weights = played.onsets, played.weights
    span = max(float(onsets[-1] - onsets[0]), 4 * period_s)
    step = min(0.002, 0.1 * period_s / (4 * span))
    width = min(0.03, 0.011 / period_s)
    periods = period_s * (1 + np.arange(-width, width + step, step))
    strength = np.zeros(len(periods))
    for parts, share in ((1, 1.0), (2, 0.5), (4, 0.8), (3, 0.4)):
        strength += share * played.turning.at(parts / periods)
    period = float(periods[int(strength.argmax())])
    quarter = (weights * np.exp(8j * np.pi * onsets / period)).sum()
    return period, float(np.angle(quarter) / (8 * np.pi) * period)


class Turning:
    """How well the onsets agree with a frequency: the magnitude of their Fourier transform, finely sampled."""

    def __init__(self, onsets: Curve, weights: Curve, *, rate_hz: int = 200, finer: int = 16) -> None:
        at = (onsets - onsets[0]) * rate_hz
        low = np.floor(at).astype(int)
        pulses = np.zeros(int(low[-1]) + 2)
        np.add.at(pulses, low, weights * (low + 1 - at))
        np.add.at(pulses, low + 1, weights * (at - low))
        size = 1 << (finer * len(pulses)).bit_length()
        self._per_hz = size / rate_hz
        self._magnitude = np.abs(np.fft.rfft(pulses, size))

    def at(self, frequencies_hz: Curve) -> Curve:
        """The magnitude at each frequency."""
        return np.asarray(self._magnitude[np.round(frequencies_hz * self._per_hz).astype(int)])


def _best_phase(period: float, phase: float, curve: Curve) -> float:
    """Of the quarter-beat shifts of a phase, the one whose beats carry most."""
    end = len(curve) / RATE_HZ

    def carried(candidate: float) -> float:
        times = np.arange(candidate % period, end, period)
        return float(curve[np.minimum((times * RATE_HZ).round().astype(int), len(curve) - 1)].mean())

    return float(max((phase + k * period / 4 for k in range(4)), key=carried))


def _share_near(onsets: Curve, weights: Curve, period: float, phase: float, parts: int) -> float:
    """Weight of the onsets that lie near the grid of 1/parts beats, above what chance would give."""
    step = period / parts
    distance = np.abs((onsets - phase + step / 2) % step - step / 2)
    tolerance = min(0.045, 0.2 * step)
    share = float(weights[distance < tolerance].sum() / weights.sum())
    chance = 2 * tolerance / step
    return max(0.0, (share - chance) / (1 - chance))


def _filled(times: Curve, onsets: Curve, period: float) -> float:
    """Share of beats on which something begins."""
    inside = times[(times > onsets[0] - 0.1) & (times < onsets[-1] + 0.1)]
    if not len(inside):
        return 0.0
    after = np.searchsorted(onsets, inside).clip(1, len(onsets) - 1)
    nearest = np.minimum(np.abs(inside - onsets[after - 1]), np.abs(onsets[after] - inside))
    return float((nearest < min(0.06, 0.2 * period)).mean())


def _followed(period: float, curve: Curve, onsets: Curve, weights: Curve) -> BeatGrid:
    """Beats that bend with the playing: dynamic programming over the salience, after Ellis (2007)."""
    lag = period * RATE_HZ
    reach = np.arange(-round(2 * lag), -round(lag / 2) + 1)
    cost = -60.0 * np.log(-reach / lag) ** 2
    total, previous = curve.copy(), np.full(len(curve), -1)
    for index in range(round(2 * lag), len(curve)):
        options = total[index + reach] + cost
        best = int(options.argmax())
        if options[best] > 0:
            total[index] += options[best]
            previous[index] = index + reach[best]
    index = int(len(curve) - round(lag) + np.argmax(total[-round(lag) :]))
    beats: list[int] = []
    while index >= 0:
        beats.append(index)
        index = int(previous[index])
    times = np.array(beats[::-1]) / RATE_HZ
    if len(times) < 2:
        times = np.array([0.0, period])
    step = float(np.median(np.diff(times)))
    lead = np.arange(times[0] - step, float(onsets[0]) - step, -step)[::-1]
    times = np.concatenate([lead, times])
    nearest = np.abs((np.interp(onsets, times, np.arange(len(times))) * 4 + 0.5) % 1 - 0.5)
    fit = float(weights[nearest < 0.2].sum() / weights.sum())
    return BeatGrid(tuple(float(t) for t in times), 60.0 / step, False, max(0.0, (fit - 0.4) / 0.6))
