"""From a bank of notes to stems: a source and a patch are drawn, a phrase is played, the studio shapes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from instrunet.labels import INSTRUMENT_IDS
from instrunet.synthesis.bank import SAMPLE_RATE_HZ, NoteBank
from instrunet.synthesis.phrases import draw_phrase
from instrunet.synthesis.sampler import draw_playing, play
from instrunet.synthesis.store import STEM_S, STEM_SAMPLES, Stem, levels_db
from instrunet.synthesis.studio import StemStudio

Samples = NDArray[np.float32]

KITS_OF_CYMBALS = ("crash", "ride", "splash", "china", "clash", "suspended", "sizzle", "hihat")


@dataclass(frozen=True)
class StemPlan:
    """How stems are drawn.

    Attributes:
        dry: share of stems that never see the studio.
        source_power: a source with n notes is chosen in proportion to n to this power (0: all alike).
        sound_font_weight: factor for sources that are sound-fonts.
        model_weight: factor for sources modelled by ourselves.
        rooms: paths of measured rooms.
        only: limit to these kinds of source (``recorded``, ``soundfont``, ``model``); empty for all.
    """

    dry: float = 0.35
    source_power: float = 0.35
    sound_font_weight: float = 0.4
    model_weight: float = 0.5
    rooms: tuple[str, ...] = ()
    only: tuple[str, ...] = ()


def kind_of(source: str, licence: str) -> str:
    """``recorded``, ``soundfont`` or ``model``."""
    if source.startswith("model_"):
        return "model"
    return "soundfont" if licence.startswith("sound-font") else "recorded"


class StemMaker:
    """Draws and renders stems from a bank; the same generator gives the same stems."""

    def __init__(self, bank: NoteBank, plan: StemPlan) -> None:
        self.bank, self.plan = bank, plan
        self.tree = bank.patches()
        self._add_cymbals_of_kits()
        self._drop_other_kinds()

    def _add_cymbals_of_kits(self) -> None:
        """Cymbals of drum kits, alone, are cymbals too."""
        cymbals = self.tree.setdefault("cymbals", {})
        for source, patches in self.tree.get("drums", {}).items():
            for patch, notes in patches.items():
                found = [i for i in notes if self.bank.rows[i].kind.startswith(KITS_OF_CYMBALS)]
                if found:
                    cymbals.setdefault(source, {})[f"{patch}:cymbals"] = found

    def _drop_other_kinds(self) -> None:
        for instrument, sources in list(self.tree.items()):
            for source, patches in list(sources.items()):
                first = self.bank.rows[next(iter(patches.values()))[0]]
                kind = kind_of(source, first.licence)
                if self.plan.only and kind not in self.plan.only:
                    del sources[source]
            if not sources:
                del self.tree[instrument]

    def instruments(self) -> list[str]:
        """The instruments that can be played, in canonical order."""
        return [name for name in INSTRUMENT_IDS if name in self.tree]

    def choose(self, instrument: str, rng: np.random.Generator) -> tuple[str, str, list[int]]:
        """Draw a source, one of its patches, and the notes of that."""
        sources = self.tree[instrument]
        weights = np.array([self._weight(source, sources[source]) for source in sources])
        source = list(sources)[rng.choice(len(weights), p=weights / weights.sum())]
        patches = sources[source]
        sizes = np.array([len(notes) for notes in patches.values()], float) ** 0.5
        patch = list(patches)[rng.choice(len(sizes), p=sizes / sizes.sum())]
        return source, patch, patches[patch]

    def _weight(self, source: str, patches: dict[str, list[int]]) -> float:
        n_notes = sum(len(notes) for notes in patches.values())
        licence = self.bank.rows[next(iter(patches.values()))[0]].licence
        factor = {"recorded": 1.0, "soundfont": self.plan.sound_font_weight, "model": self.plan.model_weight}
        size = min(n_notes, 80) if kind_of(source, licence) == "soundfont" else n_notes
        return float(factor[kind_of(source, licence)] * size**self.plan.source_power)

    def make(self, instrument: str, rng: np.random.Generator) -> tuple[Stem, Samples]:
        """One stem of an instrument; silent draws (no note in reach) are drawn again."""
        for _ in range(8):
            source, patch, notes = self.choose(instrument, rng)
            x = self._sound(instrument, notes, rng)
            if float(np.abs(x).max()) > 0:
                break
        treatment = "dry"
        if rng.random() >= self.plan.dry:
            treatment = "studio"
            studio = StemStudio.draw(rng, instrument, rooms=self.plan.rooms)
            x = replace(studio, level_db=0.0).apply(x, SAMPLE_RATE_HZ)[:STEM_SAMPLES]
        peak = float(np.abs(x).max())
        x = x * np.float32(0.9 / peak) if peak > 0 else x
        return Stem(instrument, source, patch, treatment, levels_db(x)), x

    def _sound(self, instrument: str, notes: list[int], rng: np.random.Generator) -> Samples:
        row = self.bank.rows[notes[0]]
        if row.kind.startswith("phrase"):
            return _cut(self.bank.samples(int(rng.choice(notes))), rng)
        events = draw_phrase(instrument, STEM_S, rng)
        playing = draw_playing(instrument, rng)
        return play(self.bank, notes, events, STEM_S, playing, rng)


def _cut(x: Samples, rng: np.random.Generator) -> Samples:
    """A stem's length of a longer recording, or the recording and then silence."""
    start = int(rng.integers(max(1, len(x) - STEM_SAMPLES + 1)))
    x = x[start : start + STEM_SAMPLES]
    return np.pad(x, (0, STEM_SAMPLES - len(x)))


def shard_stems(maker: StemMaker, *, seed: int, shard: int, rounds: int = 2) -> Iterator[tuple[Stem, Samples]]:
    """The stems of one shard: every instrument ``rounds`` times, each with its own generator."""
    for number, instrument in enumerate(maker.instruments() * rounds):
        yield maker.make(instrument, np.random.default_rng([seed, shard, number]))
