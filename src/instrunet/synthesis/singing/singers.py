"""Singers: how a voice sings a line, drawn at random, and what it makes of syllables and notes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from instrunet.synthesis.singing.syllables import FRAME_S, N_ENVELOPE, VOICE_RATE_HZ, Syllable, Voices, world

Samples = NDArray[np.float32]

TAIL_FRAMES = 10
MARGIN_FRAMES = 4
FFT_SIZE = 1024
"""Half of what the analysis takes: the vocoder needs half the time, and pitches above 94 Hz lose nothing."""
MOST_STRETCH = 4.0
"""A vowel is slowed down at most so much; beyond that it goes to and fro."""
REACH = 14
"""Semitones that a singer goes above or below the middle of the voice; other notes move by octaves."""


class SungNote(Protocol):
    """What a note must tell; `instrunet.synthesis.phrases.Event` does."""

    @property
    def start_s(self) -> float:
        """When the vowel begins."""

    @property
    def duration_s(self) -> float:
        """How long it is held."""

    @property
    def pitch(self) -> float:
        """MIDI pitch."""

    @property
    def loudness(self) -> float:
        """0 (softest) to 1."""


@dataclass(frozen=True)
class Singer:
    """One way of singing with one bank.

    ``formant`` above 1 makes the body smaller (a child), below 1 larger (a bass); ``middle`` is the MIDI pitch
    around which this singer is at ease.
    """

    bank: str
    formant: float = 1.0
    middle: float = 60.0
    vibrato_hz: float = 5.5
    vibrato_cents: float = 40.0
    vibrato_after_s: float = 0.3
    portamento_s: float = 0.06
    scoop: float = 0.2
    drift_cents: float = 12.0
    breath: float = 0.0
    vowels_only: bool = False

    @classmethod
    def draw(cls, rng: np.random.Generator, voices: Voices, *, bank: str | None = None) -> Singer:
        """A singer of a random bank, smaller or larger than the one who was recorded."""
        name = bank or str(rng.choice(np.array(voices.banks)))
        formant = float(np.clip(np.exp(rng.normal(0, 0.09)), 0.82, 1.22))
        return cls(
            bank=name,
            formant=formant,
            middle=voices.pitch(name) + 12 * float(np.log2(formant)) * 2 + float(rng.uniform(0, 9)),
            vibrato_hz=float(rng.uniform(4.6, 6.8)),
            vibrato_cents=float(rng.choice([0.0, 20.0, 50.0, 90.0])) * float(rng.uniform(0.6, 1.2)),
            vibrato_after_s=float(rng.uniform(0.1, 0.6)),
            portamento_s=float(rng.uniform(0.025, 0.16)),
            scoop=float(rng.choice([0.0, 0.2, 0.5])),
            drift_cents=float(rng.uniform(4, 25)),
            breath=float(rng.choice([0.0, 0.0, 0.3, 0.7])),
            vowels_only=bool(rng.random() < 0.2),
        )


@dataclass(eq=False)
class _Score:
    """The line as frames, before it is spoken."""

    voiced: NDArray[np.bool_]
    envelope: NDArray[np.float32]
    breath: NDArray[np.float32]
    pitch: NDArray[np.float64]
    gain: NDArray[np.float64]


def sing_line(
    notes: Sequence[SungNote],
    syllables: Sequence[Syllable],
    singer: Singer,
    *,
    length_s: float,
    rng: np.random.Generator,
) -> Samples:
    """One voice sings ``notes`` (at 32 kHz); where notes overlap the later one wins.

    Args:
        notes: what to sing; pitches out of the singer's reach move by octaves.
        syllables: drawn from at random, one a note.
        singer: how.
        length_s: length of the result.
        rng: draws syllables, drift and scoops.
    """
    n_frames = int(length_s / FRAME_S) + 1
    score = _frames(sorted(notes, key=lambda note: note.start_s), syllables, singer, rng, n_frames=n_frames)
    if score is None:
        return np.zeros(round(length_s * VOICE_RATE_HZ), np.float32)
    hz = np.where(score.voiced, 440.0 * 2 ** ((_contour(score, singer, rng) - 69) / 12), 0.0)
    n = round(length_s * VOICE_RATE_HZ)
    out = np.zeros(n + VOICE_RATE_HZ, np.float32)
    for first, last in sung_spans(score.gain > 0):
        wave = _spoken(score, slice(first, last), hz[first:last], singer)
        at = round(first * FRAME_S * VOICE_RATE_HZ)
        out[at : at + len(wave)] += wave[: len(out) - at]
    gain = np.interp(np.arange(n) / VOICE_RATE_HZ, np.arange(n_frames) * FRAME_S, score.gain)
    return (out[:n] * gain).astype(np.float32)


def sung_spans(sings: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Frames [start, end) that are sung, short rests included: only these are worth the vocoder's time.

    >>> sung_spans(np.array([False] * 30 + [True] * 5 + [False] * 50 + [True]))
    [(26, 39), (81, 86)]
    """
    from scipy.ndimage import binary_dilation

    wide = binary_dilation(sings, iterations=MARGIN_FRAMES) if sings.any() else sings
    edges = np.flatnonzero(np.diff(np.concatenate([[0], wide.astype(np.int8), [0]])))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]


