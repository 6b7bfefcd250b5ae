"""What is played: short phrases in a key, drawn at random for one instrument, as a list of timed notes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from instrunet.labels import instrument as canonical

SCALES = ((0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10), (0, 2, 3, 5, 7, 9, 10), (0, 2, 4, 7, 9), (0, 3, 5, 7, 10))
"""Major, minor, dorian and two pentatonic scales, in semitones above the key note."""

CHORDAL = ("piano", "electric_piano", "organ", "harpsichord", "accordion", "synthesizer", "acoustic_guitar",
           "electric_guitar", "banjo", "mandolin", "ukulele", "harp", "mallet_percussion", "string_section",
           "brass_section", "sitar")  # fmt: skip
STRUMMED = ("acoustic_guitar", "electric_guitar", "ukulele", "mandolin", "banjo", "harp")
BASSES = ("electric_bass", "double_bass", "tuba")
UNPITCHED = ("drums", "cymbals", "hand_percussion")

AT_EASE: dict[str, tuple[int, int]] = {
    "flute": (59, 86), "violin": (55, 91), "viola": (48, 79), "cello": (36, 70), "double_bass": (28, 53),
    "electric_bass": (28, 53), "tuba": (28, 55), "clarinet": (50, 84), "oboe": (58, 84), "bassoon": (34, 66),
    "saxophone": (46, 81), "trumpet": (54, 82), "trombone": (40, 70), "french_horn": (41, 74), "voice": (43, 79),
    "acoustic_guitar": (40, 77), "electric_guitar": (40, 81), "piano": (33, 93), "harp": (36, 91),
    "electric_piano": (36, 88), "organ": (36, 86), "harpsichord": (36, 86), "synthesizer": (30, 90),
    "string_section": (36, 88), "accordion": (48, 86), "harmonica": (55, 88), "mallet_percussion": (55, 96),
}  # fmt: skip
"""Where most of an instrument's music lies; its whole range is much wider."""


@dataclass(frozen=True)
class Event:
    """One note to play; ``kind`` names the drum where there is no pitch."""

    start_s: float
    duration_s: float
    pitch: float
    loudness: float
    kind: str = ""
    glide_cents: float = 0.0


@dataclass(frozen=True)
class Line:
    """What a phrase is drawn within: length, range, tempo and key."""

    length_s: float
    low: int
    high: int
    beat_s: float
    key: int
    scale: tuple[int, ...]

    def notes(self) -> list[int]:
        """The notes of the key within the range."""
        return [p for p in range(self.low, self.high + 1) if (p - self.key) % 12 in self.scale] or [self.low]


Style = Callable[[Line, np.random.Generator], list[Event]]


def draw_line(instrument: str, length_s: float, rng: np.random.Generator) -> Line:
    """A key, a tempo and a register of about two octaves within the instrument's range."""
    known = canonical(instrument)
    low, high = known.midi_low, known.midi_high
    if rng.random() < 0.8:
        low, high = AT_EASE.get(instrument, (low, high))
    span = int(rng.integers(10, 27))
    if high - low > span:
        low = int(rng.integers(low, high - span + 1))
        high = low + span
    return Line(length_s, low, high, float(rng.uniform(0.33, 1.0)), int(rng.integers(12)), SCALES[rng.integers(5)])


def draw_phrase(instrument: str, length_s: float, rng: np.random.Generator) -> list[Event]:
    """A phrase for one instrument; now and then a single note, because recordings of single notes exist.

    >>> events = draw_phrase("flute", 5.0, np.random.default_rng(1))
    >>> all(0 <= event.start_s < 5.0 for event in events)
    True
    """
    line = draw_line(instrument, length_s, rng)
    if instrument in UNPITCHED:
        styles, weights = _STRUCK[instrument]
    elif instrument in BASSES:
        styles, weights = (bass_line, melody, single, long_notes), (0.55, 0.2, 0.15, 0.1)
    elif instrument == "timpani":
        styles, weights = (single, repeated, bass_line), (0.4, 0.3, 0.3)
    elif instrument in CHORDAL:
        styles, weights = (melody, chords, arpeggio, two_hands, single, repeated), (0.27, 0.24, 0.2, 0.12, 0.12, 0.05)
    else:
        styles, weights = (melody, long_notes, single, staccato, run, repeated), (0.46, 0.18, 0.15, 0.08, 0.08, 0.05)
    events = styles[rng.choice(len(styles), p=weights)](line, rng)
    if instrument in STRUMMED:
        events = _strummed(events, rng)
    return [_human(event, rng) for event in events if event.start_s < length_s]


