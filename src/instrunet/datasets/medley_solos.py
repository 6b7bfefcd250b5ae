"""Medley-solos-DB: 21,571 clips of 3 s, one of eight instruments each."""

from __future__ import annotations

import csv
import os
from pathlib import Path

from instrunet.datasets.clips import Clip, closed_truth
from instrunet.datasets.facts import DatasetFacts
from instrunet.datasets.parsing import Dataset, IndexOptions, Parsed, locate
from instrunet.errors import InstrunetError
from instrunet.labels import vocabulary

FACTS = DatasetFacts(
    name="medley_solos_db",
    title="Medley-solos-DB",
    licence="CC BY 4.0",
    citation=(
        "Lostanlen, Cella: Deep Convolutional Networks on the Pitch Spiral for Musical Instrument Recognition. "
        "ISMIR 2016. doi:10.5281/zenodo.3464194"
    ),
    url="https://zenodo.org/record/3464194",
    layout="annotation/Medley-solos-DB_metadata.csv and audio/Medley-solos-DB_<subset>-<id>_<uuid>.wav",
    group="the song",
    vocabularies=("medley_solos",),
    expected={"clips": 21571},
    mirdata="medley_solos_db",
)

TABLE = "Medley-solos-DB_metadata.csv"
CLIP_S = 65536 / 22050
"""Length that the publishers give: 2^16 samples at 22,050 Hz."""
_SPLITS = {"training": "train", "train": "train", "validation": "validation", "test": "test"}
_COLUMNS = ("subset", "instrument", "instrument_id", "song_id", "uuid4")


def parse(folder: Path, options: IndexOptions) -> Parsed:
    """Read the table; the audio may lie in ``audio`` or beside the table."""
    root = locate(folder, FACTS, lambda place: _table(place) is not None, TABLE)
    table = _table(root)
    assert table is not None
    audio = root / "audio" if (root / "audio").is_dir() else root
    there = {entry.name for entry in os.scandir(audio)}
    labels = vocabulary("medley_solos").labels
    clips, n_missing = [], 0
    with table.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        if lacking := set(_COLUMNS) - set(reader.fieldnames or ()):
            raise InstrunetError(f"{table}: lacks the column {', '.join(sorted(lacking))}")
        for line, row in enumerate(reader, start=2):
            if row["instrument"] not in labels or row["subset"] not in _SPLITS:
                raise InstrunetError(f"{table}, line {line}: {row['instrument']!r} in {row['subset']!r} is unknown")
            name = f"Medley-solos-DB_{row['subset']}-{row['instrument_id']}_{row['uuid4']}.wav"
            n_missing += name not in there
            if name in there or not options.require_audio:
                clips.append(_clip(row, (audio / name).relative_to(root).as_posix(), labels))
    missing = {"audio files": n_missing, "clips of the whole": max(0, FACTS.expected["clips"] - len(clips))}
    missing = {what: count for what, count in missing.items() if count}
    return Parsed.of_clips(clips, "medley_solos", labels, root, found={"clips": len(clips)}, missing=missing)


def _table(folder: Path) -> Path | None:
    places = (folder / "annotation" / TABLE, folder / TABLE)
    return next((path for path in places if path.exists()), None)


def _clip(row: dict[str, str], path: str, labels: tuple[str, ...]) -> Clip:
    return Clip(
        id=f"medley_solos_db/{row['uuid4']}",
        path=path,
        dataset=FACTS.name,
        source="stem",
        group=f"medley_solos_db/song {row['song_id']}",
        truth=closed_truth(labels, [row["instrument"]]),
        labels_original=(row["instrument"],),
        duration_s=CLIP_S,
        split=_SPLITS[row["subset"]],
        licence=FACTS.licence,
    )


DATASET = Dataset(FACTS, parse)