def _frames(
    notes: Sequence[SungNote],
    syllables: Sequence[Syllable],
    singer: Singer,
    rng: np.random.Generator,
    *,
    n_frames: int,
) -> _Score | None:
    """Lay a syllable under every note."""
    if not notes or not syllables:
        return None
    n_bands = syllables[0].breath.shape[1]
    score = _Score(
        np.zeros(n_frames, bool),
        np.zeros((n_frames, N_ENVELOPE), np.float32),
        np.zeros((n_frames, n_bands), np.float32),
        np.zeros(n_frames),
        np.zeros(n_frames),
    )
    score.envelope[:] = syllables[0].envelope[0]
    pitches = _in_register(notes, singer.middle)
    starts = [round(note.start_s / FRAME_S) for note in notes]
    for number, note in enumerate(notes):
        following = starts[number + 1] if number + 1 < len(notes) else n_frames
        stop = min(starts[number] + max(8, round(note.duration_s / FRAME_S)), following, n_frames)
        if stop - starts[number] < 4:
            continue
        syllable = syllables[int(rng.integers(len(syllables)))]
        before = 0 if singer.vowels_only else min(syllable.n_onset, starts[number])
        order = frame_order(syllable.n_frames, syllable.n_onset, before, stop - starts[number])
        at = slice(starts[number] - before, stop)
        score.voiced[at] = syllable.voiced[order]
        score.envelope[at] = syllable.envelope[order]
        score.breath[at] = syllable.breath[order]
        score.pitch[at] = pitches[number]
        score.gain[at] = _swell(len(order), before, 0.25 + 0.75 * note.loudness)
    _fill_rests(score.pitch)
    return score


