"""OpenMIC-2018 in small: ten-second Ogg clips by key, crowd answers, partial labels, the split and the ``.npz``."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from instrunet.synthesis.miniatures.clips import Clip, Samples, generator, mixture
from instrunet.synthesis.miniatures.sound_files import write_ogg

CLASSES = (
    "accordion banjo bass cello clarinet cymbals drums flute guitar mallet_percussion mandolin organ piano saxophone "
    "synthesizer trombone trumpet ukulele violin voice"
).split()
CLIP_S, SAMPLE_RATE_HZ = 10.0, 22_050
N_CLIPS, N_RESPONSES, TEST_EVERY = 24, 3, 4
GENRES = ("Rock", "Classical", "Jazz", "Folk", "Electronic", "Hip-Hop")
METADATA_COLUMNS = (
    "track_id,album_id,album_title,album_url,artist_id,artist_name,artist_url,artist_website,license_image_file,"
    "license_image_file_large,license_parent_id,license_title,license_url,tags,track_bit_rate,track_comments,"
    "track_composer,track_copyright_c,track_copyright_p,track_date_created,track_date_recorded,track_disc_number,"
    "track_duration,track_explicit,track_explicit_notes,track_favorites,track_file,track_genres,track_image_file,"
    "track_information,track_instrumental,track_interest,track_language_code,track_listens,track_lyricist,"
    "track_number,track_publisher,track_title,track_url,sample_key,start_time"
).split(",")


@dataclass(frozen=True)
class Excerpt:
    """One excerpt: its key, what plays, and what the crowd was asked of it (word to relevance)."""

    key: str
    track_id: int
    start_s: float
    present: tuple[str, ...]
    responses: tuple[tuple[str, float, float], ...]
    genre: str

    @property
    def path(self) -> str:
        """Where the sound lies."""
        return f"audio/{self.key[:3]}/{self.key}.ogg"

    @property
    def relevance(self) -> dict[str, float]:
        """The trust-weighted mean answer for each class that was asked."""
        words = sorted({word for word, _, _ in self.responses})
        answers = {w: [(t, r) for word, t, r in self.responses if word == w] for w in words}
        return {w: sum(t * r for t, r in a) / sum(t for t, _ in a) for w, a in answers.items()}


def write_openmic(folder: Path, *, seed: int, scale: int) -> tuple[Clip, ...]:
    """Write 24 excerpts (times ``scale``), each with two or three instruments and four or five observed classes."""
    excerpts = [_excerpt(seed, i) for i in range(N_CLIPS * scale)]
    features = np.zeros((len(excerpts), 10, 128), np.uint8)
    clips = []
    for i, excerpt in enumerate(excerpts):
        rng = generator(seed, "openmic sound", excerpt.key)
        sound = mixture("openmic", excerpt.present, CLIP_S, sample_rate_hz=SAMPLE_RATE_HZ, rng=rng)
        write_ogg(folder / excerpt.path, sound, SAMPLE_RATE_HZ, serial=excerpt.track_id)
        features[i] = _band_levels(sound)
        clips.append(_clip(excerpt, i))
    _write_tables(folder, excerpts)
    _write_features(folder, excerpts, features)
    return tuple(clips)


def _excerpt(seed: int, i: int) -> Excerpt:
    rng = generator(seed, "openmic", i)
    track_id, start = 46 + 89 * i + int(rng.integers(80)), 384 * int(rng.integers(10, 900))
    main = CLASSES[i % len(CLASSES)]
    others = [str(w) for w in rng.permutation([c for c in CLASSES if c != main])]
    n_others = int(rng.integers(1, 3))
    present = (main, *others[:n_others])
    asked = (*present, *others[n_others : n_others + 2])
    trust = rng.uniform(0.7, 1.0, (len(asked), N_RESPONSES)).round(4)
    # Two of three answers at least are right: the crowd's majority is the truth.
    wrong = rng.integers(0, 3 * N_RESPONSES, len(asked))
    responses = tuple(
        (word, float(trust[j, k]), float((word in present) != (k == wrong[j])))
        for j, word in enumerate(asked)
        for k in range(N_RESPONSES)
    )
    return Excerpt(
        f"{track_id:06d}_{start}", track_id, start / 1000, present, responses, GENRES[int(rng.integers(len(GENRES)))]
    )


def _clip(excerpt: Excerpt, i: int) -> Clip:
    present = tuple(w for w, r in excerpt.relevance.items() if r >= 0.5)
    absent = tuple(w for w, r in excerpt.relevance.items() if r < 0.5)
    return Clip(excerpt.path, present, _split(i), absent)


def _split(i: int) -> str:
    return "test" if i % TEST_EVERY == TEST_EVERY - 1 else "train"


def _write_tables(folder: Path, excerpts: list[Excerpt]) -> None:
    labels = [(e.key, w, r, N_RESPONSES) for e in excerpts for w, r in e.relevance.items()]
    _write_csv(
        folder / "openmic-2018-aggregated-labels.csv",
        ("sample_key", "instrument", "relevance", "num_responses"),
        labels,
    )
    answers = [
        (e.key, f"{1000 + 7 * k:08x}", trust, f"{k % 3:04x}", word, answer)
        for e in excerpts
        for k, (word, trust, answer) in enumerate(e.responses)
    ]
    columns = ("sample_key", "worker_id", "worker_trust", "channel", "instrument", "response")
    _write_csv(folder / "openmic-2018-individual-responses.csv", columns, answers)
    _write_csv(folder / "openmic-2018-metadata.csv", METADATA_COLUMNS, [_metadata(e) for e in excerpts])
    (folder / "class-map.json").write_text(json.dumps({word: i for i, word in enumerate(CLASSES)}))
    for split in ("train", "test"):
        keys = [(e.key,) for i, e in enumerate(excerpts) if _split(i) == split]
        _write_csv(folder / "partitions" / f"split01_{split}.csv", (), keys)


def _metadata(excerpt: Excerpt) -> tuple[object, ...]:
    known = {
        "track_id": excerpt.track_id,
        "artist_name": f"Artist {excerpt.track_id}",
        "license_title": "Attribution 4.0 International",
        "license_url": "https://creativecommons.org/licenses/by/4.0/",
        "tags": "[]",
        "track_genres": str([{"genre_id": str(GENRES.index(excerpt.genre)), "genre_title": excerpt.genre}]),
        "track_title": f"Miniature {excerpt.track_id}",
        "sample_key": excerpt.key,
        "start_time": excerpt.start_s,
    }
    return tuple(known.get(column, "") for column in METADATA_COLUMNS)


def _write_features(folder: Path, excerpts: list[Excerpt], features: NDArray[np.uint8]) -> None:
    relevance = np.full((len(excerpts), len(CLASSES)), 0.5)
    mask = np.zeros(relevance.shape, bool)
    times = [round(0.96 * k, 2) for k in range(10)]
    for i, excerpt in enumerate(excerpts):
        for word, value in excerpt.relevance.items():
            relevance[i, CLASSES.index(word)] = value
            mask[i, CLASSES.index(word)] = True
        path = folder / "vggish" / excerpt.key[:3] / f"{excerpt.key}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"time_points": times, "features": features[i].tolist()}))
    keys = np.array([e.key for e in excerpts])
    np.savez(folder / "openmic-2018.npz", X=features, Y_true=relevance, Y_mask=mask, sample_key=keys)


def _band_levels(sound: Samples) -> NDArray[np.uint8]:
    """Stand in for VGGish's numbers: the level of 128 bands in each of ten stretches of time, as a byte."""
    n = len(sound) // 10
    spectrum = np.abs(np.fft.rfft(sound[: 10 * n].reshape(10, n)))[:, 1:]
    bands = spectrum[:, : spectrum.shape[1] // 128 * 128].reshape(10, 128, -1).mean(axis=-1)
    level_db = 20 * np.log10(bands + 1e-6)
    return np.asarray(np.clip(2 * (level_db + 60), 0, 255), np.uint8)


def _write_csv(path: Path, columns: Iterable[str], rows: Iterable[tuple[object, ...]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        if columns:
            writer.writerow(columns)
        writer.writerows(rows)
