"""Key, spelling and chord symbols."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from instrunet.transcription.quantise import QuantisedMusic, ScorePart

MAJOR_PROFILE = (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88)
MINOR_PROFILE = (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17)
"""How well each degree fits a key, as listeners rated it (Krumhansl and Kessler, 1982)."""

STEPS = "FCGDAEB"
"""The line of fifths; each turn round it adds a sharp."""

CHORDS = {
    "": (0, 4, 7),
    "m": (0, 3, 7),
    "7": (0, 4, 7, 10),
    "m7": (0, 3, 7, 10),
    "maj7": (0, 4, 7, 11),
    "dim": (0, 3, 6),
}
CHORD_PRIOR = {"": 0.02, "m": 0.01, "7": -0.01, "m7": -0.02, "maj7": -0.03, "dim": -0.03}


@dataclass(frozen=True)
class Key:
    """Sharps (positive) or flats (negative) of the signature, the tonic's pitch class, the mode, and how sure."""

    fifths: int
    tonic: int
    minor: bool
    confidence: float

    @property
    def name(self) -> str:
        """Spoken name.

        >>> Key(-3, 0, True, 1.0).name
        'C minor'
        """
        step, alter = spell(self.tonic, self.fifths)
        return f"{step}{'#' * alter if alter > 0 else 'b' * -alter} {'minor' if self.minor else 'major'}"


@dataclass(frozen=True)
class ChordSymbol:
    """A chord from a beat on: root pitch class and kind (a key of ``CHORDS``)."""

    start: Fraction
    root: int
    kind: str


def find_key(parts: Sequence[ScorePart]) -> Key:
    """Match how long each pitch class sounds with the profiles of the 24 keys."""
    chroma = np.zeros(12)
    for part in parts:
        for note in part.notes:
            chroma[note.pitch % 12] += float(note.duration)
    if chroma.sum() <= 0:
        return Key(0, 0, False, 0.0)
    rated = sorted(
        (
            (float(np.corrcoef(np.roll(profile, tonic), chroma)[0, 1]), tonic, minor)
            for minor, profile in ((False, MAJOR_PROFILE), (True, MINOR_PROFILE))
            for tonic in range(12)
        ),
        reverse=True,
    )
    best, tonic, minor = rated[0]
    relative = (tonic + 3) % 12 if minor else tonic
    fifths = (relative * 7) % 12
    fifths = fifths - 12 if fifths > 6 else fifths
    return Key(fifths, tonic, minor, float(np.clip((best - rated[1][0]) * 5, 0, 1)))


def spell(pitch_class: int, fifths: int) -> tuple[str, int]:
    """Spell a pitch class in a key: the name nearest to the key on the line of fifths.

    >>> spell(6, 0), spell(6, -5), spell(8, 0)
    (('F', 1), ('G', -1), ('G', 1))
    """
    position = (pitch_class * 7) % 12  # fifths above C
    while position > fifths + 8:
        position -= 12
    while position < fifths - 3:
        position += 12
    alter, step = divmod(position + 1, 7)
    return STEPS[step], alter


def chord_symbols(music: QuantisedMusic) -> tuple[ChordSymbol, ...]:
    """Name the harmony of each half bar (or bar, in three) where it is clear, leaving out repetitions."""
    span = Fraction(2) if music.beats_per_bar == 4 else Fraction(music.beats_per_bar)
    chroma: dict[int, NDArray[np.float64]] = defaultdict(lambda: np.zeros(12))
    lowest: dict[int, int] = defaultdict(lambda: 128)
    for note in (n for p in music.parts if not _unpitched(p) for n in p.notes):
        end = note.start + note.duration
        for index in range(max(0, int(note.start // span)), int(-(-end // span))):
            overlap = min(end, (index + 1) * span) - max(note.start, index * span)
            chroma[index][note.pitch % 12] += float(overlap)
            lowest[index] = min(lowest[index], note.pitch)
    symbols: list[ChordSymbol] = []
    for index in sorted(chroma):
        found = _chord(chroma[index], lowest[index] % 12)
        if found and (not symbols or (symbols[-1].root, symbols[-1].kind) != found):
            symbols.append(ChordSymbol(index * span, *found))
    return tuple(symbols)


def _chord(chroma: NDArray[np.float64], bass: int) -> tuple[int, str] | None:
    if (chroma > 0).sum() < 3:
        return None
    unit = chroma / np.linalg.norm(chroma)
    best = (0.0, 0, "")
    for root in range(12):
        for kind, degrees in CHORDS.items():
            template = np.zeros(12)
            template[[(root + d) % 12 for d in degrees]] = 1 / np.sqrt(len(degrees))
            score = float(unit @ template) + CHORD_PRIOR[kind] + 0.06 * (root == bass)
            best = max(best, (score, root, kind))
    return (best[1], best[2]) if best[0] > 0.8 else None


def _unpitched(part: ScorePart) -> bool:
    from instrunet.transcription.notes import DRUM_PARTS

    return part.instrument in DRUM_PARTS
