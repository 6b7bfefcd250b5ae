"""Modelled instruments as banks of notes: patches drawn at random, each sounded over its instrument's range."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from instrunet.labels import instrument as canonical
from instrunet.synthesis import additive
from instrunet.synthesis.bank import NoteRow
from instrunet.synthesis.plucked import STRINGS, plucked_string

Note = Callable[[float, float, np.random.Generator], NDArray[np.float32]]

FAMILIES: dict[str, tuple[str, Callable[[np.random.Generator], Note], int]] = {
    "drawbars": ("organ", additive.drawbar_organ, 10), "pipes": ("organ", additive.pipe_organ, 10),
    "oscillators": ("synthesizer", additive.synthesizer, 40), "fm": ("electric_piano", additive.fm_keys, 12),
    "free_reed": ("accordion", additive.free_reed, 10), "harmonica": ("harmonica", additive.harmonica, 10),
    "bowed_violin": ("violin", additive.bowed, 6), "bowed_viola": ("viola", additive.bowed, 8),
    "bowed_cello": ("cello", additive.bowed, 6), "brass_trumpet": ("trumpet", additive.brass, 5),
    "brass_trombone": ("trombone", additive.brass, 5), "single_reed": ("clarinet", additive.single_reed, 4),
    "formants": ("voice", additive.sung_vowel, 12),
}  # fmt: skip
"""Family -> (instrument, maker of patches, how many patches)."""

SUSTAINED = ("organ", "accordion", "harmonica", "violin", "viola", "cello", "trumpet", "trombone", "clarinet", "voice")


def modelled_notes(
    seed: int, *, families: tuple[str, ...] | None = None
) -> Iterator[tuple[NoteRow, NDArray[np.float32]]]:
    """Sound every patch of every family (or of the named ones) as notes for `write_bank`.

    >>> row, x = next(modelled_notes(1, families=("fm",)))
    >>> row.instrument, row.source, x.dtype.name
    ('electric_piano', 'model_fm', 'float32')
    """
    for number, (family, (instrument, make, n_patches)) in enumerate(sorted(FAMILIES.items())):
        if families is None or family in families:
            yield from _patches(family, instrument, make, n_patches, np.random.default_rng([seed, number]))
    for number, (instrument, kind) in enumerate(sorted(STRINGS.items())):
        if families is None or f"string_{instrument}" in families:
            rng = np.random.default_rng([seed, 1000 + number])
            yield from _patches(f"string_{instrument}", instrument, partial(plucked_string, kind), 6, rng)


def _patches(
    family: str, instrument: str, make: Callable[[np.random.Generator], Note], n_patches: int, rng: np.random.Generator
) -> Iterator[tuple[NoteRow, NDArray[np.float32]]]:
    known = canonical(instrument)
    low, high = max(known.midi_low, 28), min(known.midi_high, 96)
    for patch in range(n_patches):
        note = make(rng)
        for pitch in range(low + int(rng.integers(3)), high + 1, 5):
            for loudness in (0.4, 0.9):
                row = NoteRow(instrument, f"model_{family}", f"{family}{patch}", "", float(pitch), loudness, 0, 0,
                              instrument in SUSTAINED, "made by this project")  # fmt: skip
                yield row, note(float(pitch), loudness, rng)
