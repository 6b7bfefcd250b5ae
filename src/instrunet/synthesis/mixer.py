"""Fresh mixtures from a store of stems: drawn by class and source, summed as audio, labelled by what is heard."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from instrunet.labels import INSTRUMENT_IDS
from instrunet.synthesis.bank import SAMPLE_RATE_HZ
from instrunet.synthesis.store import LEVEL_SAMPLES, Keep, StemStore

UNSURE: dict[str, tuple[str, ...]] = {
    "string_section": ("violin", "viola", "cello", "double_bass"),
    "brass_section": ("trumpet", "trombone", "french_horn", "saxophone", "tuba"),
    "drums": ("cymbals", "hand_percussion"),
    "cymbals": ("drums",),
    "timpani": ("drums",),
    "electric_piano": ("piano",),
    "speech": ("voice",),
}
"""What a stem leaves open: a string section may or may not count as violins, so its clips say nothing about them."""


@dataclass(frozen=True)
class MixPlan:
    """How clips are drawn.

    Attributes:
        clip_s: length of a clip.
        n_stems: probability of 0, 1, 2, … instruments.
        class_weights: how often a class is drawn, relative to 1.
        source_power: a source with n stems is drawn in proportion to n to this power.
        level_db: range of a stem's level in a mixture.
        heard_db: a stem counts as heard in a tenth of a second if it is no more than this below the whole mix there.
        unsure_db: between heard_db and this the clip is left unlabelled for that instrument.
        gap: probability that a part of the clip is silenced.
        noise: probability of a noise or speech stem below the music.
        coherent: of the clips of two and more stems, this share takes stems that were made for one piece, in time and
            in the balance of that piece.
        apart_db: how far a stem's level may then be from that balance.
    """

    clip_s: float = 5.0
    n_stems: tuple[float, ...] = (0.05, 0.37, 0.24, 0.18, 0.11, 0.05)
    class_weights: dict[str, float] = field(default_factory=dict)
    source_power: float = 0.5
    level_db: tuple[float, float] = (-14.0, 0.0)
    heard_db: float = -26.0
    unsure_db: float = -36.0
    gap: float = 0.2
    noise: float = 0.2
    coherent: float = 0.0
    apart_db: float = 4.0


@dataclass(frozen=True)
class Clip:
    """One training clip: samples, truth and mask per canonical class, and truth at 10 Hz."""

    samples: NDArray[np.float32]
    truth: NDArray[np.float32]
    mask: NDArray[np.float32]
    activity: NDArray[np.float32]


@dataclass(frozen=True)
class _Drawn:
    """One stem of a clip: from ``start`` (in tenths of a second) on, so much louder than it is stored."""

    name: str
    stem: int
    start: int
    gain_db: float


Table = tuple[list[list[int]], NDArray[np.float64]]


class Mixer:
    """Draws clips; ``refresh`` takes in stems that were written since. ``keep`` limits the stems that are used."""

    def __init__(self, store: StemStore, plan: MixPlan | None = None, *, keep: Keep | None = None) -> None:
        self.store, self.plan, self.keep = store, plan or MixPlan(), keep
        self.refresh()

    def refresh(self) -> None:
        """Read new shards and renew the tables that are drawn from."""
        self.store.refresh()
        usable = self.store.usable(self.keep)
        tree = self.store.by_source(usable)
        self.background = tree.pop("", {})
        self.classes = [name for name in INSTRUMENT_IDS if name in tree]
        self.class_p = self._class_p(self.classes)
        self.tables = {name: self._table(sources) for name, sources in {**tree, "": self.background}.items() if sources}
        self.pieces: dict[str, list[int]] = {}
        for number in usable if self.plan.coherent else ():
            self.pieces.setdefault(self.store.stems[number].piece, []).append(number)
        self.pieces.pop("", None)
        together = self.store.by_source(n for numbers in self.pieces.values() if len(numbers) > 1 for n in numbers)
        self.piece_classes = [name for name in INSTRUMENT_IDS if name in together]
        self.piece_p = self._class_p(self.piece_classes)
        self.piece_tables = {name: self._table(sources) for name, sources in together.items()}

    def _class_p(self, names: list[str]) -> NDArray[np.float64]:
        weights = np.array([self.plan.class_weights.get(name, 1.0) for name in names])
        return weights / max(1e-9, weights.sum())

    def _table(self, sources: dict[str, list[int]]) -> Table:
        p = np.array([len(found) ** self.plan.source_power for found in sources.values()])
        return list(sources.values()), p / p.sum()

    def draw(self, rng: np.random.Generator) -> Clip:
        """One clip."""
        mix = np.zeros(int(self.plan.clip_s * SAMPLE_RATE_HZ), np.float32)
        count = min(int(rng.choice(len(self.plan.n_stems), p=self.plan.n_stems)), len(self.classes))
        if count > 1 and self.piece_classes and rng.random() < self.plan.coherent:
            drawn = self._together(count, rng)
        else:
            drawn = self._apart(count, rng)
        if self.background and (count == 0 or rng.random() < self.plan.noise):
            stem, start = self._stem(self.tables[""], rng)
            name = "speech" if self.store.stems[stem].source.startswith("speech") else "noise"
            gain_db = self._lift_db(stem, start) + (float(rng.uniform(-45, -8)) if count else 0.0)
            drawn.append(_Drawn(name, stem, start, gain_db))
        return self._labelled(mix, [(one.name, self._add(mix, one, rng)) for one in drawn])

    def _apart(self, count: int, rng: np.random.Generator) -> list[_Drawn]:
        """Stems that have nothing to do with each other; a single one is a solo."""
        names = [self.classes[i] for i in rng.choice(len(self.classes), count, replace=False, p=self.class_p)]
        drawn = []
        for name in names:
            stem, start = self._stem(self.tables[name], rng)
            gain_db = self._lift_db(stem, start) + (float(rng.uniform(*self.plan.level_db)) if count > 1 else 0.0)
            drawn.append(_Drawn(name, stem, start, gain_db))
        return drawn

    def _together(self, count: int, rng: np.random.Generator) -> list[_Drawn]:
        """Up to ``count`` stems of one piece: a class is drawn, then a piece in which it plays."""
        name = self.piece_classes[int(rng.choice(len(self.piece_classes), p=self.piece_p))]
        stem, start = self._stem(self.piece_tables[name], rng)
        others = [n for n in self.pieces[self.store.stems[stem].piece] if n != stem]
        stems = [stem, *(others[i] for i in rng.permutation(len(others))[: count - 1])]
        lift_db = min(self._lift_db(n, start) for n in stems)
        apart_db = rng.uniform(-self.plan.apart_db, self.plan.apart_db, len(stems))
        return [
            _Drawn(self.store.stems[n].instrument, n, start, lift_db + float(off))
            for n, off in zip(stems, apart_db, strict=True)
        ]

    def _stem(self, table: Table, rng: np.random.Generator) -> tuple[int, int]:
        lists, p = table
        found = lists[rng.choice(len(lists), p=p)]
        stem = found[int(rng.integers(len(found)))]
        last = int(10 * (10.0 - self.plan.clip_s))
        return stem, int(rng.integers(last + 1)) if rng.random() < 0.75 else 0

    def _levels(self, stem: int, start: int) -> NDArray[np.float64]:
        n_tenths = int(self.plan.clip_s * SAMPLE_RATE_HZ) // LEVEL_SAMPLES
        return np.array(self.store.stems[stem].levels_db[start : start + n_tenths], float)

    def _lift_db(self, stem: int, start: int) -> float:
        """What brings a stem to the usual loudness."""
        loudness_db = 10 * np.log10(np.mean(10 ** (self._levels(stem, start) / 10)) + 1e-10)
        return float(np.clip(-20.0 - loudness_db, -6.0, 30.0))

    def _add(self, mix: NDArray[np.float32], one: _Drawn, rng: np.random.Generator) -> NDArray[np.float64]:
        """Add a stem; returns its level at 10 Hz."""
        x = self.store.pcm(one.stem, one.start * LEVEL_SAMPLES, len(mix)).astype(np.float32)
        level = self._levels(one.stem, one.start)
        if rng.random() < self.plan.gap:
            cut = int(rng.integers(3, len(level)))
            if rng.random() < 0.5:
                x[cut * LEVEL_SAMPLES :] = 0
                level[cut:] = -100
            else:
                x[: cut * LEVEL_SAMPLES] = 0
                level[:cut] = -100
        mix += x * np.float32(10 ** (one.gain_db / 20) / 32768.0)
        return np.where(level > -99, level + one.gain_db, -100.0)

    def _labelled(self, mix: NDArray[np.float32], levels: list[tuple[str, NDArray[np.float64]]]) -> Clip:
        n_tenths = len(mix) // LEVEL_SAMPLES
        truth, mask = np.zeros(len(INSTRUMENT_IDS), np.float32), np.ones(len(INSTRUMENT_IDS), np.float32)
        activity = np.zeros((len(INSTRUMENT_IDS), n_tenths), np.float32)
        whole = 10 * np.log10(sum((10 ** (level / 10) for _, level in levels), np.full(n_tenths, 1e-9)))
        loudest = float(whole.max())
        for name, _ in levels:
            for other in UNSURE.get(name, ()):
                mask[INSTRUMENT_IDS.index(other)] = 0.0
        for name, level in levels:
            if name not in INSTRUMENT_IDS:
                continue
            place = INSTRUMENT_IDS.index(name)
            active = (level > whole + self.plan.heard_db) & (level > loudest - 45) & (level > -75)
            maybe = (level > whole + self.plan.unsure_db) & (level > -85)
            activity[place] = active
            truth[place] = float(active.sum() >= 2)
            mask[place] = 1.0 if truth[place] or not maybe.any() else 0.0
        return Clip(mix, truth, mask, activity)


def draw_batch(mixer: Mixer, n_clips: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], ...]:
    """Clips stacked: samples (B, n), truth (B, C), mask (B, C), activity (B, C, tenths)."""
    clips = [mixer.draw(rng) for _ in range(n_clips)]
    return (
        np.stack([c.samples for c in clips]),
        np.stack([c.truth for c in clips]),
        np.stack([c.mask for c in clips]),
        np.stack([c.activity for c in clips]),
    )
