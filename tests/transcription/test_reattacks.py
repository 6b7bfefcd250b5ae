from __future__ import annotations

import numpy as np
import pytest

from instrunet.transcription.notes import Note
from instrunet.transcription.reattacks import bowed_again
from tests.synth import tone

RATE = 22_050


def bowed(times_s: list[float], end_s: float, *, floor: float = 0.2) -> np.ndarray:
    """A tone that sinks and swells within a tenth of a second at each of these times."""
    x = tone(220.0, end_s, sample_rate_hz=RATE, partials=6, level=0.5)
    t = np.arange(len(x)) / RATE
    gain = np.ones(len(x))
    for time_s in times_s:
        gain *= 1 - (1 - floor) * np.exp(-0.5 * ((t - time_s) / 0.035) ** 2)
    return (x * gain).astype(np.float32)


def test_a_note_bowed_three_times_is_three_notes() -> None:
    notes = bowed_again([Note(0.0, 1.5, 57)], bowed([0.5, 1.0], 1.5), RATE)
    assert [n.pitch for n in notes] == [57, 57, 57]
    assert [n.onset_s for n in notes] == pytest.approx([0.0, 0.45, 0.95], abs=0.05)
    assert [n.offset_s for n in notes] == pytest.approx([0.45, 0.95, 1.5], abs=0.05)


@pytest.mark.parametrize(
    "x",
    [
        tone(220.0, 1.5, sample_rate_hz=RATE, partials=6, level=0.5),
        bowed([0.5, 1.0], 1.5, floor=0.8),
        bowed([0.2 + 0.17 * k for k in range(7)], 1.5),
        np.zeros(round(1.5 * RATE), np.float32),
    ],
    ids=["steady", "a slight swell", "vibrato", "silence"],
)
def test_a_held_note_stays_whole(x: np.ndarray) -> None:
    assert bowed_again([Note(0.0, 1.5, 57)], x, RATE) == (Note(0.0, 1.5, 57),)


def test_short_notes_are_left_alone() -> None:
    assert bowed_again([Note(0.0, 0.3, 57)], bowed([0.15], 0.3), RATE) == (Note(0.0, 0.3, 57),)