def frame_order(n_frames: int, n_onset: int, before: int, held: int) -> NDArray[np.int64]:
    """Which frames of a syllable sound when: the onset once, then the vowel, slower or to and fro, then the end.

    >>> frame_order(8, 2, 1, 6).tolist()
    [1, 2, 3, 4, 5, 6, 7]
    >>> len(frame_order(40, 10, 5, 300))
    305
    """
    onset = np.arange(n_onset - before, n_onset)
    vowel = n_frames - n_onset
    if held <= vowel:
        inside = n_onset + np.linspace(0, vowel - 1, held).round().astype(np.int64)
        return np.concatenate([onset, inside])
    tail = min(TAIL_FRAMES, vowel // 3)
    steady = max(1, vowel - tail)
    turn = max(1.0, 2.0 * steady - 2)
    speed = max(1 / MOST_STRETCH, steady / (held - tail))
    phase = (np.arange(held - tail) * speed).round() % turn
    swing = n_onset + np.where(phase < steady, phase, turn - phase).astype(np.int64)
    return np.concatenate([onset, swing, np.arange(n_frames - tail, n_frames)])


def _in_register(notes: Sequence[SungNote], middle: float) -> list[float]:
    """The whole line moves by octaves to where the singer is at ease; single notes only if still out of reach."""
    median = float(np.median([note.pitch for note in notes]))
    shift = 12 * round((middle - median) / 12)
    return [_within_reach(note.pitch + shift, middle) for note in notes]


def _within_reach(pitch: float, middle: float) -> float:
    while pitch > middle + REACH:
        pitch -= 12
    while pitch < middle - REACH:
        pitch += 12
    return pitch


def _swell(n: int, before: int, level: float) -> NDArray[np.float64]:
    shape = np.full(n, level)
    rise, fall = min(max(3, before), n), min(8, n)
    shape[:rise] *= np.linspace(0.3, 1, rise)
    shape[n - fall :] *= np.linspace(1, 0.15, fall)
    return shape


def _fill_rests(pitch: NDArray[np.float64]) -> None:
    """Rests hold the pitch before them, so that a slide starts where the voice was."""
    sung = np.flatnonzero(pitch > 0)
    if len(sung):
        held = np.maximum.accumulate(np.where(pitch > 0, np.arange(len(pitch)), sung[0]))
        pitch[:] = pitch[held]


def _contour(score: _Score, singer: Singer, rng: np.random.Generator) -> NDArray[np.float64]:
    """Slides between notes, vibrato that grows into each, scoops from below, and a voice's own drift."""
    from scipy.ndimage import gaussian_filter1d

    n = len(score.pitch)
    changes = np.flatnonzero(np.diff(score.pitch, prepend=score.pitch[0] - 1) != 0)
    since = np.arange(n) - changes[np.searchsorted(changes, np.arange(n), side="right") - 1]
    since_s = since * FRAME_S
    scooped = np.zeros(n)
    for start in changes[rng.random(len(changes)) < singer.scoop]:
        scooped[start : start + 24] = -float(rng.uniform(0.5, 2.5)) * np.linspace(1, 0, 24)[: n - start]
    pitch = gaussian_filter1d(score.pitch, max(1.0, singer.portamento_s / FRAME_S / 2.5), mode="nearest") + scooped
    swing = np.clip((since_s - singer.vibrato_after_s) / 0.3, 0, 1) * singer.vibrato_cents / 100
    rate_hz = singer.vibrato_hz * (1 + 0.06 * gaussian_filter1d(rng.standard_normal(n), 40) * 9)
    vibrato = swing * np.sin(2 * np.pi * np.cumsum(rate_hz) * FRAME_S)
    drift = gaussian_filter1d(rng.standard_normal(n), 30, mode="nearest") * 10 * singer.drift_cents / 100
    return pitch + vibrato + drift


def _spoken(score: _Score, at: slice, f0_hz: NDArray[np.float64], singer: Singer) -> Samples:
    """Frames to sound, with the formants moved."""
    from scipy.ndimage import gaussian_filter1d

    pw = world()
    joined = np.ascontiguousarray(gaussian_filter1d(score.envelope[at], 1.2, axis=0), np.float64)
    power = pw.decode_spectral_envelope(joined, VOICE_RATE_HZ, FFT_SIZE)
    noise = pw.decode_aperiodicity(np.ascontiguousarray(score.breath[at], np.float64), VOICE_RATE_HZ, FFT_SIZE)
    if singer.formant != 1.0:
        source = np.minimum(np.arange(power.shape[1]) / singer.formant, power.shape[1] - 1)
        below = source.astype(np.int64)
        part = source - below
        above = np.minimum(below + 1, power.shape[1] - 1)
        power = np.ascontiguousarray(power[:, below] * (1 - part) + power[:, above] * part)
    if singer.breath:
        noise = np.clip(noise + singer.breath * np.linspace(0, 0.6, noise.shape[1]), 0, 1)
    wave = pw.synthesize(f0_hz, np.maximum(power, 1e-14), noise, VOICE_RATE_HZ, 1000 * FRAME_S)
    return np.asarray(wave, np.float32)
