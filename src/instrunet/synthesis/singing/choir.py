"""From one voice to many: doubling and choirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from instrunet.synthesis.singing.singers import Singer, SungNote, sing_line
from instrunet.synthesis.singing.syllables import VOICE_RATE_HZ, Voices

Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Ensemble:
    """Who sings: ``n_voices`` singers of one or several banks, not quite together."""

    singers: tuple[Singer, ...]
    spread_s: float = 0.02

    @classmethod
    def draw(cls, rng: np.random.Generator, voices: Voices, *, bank: str | None = None) -> Ensemble:
        """Mostly one singer, sometimes doubled, sometimes a small choir."""
        kind = float(rng.random())
        lead = Singer.draw(rng, voices, bank=bank)
        if kind < 0.72:
            return cls((lead,))
        if kind < 0.87:
            return cls((lead, replace(lead, drift_cents=lead.drift_cents + 8, formant=lead.formant * 1.01)))
        count = int(rng.integers(3, 6))
        others = (Singer.draw(rng, voices, bank=bank) for _ in range(count - 1))
        return cls((lead, *(replace(other, middle=lead.middle) for other in others)), spread_s=0.04)


@dataclass(frozen=True)
class _Late:
    start_s: float
    duration_s: float
    pitch: float
    loudness: float


def sing(
    notes: Sequence[SungNote], voices: Voices, ensemble: Ensemble, *, length_s: float, rng: np.random.Generator
) -> Samples:
    """The ensemble sings ``notes`` in unison (at 32 kHz), peak 0.9; silence if there is nothing to sing."""
    total = np.zeros(round(length_s * VOICE_RATE_HZ), np.float32)
    for singer in ensemble.singers:
        syllables = voices.syllables(singer.bank, rng, least=min(24, len(notes) + 4))
        late = [
            _Late(
                max(0.0, note.start_s + float(rng.normal(0, ensemble.spread_s))),
                note.duration_s,
                note.pitch,
                note.loudness,
            )
            for note in notes
        ]
        sung = late if len(ensemble.singers) > 1 else notes
        total += sing_line(sung, syllables, singer, length_s=length_s, rng=rng)
    peak = float(np.max(np.abs(total), initial=0.0))
    return total * np.float32(0.9 / peak) if peak > 1e-6 else total
