"""Lines: what each role plays in one section, in beats; melodies grow from a motif that returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from instrunet.synthesis.arranger.casting import BASS, CHORDS, DRUMS, LEAD, PAD, PERCUSSION, RIFF, Player
from instrunet.synthesis.arranger.harmony import Harmony, chord_notes, voicing
from instrunet.synthesis.arranger.rhythms import HAND_PATTERNS, PATTERNS, Rhythm, draw_rhythm


@dataclass(frozen=True)
class Stroke:
    """A note in beats from the start of the section; ``kind`` names a drum."""

    beat: float
    n_beats: float
    pitch: int
    loudness: float
    kind: str = ""


@dataclass(frozen=True)
class Section:
    """So many bars of one harmony; ``energy`` (0–1) makes it soft and sparse or loud and dense."""

    name: str
    n_bars: int
    beats: int
    harmony: Harmony
    energy: float
    busy: float
    drum_pattern: str


Writer = Callable[[Player, Section, np.random.Generator], list[Stroke]]


def write_part(player: Player, section: Section, rng: np.random.Generator) -> list[Stroke]:
    """What ``player`` plays in ``section``."""
    return WRITERS[player.role](player, section, rng)


def melody(player: Player, section: Section, rng: np.random.Generator) -> list[Stroke]:
    """A two-bar motif, repeated with changes; chord notes on the beat, steps of the scale between."""
    notes = section.harmony.scale_notes(player.low, player.high)
    motif = [draw_rhythm(rng, section.beats, section.busy, rest=0.22) for _ in range(2)]
    contour = [int(step) for step in rng.choice([-3, -2, -1, -1, 0, 1, 1, 2, 4], size=32)]
    at, strokes = len(notes) // 2, []
    for bar in range(section.n_bars):
        if bar % 4 == 3 and rng.random() < 0.3:
            continue
        rhythm: Rhythm = motif[bar % 2] if rng.random() < 0.7 else draw_rhythm(rng, section.beats, section.busy)
        chord = chord_notes(section.harmony.chord(bar), player.low, player.high)
        for number, (start, length) in enumerate(rhythm):
            step = contour[(bar % 2) * 16 + number % 16] if rng.random() < 0.8 else int(rng.integers(-3, 4))
            at = int(np.clip(at + step, 0, len(notes) - 1))
            pitch = notes[at]
            if start % 1 == 0 and rng.random() < 0.75:
                pitch = min(chord, key=lambda p: abs(p - notes[at]))
            strokes.append(Stroke(bar * section.beats + start, length, pitch, _loud(section, rng)))
    return strokes


def chords(player: Player, section: Section, rng: np.random.Generator) -> list[Stroke]:
    """Comping: block chords in a rhythm, or broken ones, or a bass note and chords."""
    manner = str(rng.choice(["block", "broken", "alternate"], p=[0.45, 0.35, 0.2]))
    size, centre = int(rng.integers(3, 6)), (player.low + player.high) / 2
    rhythm = draw_rhythm(rng, section.beats, section.busy * 0.7, rest=0.1) or ((0.0, 1.0),)
    order = rng.permutation(8) if rng.random() < 0.4 else np.arange(8)
    step = float(rng.choice([0.25, 0.5, 1 / 3], p=[0.3, 0.55, 0.15]))
    strokes: list[Stroke] = []
    for bar in range(section.n_bars):
        tones = voicing(section.harmony.chord(bar), centre, size, low=player.low, high=player.high)
        first = bar * section.beats
        if manner == "broken":
            for number in range(int(section.beats / step)):
                pitch = tones[int(order[number % 8]) % len(tones)]
                strokes.append(Stroke(first + number * step, step * 1.6, pitch, _loud(section, rng)))
        elif manner == "alternate":
            for beat in range(section.beats):
                struck = tones[:1] if beat % 2 == 0 else tones[1:]
                strokes += [Stroke(first + beat, 0.6, pitch, _loud(section, rng)) for pitch in struck]
        else:
            for start, length in rhythm:
                strokes += [Stroke(first + start, length * 0.95, pitch, _loud(section, rng)) for pitch in tones]
    return strokes


def pad(player: Player, section: Section, rng: np.random.Generator) -> list[Stroke]:
    """Held chords, moving as little as they can; one voice only for an instrument that has but one."""
    alone = LEAD in (player.role,) or player.high - player.low < 20
    size = 1 if alone else int(rng.integers(2, 5))
    centre = (player.low + player.high) / 2
    strokes = []
    for bar in range(section.n_bars):
        tones = voicing(section.harmony.chord(bar), centre, size, low=player.low, high=player.high)
        centre = 0.7 * float(np.mean(tones)) + 0.3 * (player.low + player.high) / 2
        loud = 0.75 * _loud(section, rng)
        strokes += [Stroke(bar * section.beats, section.beats * 1.0, pitch, loud) for pitch in tones]
    return strokes


def bass(player: Player, section: Section, rng: np.random.Generator) -> list[Stroke]:
    """Roots and fifths, a repeated figure, or a walk from chord to chord."""
    manner = str(rng.choice(["root", "figure", "walk"], p=[0.35, 0.4, 0.25]))
    figure = draw_rhythm(rng, section.beats, section.busy, rest=0.1) or ((0.0, 1.0),)
    steps = rng.choice([0, 0, 0, 1, 2], size=16)
    hold = float(rng.choice([0.5, 0.9, 1.0]))
    strokes = []
    for bar in range(section.n_bars):
        chord = section.harmony.chord(bar)
        tones = [p for p in range(player.low, player.high + 1) if p % 12 == chord.root] or [player.low]
        root = tones[0]
        ladder = [root, *[p for p in chord_notes(chord, root, player.high) if p > root][:3]]
        rhythm = {"root": ((0.0, float(section.beats)),), "figure": figure}.get(
            manner, tuple((float(beat), 1.0) for beat in range(section.beats))
        )
        for number, (start, length) in enumerate(rhythm):
            pitch = ladder[int(steps[number % 16]) % len(ladder)] if number else root
            if manner == "walk" and number == section.beats - 1:
                following = section.harmony.chord(bar + 1).root
                pitch = min(range(player.low, player.high + 1), key=lambda p: ((p - following - 1) % 12, abs(p - root)))
            strokes.append(Stroke(bar * section.beats + start, length * hold, pitch, _loud(section, rng)))
    return strokes


def riff(player: Player, section: Section, rng: np.random.Generator) -> list[Stroke]:
    """One short figure on chord notes, again and again, with bars of rest."""
    rhythm = draw_rhythm(rng, section.beats, section.busy, rest=0.3) or ((0.0, 0.5),)
    every = int(rng.choice([1, 1, 2]))
    places = rng.integers(0, 5, size=16)
    strokes = []
    for bar in range(0, section.n_bars, every):
        tones = chord_notes(section.harmony.chord(bar), player.low, player.high)
        middle = len(tones) // 3
        for number, (start, length) in enumerate(rhythm):
            pitch = tones[min(middle + int(places[number % 16]), len(tones) - 1)]
            strokes.append(Stroke(bar * section.beats + start, length * 0.8, pitch, _loud(section, rng)))
    return strokes


def drums(player: Player, section: Section, rng: np.random.Generator) -> list[Stroke]:
    """The pattern of the style with small changes, a fill every fourth bar, a crash where a section begins."""
    pattern = PATTERNS[section.drum_pattern]
    steady = str(rng.choice(["hihat_closed", "ride", "hihat_open"], p=[0.62, 0.28, 0.1]))
    snare = str(rng.choice(["snare", "sidestick", "clap"], p=[0.8, 0.12, 0.08]))
    strokes = [Stroke(0.0, 2.0, 0, 0.8, "crash")] if rng.random() < 0.6 else []
    for bar in range(section.n_bars):
        fill = bar % 4 == 3 and rng.random() < 0.5
        for kind, row in (("kick", pattern.kick), (snare, pattern.snare), (steady, pattern.steady)):
            for step in range(section.beats * 4):
                loud = _digit(row[step % 16]) if rng.random() > 0.04 else _digit(str(rng.choice(list("...4"))))
                if loud and not (fill and step >= section.beats * 4 - 4):
                    strokes.append(_hit(bar, section, step, loud, kind))
        if fill:
            for step in range(section.beats * 4 - 4, section.beats * 4):
                strokes.append(_hit(bar, section, step, float(rng.uniform(0.6, 1)), str(rng.choice(["tom", "snare"]))))
    return strokes


def percussion(player: Player, section: Section, rng: np.random.Generator) -> list[Stroke]:
    """Hand drums and rattles in a pattern; cymbals and timpani now and then."""
    if player.instrument == "timpani":
        return [stroke for stroke in bass(player, section, rng) if rng.random() < 0.6]
    if player.instrument == "cymbals":
        kinds = ["crash", "ride"]
        return [
            Stroke(
                bar * section.beats + float(rng.integers(section.beats)),
                2.0,
                0,
                _loud(section, rng),
                str(rng.choice(kinds)),
            )
            for bar in range(section.n_bars)
            if rng.random() < 0.7
        ]
    strokes = []
    for number in range(int(rng.integers(1, 4))):
        row = HAND_PATTERNS[int(rng.integers(len(HAND_PATTERNS)))]
        for bar in range(section.n_bars):
            for step in range(section.beats * 4):
                loud = _digit(row[step % 16])
                if loud and rng.random() < 0.95:
                    strokes.append(_hit(bar, section, step, loud * float(rng.uniform(0.7, 1)), f"any{number}"))
    return strokes


def _hit(bar: int, section: Section, step: int, loud: float, kind: str) -> Stroke:
    return Stroke(bar * section.beats + step / 4, 0.5, 0, loud * (0.6 + 0.4 * section.energy), kind)


def _digit(mark: str) -> float:
    return 0.0 if mark == "." else int(mark) / 9


def _loud(section: Section, rng: np.random.Generator) -> float:
    return float(np.clip(0.35 + 0.5 * section.energy + rng.normal(0, 0.08), 0.1, 1.0))


WRITERS: dict[str, Writer] = {
    LEAD: melody,
    CHORDS: chords,
    PAD: pad,
    BASS: bass,
    RIFF: riff,
    DRUMS: drums,
    PERCUSSION: percussion,
}
