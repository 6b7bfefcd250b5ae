"""Note mixtures: clips of k families of instruments, one note each, with a tag known only where a family tells it.

The published set has 200 clips of 10 s for each k from 1 to 11. What a clip holds is planned first (families, notes,
gains), from the seed and the clip's own number alone; so any clip can be made by anyone, at any time, and is the same.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from instrunet import audio
from instrunet.errors import InstrunetError, UsageError
from instrunet.files import written_whole
from instrunet.synthesis.note_pools import OPENMIC_TAGS, NotePool
from instrunet.synthesis.studio.surroundings import Surroundings, surrounding_noise

Samples = NDArray[np.float32]

LOWEST_GAIN_DB, HIGHEST_GAIN_DB = -10.0, 0.0
EMPTY_KINDS = ("silence", "hiss", "hum", "vinyl")


@dataclass(frozen=True)
class MixtureConfig:
    """The published values.

    >>> len(MixtureConfig().numbers())
    2200
    """

    per_level: int = 200
    levels: tuple[int, ...] = tuple(range(1, 12))
    duration_s: float = 10.0
    sample_rate_hz: int = 16_000
    seed: int = 0

    def numbers(self) -> list[tuple[int, int]]:
        """(polyphony, number) of every clip."""
        return [(level, number) for level in self.levels for number in range(self.per_level)]


@dataclass(frozen=True)
class Mixture:
    """What one clip holds; ``gains_db`` and ``notes`` go with ``families``. Polyphony 0 has only ``empty_kind``."""

    filename: str
    polyphony: int
    families: tuple[str, ...]
    notes: tuple[str, ...]
    gains_db: tuple[float, ...]
    empty_kind: str = ""
    empty_seed: int = 0


def plan_mixture(pool: NotePool, polyphony: int, number: int, *, seed: int) -> Mixture:
    """Draw one clip: ``polyphony`` families, at least one of them supervised, and a note of each.

    >>> pool = NotePool({"flute": ("a.wav",), "reed": ("b.wav",)}, {"flute": "flute", "reed": None})
    >>> plan_mixture(pool, 1, 0, seed=3).families
    ('flute',)

    Raises:
        UsageError: the bank has fewer families than that.
    """
    if polyphony > len(pool.families):
        lacking = f" (it has no {', '.join(pool.missing)})" if pool.missing else ""
        raise UsageError(f"polyphony {polyphony} needs as many families; the bank has {len(pool.families)}{lacking}")
    rng = np.random.default_rng([seed, polyphony, number])
    filename = f"synthetic_k{polyphony:02d}_{number:04d}.wav"
    if polyphony == 0:
        kind = str(rng.choice(np.array(EMPTY_KINDS)))
        return Mixture(filename, 0, (), (), (float(rng.uniform(-60, -20)),), kind, int(rng.integers(2**31)))
    if not pool.supervised:
        raise UsageError("no family of this bank stands for an OpenMIC tag, so nothing would be known of a mixture")
    while True:
        chosen = [pool.families[i] for i in rng.choice(len(pool.families), polyphony, replace=False)]
        if any(pool.tags[family] for family in chosen):
            break
    notes = tuple(pool.notes[family][int(rng.integers(len(pool.notes[family])))] for family in chosen)
    gains_db = tuple(float(gain) for gain in rng.uniform(LOWEST_GAIN_DB, HIGHEST_GAIN_DB, polyphony))
    return Mixture(filename, polyphony, tuple(chosen), notes, gains_db)


def render_mixture(mixture: Mixture, config: MixtureConfig) -> Samples:
    """The clip: every note looped or cut to length, brought to peak 1, weakened by its gain, added; peak 1 again."""
    n = round(config.duration_s * config.sample_rate_hz)
    if mixture.polyphony == 0:
        return _empty(mixture, n, config.sample_rate_hz)
    total = np.zeros(n, np.float32)
    for note, gain_db in zip(mixture.notes, mixture.gains_db, strict=True):
        x = audio.load(note, sample_rate_hz=config.sample_rate_hz).samples
        total += np.float32(10 ** (gain_db / 20)) * _peak_one(looped(x, n))
    return _peak_one(total)


def looped(x: Samples, n: int) -> Samples:
    """Exactly ``n`` samples: repeated from the start when short, cut when long.

    >>> looped(np.array([1, 2, 3], np.float32), 5).tolist()
    [1.0, 2.0, 3.0, 1.0, 2.0]
    """
    return np.resize(x, n) if len(x) else np.zeros(n, np.float32)


def _empty(mixture: Mixture, n: int, rate_hz: int) -> Samples:
    if mixture.empty_kind == "silence":
        return np.zeros(n, np.float32)
    noise = surrounding_noise(n, rate_hz, Surroundings(mixture.empty_kind, 0.0, mixture.empty_seed))
    return np.clip(noise * np.float32(10 ** (mixture.gains_db[0] / 20)), -1, 1).astype(np.float32)


def _peak_one(x: Samples) -> Samples:
    peak = float(np.max(np.abs(x), initial=0.0))
    return x / np.float32(peak) if peak > 0 else x


@dataclass(frozen=True)
class MixtureMaker:
    """Makes one clip by its (polyphony, number); a clip that is there already is left alone."""

    pool: NotePool
    config: MixtureConfig
    folder: Path

    def __call__(self, number: tuple[int, int]) -> str:
        """Write the clip and tell its name."""
        mixture = plan_mixture(self.pool, *number, seed=self.config.seed)
        path = self.folder / "audio" / mixture.filename
        if not path.is_file():
            audio.write(path, render_mixture(mixture, self.config), self.config.sample_rate_hz, subtype="PCM_16")
        return mixture.filename


def truth_of(mixture: Mixture, pool: NotePool) -> dict[str, int]:
    """1 or 0 for every supervised tag; the others are not there because nothing is known of them.

    >>> pool = NotePool({"flute": ("a",), "organ": ("b",)}, {"flute": "flute", "organ": "organ"})
    >>> truth_of(Mixture("x.wav", 1, ("flute",), ("a",), (0.0,)), pool)
    {'flute': 1, 'organ': 0}
    """
    sounding = {pool.tags[family] for family in mixture.families}
    return {tag: int(tag in sounding) for tag in pool.supervised}


def write_labels(folder: Path, mixtures: Sequence[Mixture], pool: NotePool) -> Path:
    """``labels.csv``: filename, polyphony, families (separated by ``;``), then y_* and m_* for the 20 OpenMIC tags."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    header = [f"y_{tag}" for tag in OPENMIC_TAGS] + [f"m_{tag}" for tag in OPENMIC_TAGS]
    table.writerow(["filename", "polyphony", "families", *header])
    for mixture in mixtures:
        truth = truth_of(mixture, pool)
        y = [truth.get(tag, 0) for tag in OPENMIC_TAGS]
        m = [int(tag in truth) for tag in OPENMIC_TAGS]
        table.writerow([mixture.filename, mixture.polyphony, ";".join(mixture.families), *y, *m])
    with written_whole(folder / "labels.csv") as beside:
        beside.write_text(text.getvalue(), encoding="utf-8")
    return folder / "labels.csv"


