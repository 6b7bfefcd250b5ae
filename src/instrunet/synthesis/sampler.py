"""The sampler: a phrase played on the notes of one patch, with detuning, vibrato, loops, legato and release."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from instrunet.synthesis.bank import SAMPLE_RATE_HZ, NoteBank
from instrunet.synthesis.phrases import Event

Samples = NDArray[np.float32]

VIBRATO = ("violin", "viola", "cello", "voice", "flute", "saxophone", "oboe", "trumpet", "trombone", "clarinet",
           "electric_guitar", "harmonica", "double_bass", "string_section", "french_horn", "synthesizer")  # fmt: skip
RINGING = ("harp", "mallet_percussion", "drums", "cymbals", "hand_percussion", "timpani")


@dataclass(frozen=True)
class Playing:
    """How the notes are sounded in one phrase; everything is drawn once and holds for the phrase.

    Attributes:
        cents: detuning of the whole instrument.
        vibrato_hz, vibrato_cents, vibrato_after_s: its rate, depth and when it sets in (depth 0: none).
        attack_s, release_s: fades at both ends of every note.
        ring: whether notes sound on after their end.
        reach: how many semitones a recorded note may be moved.
        body: semitones by which the instrument is smaller (or, below zero, larger) than the recorded one: its notes are
            taken that much lower and played faster, which moves its resonances and not its pitch.
        doubled_cents: a second, detuned player in unison; 0 for none.
    """

    cents: float = 0.0
    vibrato_hz: float = 5.5
    vibrato_cents: float = 0.0
    vibrato_after_s: float = 0.2
    attack_s: float = 0.003
    release_s: float = 0.06
    ring: bool = False
    reach: float = 3.5
    body: float = 0.0
    doubled_cents: float = 0.0


def draw_playing(instrument: str, rng: np.random.Generator) -> Playing:
    """Draw the manner of playing that suits an instrument."""
    shakes = instrument in VIBRATO and rng.random() < 0.45
    detuned = rng.normal(0, 12) if rng.random() < 0.7 else rng.uniform(-90, 20)
    return Playing(
        cents=float(detuned),
        vibrato_hz=float(rng.uniform(4.2, 7.0)),
        vibrato_cents=float(rng.uniform(8, 55)) if shakes else 0.0,
        vibrato_after_s=float(rng.choice([0.0, 0.15, 0.35])),
        attack_s=float(rng.choice([0.002, 0.01, 0.04], p=[0.6, 0.3, 0.1])) if instrument in VIBRATO else 0.002,
        release_s=float(rng.uniform(0.03, 0.3)),
        ring=instrument in RINGING or bool(rng.random() < 0.15),
        reach=float(rng.choice([2.0, 3.5, 5.0], p=[0.4, 0.45, 0.15])),
        doubled_cents=float(rng.uniform(4, 18)) if rng.random() < 0.1 else 0.0,
        body=float(rng.uniform(-3.0, 3.0)) if rng.random() < 0.4 else 0.0,
    )


def play(
    bank: NoteBank, notes: list[int], events: list[Event], length_s: float, playing: Playing, rng: np.random.Generator
) -> Samples:
    """Sound the events on the given notes of a bank.

    A note is taken from the nearest recorded pitch, so an event farther away than the recorded range is brought back
    into it by octaves. The result is peak-normalised to at most 1 and is silent only if nothing was playable.
    """
    out = np.zeros(int(length_s * SAMPLE_RATE_HZ), np.float32)
    choose, tones = _Chooser(bank, notes, playing, rng), _Tones(bank, playing)
    for event in events:
        start = int(event.start_s * SAMPLE_RATE_HZ)
        if start >= len(out) - 64:
            continue
        chosen = choose(event)
        if chosen is None:
            continue
        index, shift_cents = chosen
        players = [0.0, playing.doubled_cents] if playing.doubled_cents else [0.0]
        for apart_cents in players:
            cents = shift_cents + playing.cents + apart_cents
            tone = tones(index, event, cents, len(out) - start)
            out[start : start + len(tone)] += tone * np.float32(0.3 + 0.7 * event.loudness)
    peak = float(np.abs(out).max())
    return out / peak if peak > 1e-6 else out


class _Chooser:
    """Finds the recorded note for an event; drums keep one recording (and its dynamics) a kind."""

    def __init__(self, bank: NoteBank, notes: list[int], playing: Playing, rng: np.random.Generator) -> None:
        rows = [bank.rows[i] for i in notes]
        self.notes, self.rng, self.reach, self.body = np.array(notes), rng, playing.reach, playing.body
        self.pitches = np.array([np.nan if row.pitch is None else row.pitch for row in rows])
        self.loudness = np.array([row.loudness for row in rows])
        self.pitched = bool(np.isfinite(self.pitches).any())
        self.kinds: dict[str, list[int]] = {}
        for place, row in enumerate(rows):
            self.kinds.setdefault(row.kind, []).append(place)
        self.chosen: dict[str, tuple[list[int], float]] = {}

    def __call__(self, event: Event) -> tuple[int, float] | None:
        return self._pitched(event) if self.pitched and not event.kind else self._struck(event)

    def _pitched(self, event: Event) -> tuple[int, float] | None:
        low, high = float(np.nanmin(self.pitches)), float(np.nanmax(self.pitches))
        pitch = event.pitch
        while pitch > high + self.reach and pitch - 12 >= low - self.reach:
            pitch -= 12
        while pitch < low - self.reach and pitch + 12 <= high + self.reach:
            pitch += 12
        pitch = float(np.clip(pitch, low - self.reach, high + self.reach))
        away = np.abs(self.pitches - pitch + self.body)
        near = np.flatnonzero(away <= max(float(np.nanmin(away)) + 0.6, self.reach if self.rng.random() < 0.15 else 0))
        cost = np.abs(self.loudness[near] - event.loudness) + self.rng.uniform(0, 0.5, len(near))
        place = int(near[np.argmin(cost)])
        return int(self.notes[place]), 100.0 * (pitch - float(self.pitches[place]))

    def _struck(self, event: Event) -> tuple[int, float] | None:
        if event.kind not in self.chosen:
            kind = event.kind or "any"
            places = list(range(len(self.notes)))
            if kind.startswith("any"):
                places = self.kinds[str(self.rng.choice(list(self.kinds)))]
            else:
                alike = [p for k, found in self.kinds.items() if k.startswith(kind) for p in found]
                if not alike and self.rng.random() < 0.5:
                    return None
                places = alike or places
            self.chosen[event.kind] = (places, float(self.rng.normal(0, 120)))
        places, cents = self.chosen[event.kind]
        if self.rng.random() < 0.8:  # one drum, not another at every stroke
            self.chosen[event.kind] = (places[:4], cents)
        cost = np.abs(self.loudness[places] - event.loudness) + self.rng.uniform(0, 0.3, len(places))
        return int(self.notes[places[int(np.argmin(cost))]]), cents


class _Tones:
    """The tones of a phrase, before they are faded: the same key struck again is read from the recording once."""

    def __init__(self, bank: NoteBank, playing: Playing) -> None:
        self.bank, self.playing = bank, playing
        self.read: dict[tuple[int, float, float], Samples] = {}
        self.ended: set[tuple[int, float, float]] = set()

    def __call__(self, index: int, event: Event, cents: float, room: int) -> Samples:
        """One note: read at the wanted speed, looped if it must last, faded at both ends."""
        playing = self.playing
        rings = playing.ring and not self.bank.rows[index].loopable
        wanted = room if rings else min(room, int((event.duration_s + playing.release_s) * SAMPLE_RATE_HZ))
        if wanted < 32:
            return np.zeros(0, np.float32)
        key = (index, cents, event.glide_cents)
        tone = self.read.get(key)
        if tone is None or (len(tone) < wanted and key not in self.ended):
            tone = self.read[key] = self._tone(index, cents, event.glide_cents, wanted)
            if len(tone) < wanted:
                self.ended.add(key)
        return _faded(tone[:wanted].copy(), playing, released=not rings and len(tone) >= wanted)

    def _tone(self, index: int, cents: float, glide_cents: float, wanted: int) -> Samples:
        x = self.bank.samples(index)
        if self.bank.rows[index].pitch is not None:
            x = x[_onset(x) :]
        if len(x) < 32:
            return np.zeros(0, np.float32)
        ratio = 2.0 ** (cents / 1200.0)
        if self.bank.rows[index].loopable and wanted * ratio > len(x) * 0.9:
            x = sustained(x, int(wanted * ratio * 1.1) + 64)
        slowest = ratio * 2.0 ** (-(self.playing.vibrato_cents + abs(glide_cents)) / 1200.0)
        n = min(wanted, int(len(x) / slowest) + 1)
        return read_at(x, _positions(n, ratio, glide_cents, self.playing))


def _onset(x: Samples) -> int:
    """Where the sound begins: the slow start of a recorded note would make every phrase late."""
    level = np.abs(x[: SAMPLE_RATE_HZ // 4])
    return max(0, int(np.argmax(level > 0.05 * np.abs(x).max())) - 160)


def _positions(n: int, ratio: float, glide_cents: float, playing: Playing) -> NDArray[np.floating]:
    """Reading positions in the recording: straight, or bent by vibrato and glide."""
    if not playing.vibrato_cents and not glide_cents:
        return np.arange(n) * ratio
    t = np.arange(n) / SAMPLE_RATE_HZ
    swell = np.clip((t - playing.vibrato_after_s) / 0.3, 0.0, 1.0)
    cents = playing.vibrato_cents * swell * np.sin(2 * np.pi * playing.vibrato_hz * t)
    if glide_cents:
        cents = cents + glide_cents * np.exp(-t / 0.05)
    steps: NDArray[np.floating] = ratio * 2.0 ** (cents / 1200.0)
    return np.cumsum(steps) - ratio


def read_at(x: Samples, positions: NDArray[np.floating]) -> Samples:
    """Read a recording between its samples (cubic), up to its end.

    >>> read_at(np.arange(8, dtype=np.float32), np.array([1.0, 2.5, 4.25]))
    array([1.  , 2.5 , 4.25], dtype=float32)
    """
    end = int(np.searchsorted(positions, len(x) - 3))
    at = positions[:end]
    whole = at.astype(np.int64)
    f = (at - whole).astype(np.float32)
    padded = np.concatenate([x[:1], x])
    a, b, c, d = padded[whole], padded[whole + 1], padded[whole + 2], padded[whole + 3]
    return b + 0.5 * f * (c - a + f * (2 * a - 5 * b + 4 * c - d + f * (3 * (b - c) + d - a)))


def sustained(x: Samples, n: int) -> Samples:
    """Lengthen a steady tone to at least n samples by repeating its middle with cross-fades.

    >>> len(sustained(np.ones(32_000, np.float32), 100_000)) >= 100_000
    True
    """
    first, last = int(0.3 * len(x)), int(0.8 * len(x))
    fade = min((last - first) // 2, SAMPLE_RATE_HZ // 10)
    middle = x[first:last]
    if fade < 16:
        return np.resize(x, n)
    rise = np.sin(0.5 * np.pi * np.linspace(0, 1, fade, dtype=np.float32)).astype(np.float32)
    step = len(middle) - fade
    n_loops = max(1, -(-(n - first) // step))
    out = np.zeros(first + n_loops * step + fade, np.float32)
    out[:first] = x[:first]
    for loop in range(n_loops):
        part = middle.copy()
        if loop:
            part[:fade] *= rise
        else:
            part[:fade] = middle[:fade]
        part[len(part) - fade :] *= rise[::-1]
        out[first + loop * step : first + loop * step + len(part)] += part
    return out


def _faded(tone: Samples, playing: Playing, *, released: bool) -> Samples:
    attack = min(len(tone), int(playing.attack_s * SAMPLE_RATE_HZ))
    tone[:attack] *= _ramp(attack)
    release = min(len(tone), int(playing.release_s * SAMPLE_RATE_HZ) if released else SAMPLE_RATE_HZ // 100)
    if release:
        tone[len(tone) - release :] *= _ramp(release)[::-1] ** 2
    return tone


@lru_cache(maxsize=512)
def _ramp(n: int) -> Samples:
    """From 0 to 1 in n samples."""
    return np.linspace(0.0, 1.0, n, dtype=np.float32)