def melody(line: Line, rng: np.random.Generator) -> list[Event]:
    """A walk through the key, mostly by step, legato or a little detached, with rests."""
    notes, events, t = line.notes(), [], float(rng.uniform(0, 0.5))
    at = int(rng.integers(len(notes)))
    overlap, rest = float(rng.choice([0.75, 0.95, 1.05, 1.1])), float(rng.uniform(0, 0.18))
    lengths = rng.choice([[0.25, 0.5, 1.0], [0.5, 1.0, 2.0], [0.5, 0.75, 1.5], [1.0, 2.0, 3.0]])
    glides = rng.random() < 0.2
    while t < line.length_s:
        beats = float(rng.choice(lengths)) * line.beat_s
        if rng.random() > rest:
            glide = float(rng.choice([-100, -200, 100])) if glides and rng.random() < 0.4 else 0.0
            events.append(Event(t, beats * overlap, notes[at], float(rng.uniform(0.4, 1.0)), glide_cents=glide))
        t += beats
        at = int(np.clip(at + rng.choice([-4, -2, -1, -1, 0, 1, 1, 2, 3]), 0, len(notes) - 1))
    return events


def long_notes(line: Line, rng: np.random.Generator) -> list[Event]:
    """Notes held for two to five seconds."""
    notes, events, t = line.notes(), [], float(rng.uniform(0, 0.4))
    while t < line.length_s:
        duration = float(rng.uniform(1.5, 5.0))
        events.append(Event(t, duration, int(rng.choice(notes)), float(rng.uniform(0.3, 1.0))))
        t += duration + float(rng.choice([0.0, 0.3, 0.8]))
    return events


def single(line: Line, rng: np.random.Generator) -> list[Event]:
    """Single notes with silence between them: the way sample libraries sound."""
    notes, events, t = range(line.low, line.high + 1), [], float(rng.uniform(0, 0.3))
    while t < line.length_s:
        duration = float(rng.choice([0.3, 0.8, 1.5, 3.0, 5.0]))
        events.append(Event(t, duration, int(rng.choice(notes)), float(rng.uniform(0.3, 1.0))))
        t += duration + float(rng.uniform(0.6, 4.0))
    return events


def repeated(line: Line, rng: np.random.Generator) -> list[Event]:
    """One pitch again and again, then another."""
    notes, events, t = line.notes(), [], 0.0
    step = line.beat_s * float(rng.choice([0.25, 0.5, 1.0]))
    while t < line.length_s:
        pitch = int(rng.choice(notes))
        for _ in range(int(rng.integers(2, 9))):
            events.append(Event(t, step * 0.8, pitch, float(rng.uniform(0.5, 1.0))))
            t += step
    return events


def staccato(line: Line, rng: np.random.Generator) -> list[Event]:
    """A melody of very short notes."""
    return [replace(event, duration_s=float(rng.uniform(0.07, 0.16))) for event in melody(line, rng)]


def run(line: Line, rng: np.random.Generator) -> list[Event]:
    """Scales up and down, fast."""
    notes, events, t = line.notes(), [], 0.0
    step, at, way = float(rng.uniform(0.09, 0.22)), int(rng.integers(len(notes))), 1
    while t < line.length_s:
        events.append(Event(t, step * 1.05, notes[at], float(rng.uniform(0.5, 0.9))))
        way = -way if not 0 <= at + way < len(notes) or rng.random() < 0.06 else way
        at = int(np.clip(at + way, 0, len(notes) - 1))
        t += step if rng.random() < 0.93 else step * 4
    return events


def bass_line(line: Line, rng: np.random.Generator) -> list[Event]:
    """Roots and fifths on the beat, with passing notes."""
    notes, events, t = line.notes(), [], float(rng.uniform(0, 0.3))
    step = line.beat_s * float(rng.choice([0.5, 1.0]))
    root, hold = int(rng.choice(notes)), float(rng.choice([0.5, 0.9, 1.05]))
    while t < line.length_s:
        if rng.random() < 0.25:
            root = int(rng.choice(notes))
        pitch = root + int(rng.choice([0, 0, 0, 7, 12, -5, 2], p=[0.4, 0.1, 0.1, 0.15, 0.1, 0.1, 0.05]))
        if rng.random() < 0.88:
            events.append(Event(t, step * hold, pitch, float(rng.uniform(0.6, 1.0))))
        t += step
    return events


def _chord(line: Line, rng: np.random.Generator) -> list[int]:
    """Three to five notes stacked in thirds of the key, spread or close."""
    notes = line.notes()
    size = int(rng.integers(3, 6))
    first = int(rng.integers(max(1, len(notes) - 2 * size + 1)))
    chord = notes[first : first + 2 * size : 2]
    return [p + 12 if rng.random() < 0.15 and p + 12 <= line.high else p for p in chord]


def chords(line: Line, rng: np.random.Generator) -> list[Event]:
    """Block chords in a rhythm."""
    events, t = [], float(rng.uniform(0, 0.3))
    lengths, hold = rng.choice([[1.0, 2.0, 4.0], [0.5, 1.0, 2.0], [0.5, 0.5, 1.0]]), float(rng.choice([0.4, 0.95, 1.1]))
    chord = _chord(line, rng)
    while t < line.length_s:
        beats = float(rng.choice(lengths)) * line.beat_s
        loud = float(rng.uniform(0.45, 1.0))
        events += [Event(t, beats * hold, pitch, loud * float(rng.uniform(0.8, 1.0))) for pitch in chord]
        chord = _chord(line, rng) if rng.random() < 0.6 else chord
        t += beats
    return events