def write_manifest(folder: Path, mixtures: Sequence[Mixture], pool: NotePool, config: MixtureConfig) -> Path:
    """``manifest.parquet``: the same truth as training reads it."""
    from instrunet.datasets.clips import Clip
    from instrunet.datasets.manifest import Header, Manifest

    clips = [
        Clip(
            id=mixture.filename.removesuffix(".wav"),
            path=f"audio/{mixture.filename}",
            dataset="note_mixtures",
            source="synthetic",
            group=mixture.filename.removesuffix(".wav"),
            truth={tag: float(value) for tag, value in truth_of(mixture, pool).items()},
            labels_original=mixture.families,
            duration_s=config.duration_s,
            split="train",
        )
        for mixture in mixtures
    ]
    header = Header("openmic", OPENMIC_TAGS, root=str(folder.absolute()))
    return Manifest.from_clips(clips, header).write(folder / "manifest.parquet", force=True)


def same_settings(folder: Path, settings: dict[str, object]) -> None:
    """Write down how the folder is made, or check that it was begun in the same way.

    Raises:
        InstrunetError: the folder was begun with other settings.
    """
    import json

    kept, text = folder / "settings.json", json.dumps(settings, indent=2, sort_keys=True)
    if kept.is_file():
        if kept.read_text(encoding="utf-8") != text:
            raise InstrunetError(f"{folder}: begun with other settings (see settings.json); choose another folder")
        return
    with written_whole(kept) as beside:
        beside.write_text(text, encoding="utf-8")


def mixture_settings(pool: NotePool, config: MixtureConfig) -> dict[str, object]:
    """What decides every sample of a set: the configuration and how many notes each family has."""
    return {"config": asdict(config), "notes": {family: len(notes) for family, notes in pool.notes.items()}}
