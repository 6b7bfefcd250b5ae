"""Coherent stems: what the players of one piece play together, each sounded on its own bank, for a store of stems."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from instrunet.synthesis.arranger import Part
from instrunet.synthesis.bank import SAMPLE_RATE_HZ
from instrunet.synthesis.music_sources import Music, draw_piece
from instrunet.synthesis.orchestra import top_line
from instrunet.synthesis.sampler import draw_playing, play
from instrunet.synthesis.singing import Ensemble, Voices, sing
from instrunet.synthesis.stems import StemMaker
from instrunet.synthesis.store import STEM_S, STEM_SAMPLES, Stem, levels_db
from instrunet.synthesis.studio import StemStudio
from instrunet.synthesis.studio.chain import draw_level_db

Samples = NDArray[np.float32]

SUNG = 0.6
"""How often a voice part is sung by a voice bank, where there is one, instead of played on a choir of samples."""
SILENT = 1e-4
TRIES = 8


@dataclass(frozen=True, eq=False)
class Band:
    """Who can play: the notes of a stem maker, voice banks (optional), and where the music comes from."""

    maker: StemMaker
    voices: Voices | None = None
    music: Music = field(default_factory=Music)

    def available(self) -> tuple[str, ...]:
        """The instruments that can be cast."""
        return (*self.maker.instruments(), *(("voice",) if self.voices and "voice" not in self.maker.tree else ()))


def piece_stems(band: Band, rng: np.random.Generator, *, name: str) -> list[tuple[Stem, Samples]]:
    """Ten seconds of a piece as stems that begin together; they keep the balance of the piece, the loudest peak is 0.9.

    All of them are dry, or all went through the studio.
    """
    piece, _ = draw_piece(band.music, rng, length_s=STEM_S, available=band.available())
    treatment = "dry" if rng.random() < band.maker.plan.dry else "studio"
    made: list[tuple[Stem, Samples]] = []
    for part in piece.parts:
        source, patch, x = _sounded(part, band, rng)
        if float(np.max(np.abs(x), initial=0.0)) > SILENT:
            stem = Stem(part.instrument, source, patch, treatment, (), name)
            made.append((stem, _treated(x, part.instrument, band, rng, treatment)))
    loudest = max((float(np.max(np.abs(x))) for _, x in made), default=1.0)
    scaled = [(stem, (x * np.float32(0.9 / loudest))[:STEM_SAMPLES]) for stem, x in made]
    return [(replace(stem, levels_db=levels_db(x)), x) for stem, x in scaled]


def _sounded(part: Part, band: Band, rng: np.random.Generator) -> tuple[str, str, Samples]:
    """Source, patch and sound of a part, dry."""
    if part.instrument == "voice" and band.voices and (rng.random() < SUNG or "voice" not in band.maker.tree):
        ensemble = Ensemble.draw(rng, band.voices)
        x = sing(top_line(part.events), band.voices, ensemble, length_s=STEM_S, rng=rng)
        return f"sung_{ensemble.singers[0].bank}", "solo" if len(ensemble.singers) == 1 else "many", x
    bank = band.maker.bank
    for _ in range(TRIES):
        source, patch, notes = band.maker.choose(part.instrument, rng)
        if not bank.rows[notes[0]].kind.startswith("phrase"):
            return source, patch, play(bank, notes, list(part.events), STEM_S, draw_playing(part.instrument, rng), rng)
    return "", "", np.zeros(STEM_SAMPLES, np.float32)


def _treated(x: Samples, instrument: str, band: Band, rng: np.random.Generator, treatment: str) -> Samples:
    """At the level that a player of this instrument has in a band; through the studio if that is wanted."""
    level_db = draw_level_db(rng, instrument)
    if treatment == "dry":
        return x * np.float32(10 ** (level_db / 20) / np.max(np.abs(x)))
    studio = StemStudio.draw(rng, instrument, rooms=band.maker.plan.rooms)
    return replace(studio, level_db=level_db).apply(x, SAMPLE_RATE_HZ)
