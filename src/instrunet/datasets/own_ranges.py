"""Your own recordings annotated in time: a table of ranges, or JAMS files."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from instrunet.audio import AUDIO_SUFFIXES
from instrunet.datasets.clips import Clip, closed_truth
from instrunet.datasets.durations import duration_of
from instrunet.datasets.facts import DatasetFacts
from instrunet.datasets.own_folder import OWN, PARTIAL, number, read_table, union
from instrunet.datasets.parsing import Dataset, IndexOptions, Parsed
from instrunet.errors import InstrunetError

RANGES_FACTS = DatasetFacts(
    name="ranges",
    title="a table of annotated ranges",
    licence="your own",
    citation="",
    url="",
    layout="a CSV with the columns path, start_s, end_s and label; a row a range",
    group="the file",
)
JAMS_FACTS = DatasetFacts(
    name="jams",
    title="JAMS annotations",
    licence="your own",
    citation="Humphrey, Salamon, Nieto, Forsyth, Bittner, Bello: JAMS. ISMIR 2014.",
    url="https://jams.readthedocs.io",
    layout="*.jams with a tag annotation (tag_open, tag_medleydb_instruments, …), each audio beside its .jams",
    group="the file",
)


@dataclass(frozen=True)
class Range:
    """A label from one time to another; ``end_s`` is None for the end of the recording."""

    start_s: float
    end_s: float | None
    label: str


def parse_ranges(table: Path, options: IndexOptions) -> Parsed:
    """Read a row a range; a recording becomes one clip, or clips of ``clip_s``, with its events."""
    by_path: dict[str, list[Range]] = defaultdict(list)
    for row in read_table(table, {"path", "start_s", "end_s", "label"}, RANGES_FACTS.title):
        start_s = number(row.values["start_s"], table, row.line)
        end_s = number(row.values["end_s"], table, row.line)
        if end_s <= start_s:
            raise InstrunetError(f"{table}, line {row.line}: the range ends at {end_s:g} s, before it begins")
        by_path[Path(row.values["path"]).as_posix()].append(Range(start_s, end_s, row.values["label"]))
    return _of_ranges("ranges", by_path, table.parent, options)


def parse_jams(folder: Path, options: IndexOptions) -> Parsed:
    """Read every ``.jams`` under a folder (or the one that is named)."""
    files = [folder] if folder.is_file() else sorted(folder.rglob("*.jams"))
    if not files:
        raise InstrunetError(f"this does not look like JAMS annotations: no .jams under {folder}")
    root = folder.parent if folder.is_file() else folder
    by_path = {_audio_of(file).relative_to(root).as_posix(): list(_ranges_in(file)) for file in files}
    return _of_ranges("jams", by_path, root, options)


def _of_ranges(name: str, by_path: Mapping[str, Sequence[Range]], root: Path, options: IndexOptions) -> Parsed:
    labels = union([entry.label for entry in ranges] for ranges in by_path.values())
    clips: list[Clip] = []
    events: list[tuple[str, float, float, str]] = []
    n_missing = 0
    for path, ranges in sorted(by_path.items()):
        there = (root / path).exists()
        n_missing += not there
        if not there and options.require_audio:
            continue
        whole_s = duration_of(root / path)
        for start_s, end_s in _windows(whole_s, options.clip_s or 0.0):
            inside = [entry for entry in ranges if entry.start_s < end_s and _end(entry) > start_s]
            clip = _clip(name, path, start_s, end_s, [entry.label for entry in inside])
            truth = closed_truth(labels, clip.labels_original) if options.protocol != PARTIAL else clip.truth
            clips.append(_with_truth(clip, truth))
            events += [
                (clip.id, max(entry.start_s, start_s) - start_s, min(_end(entry), end_s) - start_s, entry.label)
                for entry in inside
                if min(_end(entry), end_s) < float("inf")
            ]
    missing = {"audio files": n_missing} if n_missing else {}
    found = {"recordings": len(by_path) - n_missing, "clips": len(clips)}
    return Parsed.of_clips(clips, OWN, labels, root, events=events or None, found=found, missing=missing)


def _windows(whole_s: float | None, clip_s: float) -> Iterator[tuple[float, float]]:
    if whole_s is None or not clip_s:
        yield 0.0, float("inf") if whole_s is None else whole_s
        return
    for index in range(max(1, int(whole_s / clip_s + 1e-9))):
        yield index * clip_s, min((index + 1) * clip_s, whole_s)


def _clip(name: str, path: str, start_s: float, end_s: float, words: list[str]) -> Clip:
    return Clip(
        id=f"{name}/{path}" + (f"@{start_s:g}" if start_s else ""),
        path=path,
        dataset=name,
        source="mix",
        group=f"{name}/{path}",
        truth=dict.fromkeys(words, 1.0),
        labels_original=tuple(dict.fromkeys(words)),
        start_s=start_s,
        duration_s=None if end_s == float("inf") else end_s - start_s,
    )


def _with_truth(clip: Clip, truth: Mapping[str, float]) -> Clip:
    from dataclasses import replace

    return replace(clip, truth=truth)


def _end(entry: Range) -> float:
    return float("inf") if entry.end_s is None else entry.end_s


def _audio_of(file: Path) -> Path:
    """The audio beside a ``.jams``, whatever its suffix; ``.wav`` where there is none."""
    there = [file.with_suffix(suffix) for suffix in sorted(AUDIO_SUFFIXES)]
    return next((path for path in there if path.exists()), file.with_suffix(".wav"))


def _ranges_in(file: Path) -> Iterator[Range]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        annotations = content["annotations"]
        for annotation in annotations:
            if annotation["namespace"].startswith("tag_") or annotation["namespace"] == "segment_open":
                yield from (_range(entry) for entry in _observations(annotation["data"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InstrunetError(f"{file}: not a readable JAMS file: {error!r}") from error


def _observations(data: Any) -> list[dict[str, Any]]:
    """Rows, whether they are written row by row or (as older versions do) column by column."""
    if isinstance(data, dict):
        return [dict(zip(data, values, strict=True)) for values in zip(*data.values(), strict=True)]
    return list(data)


def _range(entry: dict[str, Any]) -> Range:
    start_s, length_s = float(entry.get("time") or 0), float(entry.get("duration") or 0)
    return Range(start_s, start_s + length_s if length_s else None, str(entry["value"]))


RANGES = Dataset(RANGES_FACTS, parse_ranges, protocols=(PARTIAL,))
JAMS = Dataset(JAMS_FACTS, parse_jams, protocols=(PARTIAL,))
