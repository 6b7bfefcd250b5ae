"""Medley-solos-DB in small: one table of clips, and 32-bit float sounds named by subset, class and UUID."""

from __future__ import annotations

import csv
import uuid
from pathlib import Path

from instrunet.synthesis.miniatures.clips import Clip, generator, solo
from instrunet.synthesis.miniatures.sound_files import write_float

CLASSES = (
    "clarinet",
    "distorted electric guitar",
    "female singer",
    "flute",
    "piano",
    "tenor saxophone",
    "trumpet",
    "violin",
)
CLIPS_PER_SONG = 2
SONGS = {"training": 2, "validation": 1, "test": 1}
SPLITS = {"training": "train", "validation": "validation", "test": "test"}
SAMPLE_RATE_HZ = 44_100
N_SAMPLES = 131_072


def write_medley_solos_db(folder: Path, *, seed: int, scale: int) -> tuple[Clip, ...]:
    """Write two songs a class for training and one each for validation and test (times ``scale``)."""
    rows: list[dict[str, object]] = []
    clips = []
    song_id = 0
    for subset, n_songs in SONGS.items():
        for instrument_id, instrument in enumerate(CLASSES):
            for _ in range(n_songs * scale):
                song_id += 1
                for take in range(CLIPS_PER_SONG):
                    rng = generator(seed, "medley solos", subset, instrument, song_id, take)
                    name = str(uuid.UUID(bytes=rng.bytes(16), version=4))
                    path = f"audio/Medley-solos-DB_{subset}-{instrument_id}_{name}.wav"
                    sound = solo(
                        "medley_solos_db",
                        instrument,
                        N_SAMPLES / SAMPLE_RATE_HZ,
                        sample_rate_hz=SAMPLE_RATE_HZ,
                        rng=rng,
                    )
                    write_float(folder / path, sound, SAMPLE_RATE_HZ)
                    clips.append(Clip(path, (instrument,), SPLITS[subset]))
                    rows.append(dict(zip(COLUMNS, (subset, instrument, instrument_id, song_id, name), strict=True)))
    _write_table(folder / "annotation" / "Medley-solos-DB_metadata.csv", rows)
    return tuple(clips)


COLUMNS = ("subset", "instrument", "instrument_id", "song_id", "uuid4")


def _write_table(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
