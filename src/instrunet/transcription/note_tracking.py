"""From pitch activations to notes: onsets first, then what sounds without one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from instrunet.transcription.basic_pitch import BINS_PER_SEMITONE, FRAMES_PER_S, LOWEST_KEY, PitchActivations
from instrunet.transcription.notes import Note

Map = NDArray[np.float32]

SMEAR_FRAMES = 2
"""The network's frames light up this early (23 ms) before a bowed or blown note."""


@dataclass(frozen=True)
class TrackingConfig:
    """When an activation counts as a note.

    Attributes:
        onset_threshold: An onset peak must reach this.
        frame_threshold: A note goes on while its frames reach this.
        shortest_s: Notes shorter than this are dropped.
        gap_s: A note survives a dip of this length.
        low: Lowest MIDI number looked for.
        high: Highest MIDI number looked for.
        rescue: Also take up energy that no onset explains (slow attacks, legato).
        rescue_threshold: How strong such energy must be.
        attack_s: How far a slow attack may begin before its onset peak (bowed and blown tones; 0 for struck ones).
        ghosts: Drop overtones that pose as notes.
    """

    onset_threshold: float = 0.7
    frame_threshold: float = 0.3
    shortest_s: float = 0.08
    gap_s: float = 0.12
    low: int = 21
    high: int = 108
    rescue: bool = True
    rescue_threshold: float = 0.6
    attack_s: float = 0.0
    ghosts: bool = True


def track(heard: PitchActivations, config: TrackingConfig | None = None) -> tuple[Note, ...]:
    """Read notes off the activations.

    Each onset peak, the last first, is followed until its frames stay under the threshold; frames that are used
    are taken away, and what is left and strong becomes notes of its own.
    """
    config = config or TrackingConfig()
    columns = slice(max(0, config.low - LOWEST_KEY), min(88, config.high - LOWEST_KEY + 1))
    frames = np.zeros_like(heard.frames)
    frames[:, columns] = heard.frames[:, columns]
    onsets = np.maximum(heard.onsets, _rises(heard.frames))
    gap = max(1, round(config.gap_s * FRAMES_PER_S))
    least = max(1, round(config.shortest_s * FRAMES_PER_S))
    left = frames.copy()
    notes: list[Note] = []
    for start, key in _peaks(onsets, config.onset_threshold, columns):
        end = _end(left[:, key], start, config.frame_threshold, gap)
        if end - start >= least:
            begun = _started(frames, start, key, config.attack_s)
            notes.append(_note(heard, frames, key, begun, end))
            _take(left, key, begun, end)
    if config.rescue:
        notes.extend(_rescued(heard, frames, left, config, gap, least))
    return without_ghosts(sorted(notes)) if config.ghosts else tuple(sorted(notes))


def without_ghosts(notes: Sequence[Note], *, within_s: float = 0.06) -> tuple[Note, ...]:
    """Drop notes that are overtones (or an undertone) of a clearly stronger note that begins with or before them.

    >>> low, ghost = Note(0.0, 1.0, 48, velocity=100, confidence=0.9), Note(0.01, 0.4, 60, velocity=45, confidence=0.4)
    >>> without_ghosts([low, ghost]) == (low,)
    True
    """
    kept: list[Note] = []
    for note in notes:
        stronger = any(
            other.pitch - note.pitch in OVERTONES
            and other.onset_s - within_s <= note.onset_s < other.offset_s
            and _strength(note) < OVERTONES[other.pitch - note.pitch] * _strength(other)
            for other in notes
        )
        if not stronger:
            kept.append(note)
    return tuple(kept)


OVERTONES = {-12: 0.5, -19: 0.6, -24: 0.5, -28: 0.6, -31: 0.6, -36: 0.5, 12: 0.4}
"""For each interval from the other note, how weak (relative to it) a note must be to count as its ghost."""


def _strength(note: Note) -> float:
    return note.confidence * note.velocity / 127


def _rises(frames: Map) -> Map:
    """Onsets that the network missed but that a sudden rise of the frames betrays, scaled to the onsets' maximum."""
    rise = np.zeros_like(frames)
    if len(frames) > 2:
        rise[2:] = np.minimum(frames[2:] - frames[:-2], frames[2:] - np.vstack([frames[:1], frames[:-3]]))
    rise = np.maximum(rise, 0.0)
    return np.where(rise > 0.3, rise, 0.0).astype(np.float32) * np.float32(0.9)


