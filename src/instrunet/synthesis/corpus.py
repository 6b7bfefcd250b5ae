"""The corpus that a default model learns from: banks of notes first, then shards of stems, made from one recipe.

A corpus is a folder: ``banks/`` (recorded notes, sound-fonts, modelled ones) and ``stems/`` (shards of ten-second
stems for `instrunet.synthesis.store`). A bank or a shard that is whole is never made again.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instrunet.errors import InstrunetError, UsageError
from instrunet.synthesis.bank import NoteBank, NoteRow, sample_notes, write_bank
from instrunet.synthesis.coherent import Band, piece_stems
from instrunet.synthesis.modelled import modelled_notes
from instrunet.synthesis.music_sources import Music, find_midi
from instrunet.synthesis.patch_set import find_patch_sets
from instrunet.synthesis.phrases import Event, Line, draw_line, long_notes, melody, repeated
from instrunet.synthesis.pipe_organ import STOPS, pipe_organ_notes
from instrunet.synthesis.rooms import measured_rooms
from instrunet.synthesis.singing import Ensemble, Voices, sing
from instrunet.synthesis.soundfont import find_soundfonts, soundfont_notes
from instrunet.synthesis.stems import StemMaker, StemPlan, shard_stems
from instrunet.synthesis.store import STEM_S, STEM_SAMPLES, Stem, levels_db, write_shard
from instrunet.synthesis.studio import StemStudio
from instrunet.synthesis.studio.surroundings import KINDS, Surroundings, surrounding_noise

Samples = NDArray[np.float32]

RATE_HZ = STEM_SAMPLES / STEM_S
LINES = (melody, melody, long_notes, repeated)


@dataclass(frozen=True)
class CorpusRecipe:
    """What a corpus is made of.

    Attributes:
        samples, voices, rooms: folders within the material; empty for none.
        soundfonts: paths of sound-fonts and patch sets, or ``["installed"]`` for those of this machine.
        stops: folder of an organ's stop definitions (Debian's package ``stops``); passed over if it is not there.
        modelled: how many banks of modelled instruments.
        shards, rounds: how many shards, and how often every instrument comes in each.
        sung, noises: stems of singing and of noise in each shard.
        pieces: pieces in each shard whose stems belong together; by our arranger, or, where ``midi`` is a folder within
            the material, half of them from its files.
        dry: share of stems that never see the studio.
        only: limit the kinds of sources (recorded, soundfont, model), for ablations.
    """

    seed: int = 0
    samples: str = "samples"
    voices: str = "voice"
    rooms: str = "ir"
    soundfonts: tuple[str, ...] = ("installed",)
    stops: str = str(STOPS)
    modelled: int = 2
    shards: int = 48
    rounds: int = 2
    sung: int = 24
    noises: int = 6
    pieces: int = 0
    midi: str = ""
    dry: float = 0.35
    only: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: str | Path) -> CorpusRecipe:
        """Read a TOML file; an unknown key is named.

        Raises:
            UsageError: the file is not there, no TOML, or has a key that means nothing here.
        """
        try:
            found = tomllib.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise UsageError(f"{path}: not a recipe that can be read: {error}") from error
        known = {entry.name for entry in fields(cls)}
        strange = sorted(set(found) - known)
        if strange:
            raise UsageError(f"{path}: unknown key {strange[0]!r}; a corpus has {', '.join(sorted(known))}")
        values: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in found.items()}
        return cls(**values)


@dataclass(frozen=True)
class BankJob:
    """One bank to make: ``kind`` is samples, soundfont (or patch set), model or stops."""

    kind: str
    source: str
    folder: str

    def __call__(self) -> str:
        """Make it unless it is there."""
        if not (Path(self.folder) / "notes.jsonl").is_file():
            write_bank(self.folder, self._notes())
        return self.folder

    def _notes(self) -> Iterator[tuple[NoteRow, NDArray[np.float32]]]:
        if self.kind == "samples":
            return sample_notes(self.source)
        if self.kind == "soundfont":
            return soundfont_notes(self.source)
        return pipe_organ_notes(self.source) if self.kind == "stops" else modelled_notes(int(self.source))


def make_bank(job: BankJob) -> str:
    """Run a job (for workers)."""
    return job()


def bank_jobs(recipe: CorpusRecipe, material: Path, out: Path) -> list[BankJob]:
    """The banks that a recipe needs.

    Raises:
        InstrunetError: a named sound-font is not there.
    """
    jobs = []
    if recipe.samples:
        jobs.append(BankJob("samples", str(material / recipe.samples), str(out / "banks" / "samples")))
    fonts: Sequence[str | Path] = recipe.soundfonts
    if tuple(fonts) == ("installed",):
        fonts = [font for font in find_soundfonts() if font.suffix == ".sf2"] + find_patch_sets()
    for font in map(Path, fonts):
        if not font.is_file():
            raise InstrunetError(f"{font}: no such sound-font; install one, for example 'fluid-soundfont-gm'")
        jobs.append(BankJob("soundfont", str(font), str(out / "banks" / font.stem.lower())))
    if recipe.stops and Path(recipe.stops).is_dir():
        jobs.append(BankJob("stops", recipe.stops, str(out / "banks" / "stops")))
    jobs += [BankJob("model", str(recipe.seed + k), str(out / "banks" / f"model{k}")) for k in range(recipe.modelled)]
    return jobs


def banks_beside(out: Path) -> set[str]:
    """The banks that lie in a corpus folder, whoever made them."""
    return {str(path.parent) for path in (out / "banks").glob("*/notes.jsonl")}


@dataclass(frozen=True)
class ShardMaker:
    """Makes one shard of stems by its number."""

    recipe: CorpusRecipe
    material: str
    banks: tuple[str, ...]
    folder: str
    voice_cache: str = ""
    extra: dict[str, Any] = field(default_factory=dict, compare=False)

    def __call__(self, number: int) -> str:
        """Write ``shard-NNNN`` unless it is whole already."""
        name = f"shard-{number:04d}"
        if not (Path(self.folder) / f"{name}.json").is_file():
            write_shard(self.folder, name, self._stems(number))
        return name

    def _stems(self, number: int) -> Iterator[tuple[Stem, Samples]]:
        recipe = self.recipe
        rooms = _rooms(str(Path(self.material) / recipe.rooms)) if recipe.rooms else ()
        voices = None
        if recipe.voices and (recipe.sung or recipe.pieces):
            voices = Voices.open(Path(self.material) / recipe.voices, cache=self.voice_cache or None)
        if self.banks:
            maker = _maker(self.banks, StemPlan(dry=recipe.dry, rooms=rooms, only=recipe.only))
            yield from shard_stems(maker, seed=recipe.seed, shard=number, rounds=recipe.rounds)
            band = Band(maker, voices, _music(str(Path(self.material) / recipe.midi) if recipe.midi else ""))
            for k in range(recipe.pieces):
                rng = np.random.default_rng([recipe.seed, number, 3, k])
                yield from piece_stems(band, rng, name=f"{number:04d}-{k}")
        for k in range(recipe.sung if voices else 0):
            assert voices is not None
            yield sung_stem(voices, np.random.default_rng([recipe.seed, number, 1, k]), rooms, dry=recipe.dry)
        for k in range(recipe.noises):
            yield noise_stem(np.random.default_rng([recipe.seed, number, 2, k]))


@lru_cache(maxsize=2)
def _music(folder: str) -> Music:
    return Music(midi=1.0, midi_files=find_midi([folder])) if folder else Music()


@lru_cache(maxsize=2)
def _maker(banks: tuple[str, ...], plan: StemPlan) -> StemMaker:
    return StemMaker(NoteBank.open(*banks), plan)


@lru_cache(maxsize=4)
def _rooms(folder: str) -> tuple[str, ...]:
    return measured_rooms(folder)


def sung_stem(
    voices: Voices, rng: np.random.Generator, rooms: tuple[str, ...] = (), *, dry: float = 0.35
) -> tuple[Stem, Samples]:
    """Ten seconds of singing by one of the banks."""
    ensemble = Ensemble.draw(rng, voices)
    line: Line = draw_line("voice", STEM_S, rng)
    notes: list[Event] = LINES[int(rng.integers(len(LINES)))](line, rng)
    x = sing(notes, voices, ensemble, length_s=STEM_S, rng=rng)
    treatment = "dry"
    if rng.random() >= dry:
        treatment = "studio"
        studio = replace(StemStudio.draw(rng, "voice", rooms=rooms), level_db=0.0)
        x = studio.apply(x, round(RATE_HZ))
    x = _levelled(x)
    patch = "solo" if len(ensemble.singers) == 1 else "many"
    return Stem("voice", f"sung_{ensemble.singers[0].bank}", patch, treatment, levels_db(x)), x


def noise_stem(rng: np.random.Generator) -> tuple[Stem, Samples]:
    """Ten seconds of something that is no instrument.

    >>> stem, x = noise_stem(np.random.default_rng(1))
    >>> stem.instrument, len(x) == STEM_SAMPLES
    ('', True)
    """
    kind = KINDS[int(rng.integers(len(KINDS)))]
    x = _levelled(surrounding_noise(STEM_SAMPLES, round(RATE_HZ), Surroundings(kind, 0.0, int(rng.integers(2**31)))))
    return Stem("", f"noise_{kind}", kind, "dry", levels_db(x)), x


def _levelled(x: Samples) -> Samples:
    peak = float(np.max(np.abs(x), initial=0.0))
    return (x * np.float32(0.9 / peak)).astype(np.float32) if peak > 0 else x
