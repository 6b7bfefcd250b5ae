"""Whose note is it? Notes heard in the full mix go to the stem that holds their energy.

A transcriber hears onsets better in the untouched mix than in a stem with holes; a separator knows better who plays.
This joins the two: each note is scored against every stem at the note's own partials, weighted by what the
instrument can play and by whether the timeline says that it plays at all.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from instrunet.features.spectrum import SpectrumConfig, analyse
from instrunet.transcription.limits import limits_of
from instrunet.transcription.notes import Note, Part
from instrunet.transcription.separation import Stems

Matrix = NDArray[np.float32]

BLOCK_S = 60.0
"""Spectra are held for this long at a time, so memory does not grow with the recording."""


@dataclass(frozen=True)
class AttributionConfig:
    """How many partials are looked at, and the shares of a note's sound that count.

    Attributes:
        n_partials: Partials of a note that are compared.
        unison_share: From this share on, a second instrument plays the note as well.
        least_share: From this share on, an instrument can take a note whose likelier owner is busy.
        against_rest: A note that no stem holds this strongly, against what no instrument claimed, is nobody's.
        spectrum: Where they are looked up.
    """

    n_partials: int = 3
    unison_share: float = 0.42
    least_share: float = 0.05
    against_rest: float = 1.0
    spectrum: SpectrumConfig = field(default_factory=SpectrumConfig)


def attribute(
    notes: tuple[Note, ...],
    stems: Stems,
    *,
    playing: Mapping[str, tuple[tuple[float, float], ...]] | None = None,
    config: AttributionConfig | None = None,
) -> tuple[Part, ...]:
    """Share the notes out among the stems' instruments.

    Args:
        notes: Notes of the mix.
        stems: The separated instruments.
        playing: For each instrument the ranges (start, end) in which it was recognised; absent = always.
        config: Settings.
    """
    config = config or AttributionConfig()
    names = tuple(stems.samples)
    if not names:
        return ()
    claimed: list[tuple[Note, NDArray[np.float64]]] = []
    for block, group in itertools.groupby(sorted(notes), key=lambda note: int(note.onset_s // BLOCK_S)):
        start_s = block * BLOCK_S
        power = {name: _power(stems.samples[name], stems.sample_rate_hz, start_s, config) for name in names}
        left_over = _power(stems.rest, stems.sample_rate_hz, start_s, config)
        for note in group:
            heard = replace(note, onset_s=note.onset_s - start_s, offset_s=note.offset_s - start_s)
            claims = np.array(
                [_claim(heard, power[name], config) if _may_play(note, name, playing) else 0.0 for name in names]
            )
            if claims.max() > config.against_rest * _claim(heard, left_over, config):
                claimed.append((note, claims / claims.sum()))
    found = _dealt(claimed, names, config)
    return tuple(Part(name, tuple(sorted(found[name]))) for name in names)


def _dealt(
    claimed: list[tuple[Note, NDArray[np.float64]]], names: tuple[str, ...], config: AttributionConfig
) -> dict[str, list[Note]]:
    """Deal notes out, the clearest first; who has its hands full leaves a note to the next who can claim it."""
    found: dict[str, list[Note]] = {name: [] for name in names}
    for note, shares in sorted(claimed, key=lambda pair: -float(pair[1].max())):
        order = [int(index) for index in np.argsort(-shares, kind="stable")]
        able = [i for i in order if shares[i] >= config.least_share and _free(note, found[names[i]], names[i])]
        owners = {(able or order)[0]} | {i for i in able if shares[i] >= config.unison_share}
        for index in owners:
            found[names[index]].append(note)
    return found


def _free(note: Note, own: list[Note], name: str) -> bool:
    """Whether an instrument can play a note beside those that it has: most of the note, and of theirs, must fit."""
    together = sum(
        min(note.offset_s, other.offset_s) - max(note.onset_s, other.onset_s)
        > 0.5 * min(note.duration_s, other.duration_s)
        for other in own
    )
    return together < limits_of(name).polyphony


def _power(samples: NDArray[np.float32], rate_hz: int, start_s: float, config: AttributionConfig) -> Matrix:
    """Power of a block of a stem, and of a second more, in which its last notes begin."""
    from instrunet.audio import resample

    first, last = (round(t * rate_hz) for t in (start_s, start_s + BLOCK_S + 1.0))
    rate = config.spectrum.sample_rate_hz
    block = samples[first:last]
    return (
        np.abs(analyse(block if rate_hz == rate else resample(block, rate_hz, rate), config.spectrum)).astype(
            np.float32
        )
        ** 2
    )


def _may_play(note: Note, name: str, playing: Mapping[str, tuple[tuple[float, float], ...]] | None) -> bool:
    limits = limits_of(name)
    inside = limits.low <= note.pitch <= limits.high
    return inside and (playing is None or name not in playing or _sounds(note, playing[name]))


def _claim(note: Note, power: Matrix, config: AttributionConfig) -> float:
    rate, hop = config.spectrum.sample_rate_hz, config.spectrum.hop
    first = int(note.onset_s * rate / hop)
    last = max(first + 2, int(min(note.offset_s, note.onset_s + 0.6) * rate / hop))
    window = power[:, first:last]
    if window.shape[1] == 0:
        return 0.0
    f0 = 440.0 * 2 ** ((note.pitch - 69) / 12)
    bins = np.round(np.arange(1, config.n_partials + 1) * f0 * config.spectrum.n_fft / rate).astype(int)
    bins = bins[bins < len(power) - 1]
    near = np.stack([window[bins - 1], window[bins], window[bins + 1]]).max(0)
    return float(np.sqrt(near).sum(0).mean())


def _sounds(note: Note, ranges: tuple[tuple[float, float], ...], slack_s: float = 0.5) -> bool:
    return any(note.onset_s < end + slack_s and note.offset_s > start - slack_s for start, end in ranges)