def _peaks(onsets: Map, threshold: float, columns: slice) -> list[tuple[int, int]]:
    """Local maxima in time over the threshold, latest first."""
    before = np.vstack([np.full((1, onsets.shape[1]), -1.0), onsets[:-1]])
    after = np.vstack([onsets[1:], np.full((1, onsets.shape[1]), -1.0)])
    peak = (onsets >= threshold) & (onsets > before) & (onsets >= after)
    inside = np.zeros(onsets.shape[1], bool)
    inside[columns] = True
    rows, keys = np.nonzero(peak & inside)
    order = np.argsort(-rows, kind="stable")
    return [(int(rows[i]), int(keys[i])) for i in order]


def _end(column: Map, start: int, threshold: float, gap: int) -> int:
    """Give the first frame after which the column stays under the threshold for ``gap`` frames."""
    quiet = 0
    for row in range(start + 1, len(column)):
        quiet = quiet + 1 if column[row] < threshold else 0
        if quiet >= gap:
            return row - quiet + 1
    return len(column) - quiet


def _take(left: Map, key: int, start: int, end: int) -> None:
    """Mark the note's frames, and its neighbours' spill, as used."""
    left[start:end, max(0, key - 1) : key + 2] = 0.0


def _rescued(
    heard: PitchActivations, frames: Map, left: Map, config: TrackingConfig, gap: int, least: int
) -> list[Note]:
    """Notes without an onset: strong frames that no note explains and that do not merely prolong one."""
    notes: list[Note] = []
    for _ in range(left.size):
        row, key = divmod(int(left.argmax()), left.shape[1])
        if left[row, key] < config.rescue_threshold:
            break
        end = _end(left[:, key], row, config.frame_threshold, gap)
        start = max(0, row + 1 - _end(left[row::-1, key], 0, config.frame_threshold, gap))
        quiet_before = frames[max(0, start - gap) : max(1, start), key].min(initial=1.0) < 0.6 * config.frame_threshold
        if end - start >= 2 * least and quiet_before:
            notes.append(_note(heard, frames, key, start, end))
        _take(left, key, start, end)
        left[row, key] = 0.0
    return notes


def backdated(notes: Sequence[Note], heard: PitchActivations, attack_s: float) -> tuple[Note, ...]:
    """Move the onsets of notes with slow attacks back to where each began to sound, at most ``attack_s``."""
    moved = []
    for note in notes:
        start = min(round(note.onset_s * FRAMES_PER_S), len(heard.frames) - 1)
        begun = _started(heard.frames, start, note.pitch - LOWEST_KEY, attack_s)
        moved.append(replace(note, onset_s=begun / FRAMES_PER_S) if begun < start else note)
    return tuple(sorted(moved))


def _started(frames: Map, start: int, key: int, attack_s: float) -> int:
    """Where a slow attack began: back from the onset peak while the key already sounds and grows."""
    earliest = max(0, start - round(attack_s * FRAMES_PER_S))
    row = start
    while row > earliest and 0.15 < frames[row - 1, key] <= frames[row, key] + 0.02:
        row -= 1
    return min(start, row + SMEAR_FRAMES)


def _note(heard: PitchActivations, frames: Map, key: int, start: int, end: int) -> Note:
    strength = float(frames[start:end, key].mean())
    bends = _bends(heard.contours[start:end], key)
    return Note(
        start / FRAMES_PER_S,
        end / FRAMES_PER_S,
        key + LOWEST_KEY,
        velocity=int(np.clip(round(127 * strength), 1, 127)),
        confidence=float(np.clip(max(strength, float(heard.onsets[start, key])), 0.0, 1.0)),
        bends=bends,
    )


def _bends(contours: Map, key: int) -> tuple[float, ...]:
    """How far the finest contour strays from the key, in semitones, a value every fourth frame."""
    centre = key * BINS_PER_SEMITONE
    low, high = max(0, centre - 3), min(contours.shape[1], centre + 4)
    offsets = (np.arange(low, high) - centre) / BINS_PER_SEMITONE
    weights = contours[::4, low:high] ** 2
    total = weights.sum(1)
    return tuple(
        float(round(value, 3)) for value in np.where(total > 1e-6, (weights @ offsets) / np.maximum(total, 1e-9), 0.0)
    )
