"""A store of stems: ten-second recordings of one instrument each, in memory-mapped shards, with their loudness."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from instrunet.errors import InstrunetError
from instrunet.files import written_whole
from instrunet.synthesis.bank import SAMPLE_RATE_HZ

STEM_S = 10.0
STEM_SAMPLES = int(STEM_S * SAMPLE_RATE_HZ)
LEVEL_SAMPLES = SAMPLE_RATE_HZ // 10
"""Loudness is kept at 10 Hz."""
SILENT_DB = -100
NOT_FOR_SHIPPING = ("merlin",)
"""Sources whose licence forbids commercial use: never drawn, even where a store holds them."""


@dataclass(frozen=True)
class Stem:
    """What one stem is.

    Attributes:
        instrument: canonical id, or "" for what is no instrument (noise, applause, speech).
        source, patch: where its notes come from.
        treatment: ``dry`` or ``studio``.
        levels_db: RMS of every tenth of a second in whole decibels below full scale.
        piece: stems with the same name here were made for one piece and begin together; "" for a stem alone.
    """

    instrument: str
    source: str
    patch: str
    treatment: str
    levels_db: tuple[int, ...]
    piece: str = ""


Keep = Callable[[Stem], bool]


def levels_db(x: NDArray[np.float32]) -> tuple[int, ...]:
    """RMS of every tenth of a second, in whole decibels.

    >>> levels_db(np.full(6400, 0.1, np.float32))
    (-20, -20)
    """
    blocks = x[: len(x) // LEVEL_SAMPLES * LEVEL_SAMPLES].reshape(-1, LEVEL_SAMPLES)
    rms = np.sqrt(np.mean(np.square(blocks, dtype=np.float64), axis=1))
    return tuple(int(v) for v in np.maximum(np.round(20 * np.log10(rms + 1e-9)), SILENT_DB))


def write_shard(folder: str | Path, name: str, stems: Iterable[tuple[Stem, NDArray[np.float32]]]) -> Path:
    """Write stems as ``name.i16`` and ``name.json``; the JSON comes last, so a shard with one is whole."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    described = []
    with written_whole(folder / f"{name}.i16") as beside, beside.open("wb") as out:
        for stem, x in stems:
            if len(x) != STEM_SAMPLES:
                raise ValueError(f"a stem has {STEM_SAMPLES} samples, not {len(x)}")
            out.write(np.round(np.clip(x, -1.0, 1.0) * 32767.0).astype("<i2").tobytes())
            described.append(asdict(stem))
    with written_whole(folder / f"{name}.json") as beside:
        beside.write_text(json.dumps(described))
    return folder / f"{name}.json"


class StemStore:
    """All whole shards of a folder, read without loading them.

    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> silence = np.zeros(STEM_SAMPLES, np.float32)
    >>> _ = write_shard(folder, "shard-0000", [(Stem("flute", "mine", "a", "dry", levels_db(silence)), silence)])
    >>> store = StemStore(folder)
    >>> len(store), store.stems[0].instrument, store.pcm(0).shape
    (1, 'flute', (320000,))
    """

    def __init__(self, *folders: str | Path) -> None:
        self.folders = tuple(Path(f) for f in folders)
        self.stems: list[Stem] = []
        self._where: list[tuple[int, int]] = []
        self._shards: list[NDArray[np.int16]] = []
        self._seen: set[Path] = set()
        self.refresh()
        if not self.stems:
            raise InstrunetError(f"{self.folders[0]}: no stems here; make some with 'instrunet synth corpus'")

    def refresh(self) -> int:
        """Take in shards written since; returns how many stems are new."""
        before = len(self.stems)
        for path in sorted(p for folder in self.folders for p in folder.glob("*.json")):
            if path in self._seen or path.name.startswith("."):
                continue
            entries = json.loads(path.read_text())
            if not isinstance(entries, list):
                continue
            self._seen.add(path)
            pcm = np.memmap(path.with_suffix(".i16"), dtype="<i2", mode="r", shape=(len(entries), STEM_SAMPLES))
            for row, entry in enumerate(entries):
                self.stems.append(Stem(**entry | {"levels_db": tuple(entry["levels_db"])}))
                self._where.append((len(self._shards), row))
            self._shards.append(pcm)
        return len(self.stems) - before

    def __len__(self) -> int:
        return len(self.stems)

    def pcm(self, index: int, start: int = 0, length: int = STEM_SAMPLES) -> NDArray[np.int16]:
        """A view of the samples of one stem."""
        shard, row = self._where[index]
        return self._shards[shard][row, start : start + length]

    def usable(self, keep: Keep | None = None) -> list[int]:
        """The numbers of the stems that may be drawn, and that ``keep`` wants."""
        return [
            number
            for number, stem in enumerate(self.stems)
            if stem.source not in NOT_FOR_SHIPPING and (keep is None or keep(stem))
        ]

    def by_source(self, numbers: Iterable[int] | None = None) -> dict[str, dict[str, list[int]]]:
        """Stem numbers (all usable ones if none are given) by instrument, then source."""
        tree: dict[str, dict[str, list[int]]] = {}
        for number in self.usable() if numbers is None else numbers:
            stem = self.stems[number]
            tree.setdefault(stem.instrument, {}).setdefault(stem.source, []).append(number)
        return tree
