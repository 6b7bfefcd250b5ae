"""OpenMIC-2018: 20,000 ten-second excerpts, 20 instruments, partial crowd labels with a relevance each."""

from __future__ import annotations

import csv
import os
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from instrunet.datasets.clips import Clip
from instrunet.datasets.facts import DatasetFacts
from instrunet.datasets.npz import read_openmic_npz
from instrunet.datasets.parsing import Dataset, IndexOptions, Parsed, locate
from instrunet.errors import InstrunetError
from instrunet.labels import vocabulary

FACTS = DatasetFacts(
    name="openmic",
    title="OpenMIC-2018",
    licence="CC BY 4.0 (labels); each excerpt under its own Creative Commons licence",
    citation=(
        "Humphrey, Durand, McFee: OpenMIC-2018: An Open Data-set for Multiple Instrument Recognition. ISMIR 2018, "
        "438-444. doi:10.5281/zenodo.1432913"
    ),
    url="https://zenodo.org/record/1432913",
    layout="openmic-2018-aggregated-labels.csv or openmic-2018.npz, partitions/split01_*.csv and audio/000/*.ogg",
    group="the artist in the Free Music Archive, or the track where the metadata file is not there",
    vocabularies=("openmic",),
    expected={"clips": 20000, "training clips": 14915, "testing clips": 5085},
    mirdata="openmic2018",
)

CLIP_S = 10.0
UNLABELLED_AS_NEGATIVE = "unlabelled-negative"
"""The protocol that some work uses by mistake: what nobody was asked about counts as absent."""

_LABELS = "openmic-2018-aggregated-labels.csv"
_NPZ = "openmic-2018.npz"
Relevances = Mapping[str, dict[str, float]]


def parse(folder: Path, options: IndexOptions) -> Parsed:
    """Read labels, partitions and which audio is there."""
    root = locate(folder, FACTS, lambda place: (place / _LABELS).exists() or (place / _NPZ).exists(), _LABELS)
    labels = vocabulary("openmic").labels
    relevance, notes = _relevances(root, labels)
    splits = _splits(root)
    about = _metadata(root)
    there = _audio(root)
    keys = sorted(set(relevance) | set(splits) | set(there))
    unasked = dict.fromkeys(labels, 0.0) if options.protocol == UNLABELLED_AS_NEGATIVE else {}
    clips = []
    for key in keys:
        if key not in relevance or (options.require_audio and key not in there):
            continue
        facts = about.get(key, {})
        clips.append(_clip(key, there.get(key, f"audio/{key[:3]}/{key}.ogg"), unasked | relevance[key], splits, facts))
    found = {"clips": len(clips), "audio files": len(there), "observed labels": sum(map(len, relevance.values()))}
    missing = {
        "audio files": len(set(keys) - set(there)),
        "clips of the whole": max(0, FACTS.expected["clips"] - len(clips)),
        "labels of clips": len(set(there) - set(relevance)),
    }
    missing = {what: count for what, count in missing.items() if count}
    return Parsed.of_clips(clips, "openmic", labels, root, found=found, missing=missing, notes=notes)


def _clip(key: str, path: str, truth: dict[str, float], splits: Mapping[str, str], facts: Mapping[str, str]) -> Clip:
    track, start_ms = key.rsplit("_", 1)
    artist = facts.get("artist_id") or facts.get("artist_name")
    return Clip(
        id=f"openmic/{key}",
        path=path,
        dataset=FACTS.name,
        source="mix",
        group=f"openmic/artist/{artist}" if artist else f"openmic/track/{track}",
        truth=truth,
        labels_original=tuple(word for word, value in truth.items() if value >= 0.5),
        duration_s=CLIP_S,
        split=splits.get(key),
        genre=_first_genre(facts.get("track_genres", "")),
        licence=facts.get("license_title") or FACTS.licence,
        extra={"artist": facts.get("artist_name") or None, "cut_from_s": int(start_ms) / 1000},
    )


def _relevances(root: Path, labels: tuple[str, ...]) -> tuple[Relevances, tuple[str, ...]]:
    """Relevance of each observed label by key; the arrays where they are there, the table otherwise."""
    if not (root / _NPZ).exists():
        return _from_table(root / _LABELS, labels), ()
    arrays = read_openmic_npz(root / _NPZ, len(labels))
    relevance = {
        key: {labels[i]: float(value[i]) for i in seen.nonzero()[0]}
        for key, value, seen in zip(arrays.keys, arrays.relevance, arrays.observed, strict=True)
    }
    if not (root / _LABELS).exists():
        return relevance, ()
    table = _from_table(root / _LABELS, labels)
    differing = sum(_differs(relevance.get(key, {}), table.get(key, {})) for key in set(table) | set(relevance))
    note = f"{_NPZ} and {_LABELS} differ for {differing} clips; the .npz counts"
    return relevance, (note,) if differing else ()


def _differs(a: Mapping[str, float], b: Mapping[str, float]) -> bool:
    return set(a) != set(b) or any(abs(a[word] - b[word]) > 1e-4 for word in a)


def _from_table(path: Path, labels: tuple[str, ...]) -> Relevances:
    relevance: dict[str, dict[str, float]] = defaultdict(dict)
    for line, row in enumerate(_rows(path, {"sample_key", "instrument", "relevance"}), start=2):
        if row["instrument"] not in labels:
            raise InstrunetError(f"{path}, line {line}: OpenMIC has no instrument {row['instrument']!r}")
        try:
            relevance[row["sample_key"]][row["instrument"]] = float(row["relevance"])
        except ValueError:
            raise InstrunetError(f"{path}, line {line}: relevance {row['relevance']!r} is no number") from None
    return relevance


def _splits(root: Path) -> dict[str, str]:
    splits: dict[str, str] = {}
    for split in ("train", "test"):
        path = root / "partitions" / f"split01_{split}.csv"
        if path.exists():
            splits |= dict.fromkeys(path.read_text(encoding="utf-8").split(), split)
    return splits


def _metadata(root: Path) -> dict[str, dict[str, str]]:
    path = root / "openmic-2018-metadata.csv"
    return {row["sample_key"]: row for row in _rows(path, {"sample_key"})} if path.exists() else {}


def _audio(root: Path) -> dict[str, str]:
    """Path of each key's audio, whatever its suffix, so that converted copies are found too."""
    found = {}
    for place, folders, names in os.walk(root / "audio"):
        folders.sort()
        for name in sorted(names):
            key, suffix = os.path.splitext(name)
            if not name.startswith(".") and suffix.lower() in {".ogg", ".wav", ".flac", ".mp3"}:
                found[key] = (Path(place) / name).relative_to(root).as_posix()
    return found


def _first_genre(listed: str) -> str | None:
    """The first genre title in the metadata's list of dictionaries, which is Python's notation.

    >>> _first_genre("[{'genre_id': '12', 'genre_title': 'Rock', 'genre_url': 'x'}]")
    'Rock'
    """
    import ast

    try:
        genres = ast.literal_eval(listed)
        return str(genres[0]["genre_title"])
    except (ValueError, SyntaxError, IndexError, KeyError, TypeError):
        return None


def _rows(path: Path, needed: set[str]) -> Iterator[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        lacking = needed - set(reader.fieldnames or ())
        if lacking:
            raise InstrunetError(f"{path}: lacks the column {', '.join(sorted(lacking))}")
        yield from reader


DATASET = Dataset(FACTS, parse, protocols=(UNLABELLED_AS_NEGATIVE,))