def arpeggio(line: Line, rng: np.random.Generator) -> list[Event]:
    """Broken chords, each note ringing on."""
    events, t, step = [], 0.0, line.beat_s * float(rng.choice([0.25, 0.33, 0.5]))
    while t < line.length_s:
        chord = _chord(line, rng)
        order = list(rng.permutation(chord)) if rng.random() < 0.4 else chord + chord[-2:0:-1]
        for pitch in order * int(rng.integers(1, 3)):
            events.append(Event(t, step * float(rng.uniform(1.0, 4.0)), int(pitch), float(rng.uniform(0.4, 0.9))))
            t += step
    return events


def two_hands(line: Line, rng: np.random.Generator) -> list[Event]:
    """Chords below, a melody above."""
    middle = (line.low + line.high) // 2
    below = [replace(e, loudness=0.7 * e.loudness) for e in chords(replace(line, high=max(middle, line.low + 7)), rng)]
    return below + melody(replace(line, low=min(middle, line.high - 7)), rng)


# ---- drums -------------------------------------------------------------------------------------------------------


def groove(line: Line, rng: np.random.Generator) -> list[Event]:
    """A beat in sixteenths: kick, snare, a steady cymbal, fills."""
    step, events = line.beat_s / 4 * float(rng.choice([0.8, 1.0])), []
    steady = str(rng.choice(["hihat_closed", "ride", "hihat_open", "tom"], p=[0.62, 0.24, 0.08, 0.06]))
    snare = str(rng.choice(["snare", "rimshot", "sidestick", "clap"], p=[0.74, 0.1, 0.1, 0.06]))
    kicks, every = rng.random(16) < 0.22, int(rng.choice([1, 2, 4], p=[0.2, 0.55, 0.25]))
    kicks[[0, 8]] = True
    for k in range(int(line.length_s / step)):
        place, t = k % 16, k * step
        if k % 64 >= 60 and rng.random() < 0.7:
            events.append(Event(t, 0.5, 0, float(rng.uniform(0.5, 1)), str(rng.choice(["tom", "snare"]))))
            continue
        if kicks[place]:
            events.append(Event(t, 0.5, 0, float(rng.uniform(0.7, 1)), "kick"))
        if place in (4, 12) or rng.random() < 0.05:
            events.append(Event(t, 0.5, 0, float(rng.uniform(0.5, 1)), snare))
        if k % every == 0:
            events.append(Event(t, 0.5, 0, float(rng.uniform(0.3, 0.8)), steady))
        if k % 64 == 0 and rng.random() < 0.6:
            events.append(Event(t, 2.0, 0, float(rng.uniform(0.5, 0.9)), "crash"))
    return events


def hits(line: Line, rng: np.random.Generator) -> list[Event]:
    """Single strokes of one or two drums with silence between them."""
    events, t, kinds = [], float(rng.uniform(0, 0.3)), ["any1", "any2"][: int(rng.integers(1, 3))]
    while t < line.length_s:
        events.append(Event(t, 3.0, 0, float(rng.uniform(0.4, 1.0)), str(rng.choice(kinds))))
        t += float(rng.choice([0.4, 1.0, 2.5, 4.0])) * float(rng.uniform(0.7, 1.3))
    return events


def hand_pattern(line: Line, rng: np.random.Generator) -> list[Event]:
    """A repeated pattern over two to four hand drums or rattles."""
    step, n_kinds, events = line.beat_s / 4, int(rng.integers(1, 4)), []
    pattern = [(str(rng.integers(n_kinds)), float(rng.uniform(0.3, 1))) for _ in range(16)]
    played = rng.random(16) < rng.uniform(0.35, 0.95)
    for k in range(int(line.length_s / step)):
        if played[k % 16]:
            kind, loud = pattern[k % 16]
            events.append(Event(k * step, 0.6, 0, loud, f"any{kind}"))
    return events


_STRUCK: dict[str, tuple[tuple[Style, ...], tuple[float, ...]]] = {
    "drums": ((groove, hits, hand_pattern), (0.62, 0.26, 0.12)),
    "cymbals": ((hits, hand_pattern), (0.75, 0.25)),
    "hand_percussion": ((hand_pattern, hits), (0.7, 0.3)),
}


# ---- the hand of the player --------------------------------------------------------------------------------------


def _strummed(events: list[Event], rng: np.random.Generator) -> list[Event]:
    """Notes of a chord start one after the other, from below or from above."""
    spread = float(rng.choice([0.004, 0.012, 0.03, 0.07]))
    groups: dict[float, list[Event]] = {}
    for event in events:
        groups.setdefault(event.start_s, []).append(event)
    out = []
    for group in groups.values():
        group.sort(key=lambda event: event.pitch, reverse=bool(rng.random() < 0.3))
        out += [replace(event, start_s=event.start_s + k * spread) for k, event in enumerate(group)]
    return out


def _human(event: Event, rng: np.random.Generator) -> Event:
    """A little early or late, a little louder or softer."""
    start_s = max(0.0, event.start_s + float(rng.normal(0, 0.008)))
    return replace(event, start_s=start_s, loudness=float(np.clip(event.loudness + rng.normal(0, 0.05), 0.05, 1.0)))
