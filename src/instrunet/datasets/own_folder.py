"""Your own recordings: a folder a class, or a table of paths and labels."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from instrunet.audio import find_audio
from instrunet.datasets.clips import SOURCES, SPLITS, Clip, closed_truth
from instrunet.datasets.facts import DatasetFacts
from instrunet.datasets.parsing import Dataset, IndexOptions, Parsed
from instrunet.errors import InstrunetError

OWN = "own"
"""The name of a vocabulary made of the words that were found; ``--vocabulary`` translates them."""
PARTIAL = "partial"
"""The protocol of labels that name some of what plays: what is not named is unknown."""

FOLDER_FACTS = DatasetFacts(
    name="folder",
    title="a folder a class",
    licence="your own",
    citation="",
    url="",
    layout="<class>/**/*.wav (or any audio); train/, validation/ and test/ may stand above the classes",
    group="the file",
)
CSV_FACTS = DatasetFacts(
    name="csv",
    title="a table of paths and labels",
    licence="your own",
    citation="",
    url="",
    layout="a CSV with the columns path and labels (several with ; between), and any of split, group, genre, source",
    group="the column group, or else the file",
)


@dataclass(frozen=True)
class TableRow:
    """A row of a table with the line that it stands in."""

    line: int
    values: dict[str, str]


def parse_folder(folder: Path, options: IndexOptions) -> Parsed:
    """Take each folder's name as the label of every recording in it."""
    if not folder.is_dir():
        raise InstrunetError(
            f"{folder}: no such folder" if not folder.exists() else f"{folder} is a file, not a folder"
        )
    split_folders = [folder / split for split in SPLITS if (folder / split).is_dir()]
    classes = sorted(
        (split.name if split != folder else None, place)
        for split in (split_folders or [folder])
        for place in split.iterdir()
        if place.is_dir() and not place.name.startswith(".")
    )
    labels = tuple(dict.fromkeys(place.name for _, place in sorted(classes, key=lambda pair: pair[1].name)))
    clips = [
        _clip_in_class(path, place.name, split, folder, labels, closed=options.protocol != PARTIAL)
        for split, place in classes
        for path in find_audio([place], follow_links=True)
        if path.is_file()
    ]
    if not clips:
        there = ", ".join(place.name for _, place in classes) or "no folder"
        raise InstrunetError(f"this does not look like a folder a class: no audio in the folders of {folder} ({there})")
    return Parsed.of_clips(clips, OWN, labels, folder, found={"clips": len(clips), "classes": len(labels)})


def _clip_in_class(
    path: Path, label: str, split: str | None, root: Path, labels: tuple[str, ...], *, closed: bool
) -> Clip:
    inside = path.relative_to(root).as_posix()
    return Clip(
        id=f"folder/{inside}",
        path=inside,
        dataset="folder",
        source="mix",
        group=f"folder/{inside}",
        truth=closed_truth(labels, [label]) if closed else {label: 1.0},
        labels_original=(label,),
        split=split,
    )


def parse_csv(table: Path, options: IndexOptions) -> Parsed:
    """Read a row a clip; paths are relative to the table."""
    rows = list(read_table(table, {"path", "labels"}, CSV_FACTS.title))
    words = [split_labels(row.values["labels"]) for row in rows]
    labels = union(words)
    closed = options.protocol != PARTIAL
    clips, n_missing = [], 0
    for row, said in zip(rows, words, strict=True):
        there = (table.parent / row.values["path"]).exists()
        n_missing += not there
        if there or not options.require_audio:
            truth = closed_truth(labels, said) if closed else dict.fromkeys(said, 1.0)
            clips.append(_clip_of_row(row, said, truth, table))
    missing = {"audio files": n_missing} if n_missing else {}
    return Parsed.of_clips(clips, OWN, labels, table.parent, found={"clips": len(clips)}, missing=missing)


def _clip_of_row(row: TableRow, words: tuple[str, ...], truth: dict[str, float], table: Path) -> Clip:
    values = row.values
    split, source = values.get("split") or None, values.get("source") or "mix"
    if split is not None and split not in SPLITS:
        raise InstrunetError(f"{table}, line {row.line}: split {split!r}; use one of {', '.join(SPLITS)}")
    if source not in SOURCES:
        raise InstrunetError(f"{table}, line {row.line}: source {source!r}; use one of {', '.join(SOURCES)}")
    start_s = number(values.get("start_s") or "0", table, row.line)
    end = f"@{start_s:g}" if start_s else ""
    return Clip(
        id=values.get("id") or f"csv/{values['path']}{end}",
        path=Path(values["path"]).as_posix(),
        dataset="csv",
        source=source,
        group=values.get("group") or f"csv/{values['path']}",
        truth=truth,
        labels_original=words,
        start_s=start_s,
        duration_s=number(values["duration_s"], table, row.line) if values.get("duration_s") else None,
        split=split,
        genre=values.get("genre") or None,
        licence=values.get("licence") or None,
    )


def read_table(table: Path, needed: set[str], title: str) -> Iterator[TableRow]:
    """Read a CSV (or TSV) with a header.

    Raises:
        InstrunetError: no such file, no text, a column is lacking or a needed field is empty.
    """
    try:
        text = table.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InstrunetError(f"{table}: not a readable table for {title}: {error}") from error
    first = text.split("\n", 1)[0]
    reader = csv.DictReader(text.splitlines(), delimiter=max("\t;,", key=first.count))
    names = [name.strip() for name in reader.fieldnames or ()]
    if lacking := needed - set(names):
        found = ", ".join(names) or "nothing"
        raise InstrunetError(f"{table}: lacks the column {', '.join(sorted(lacking))} (found: {found})")
    reader.fieldnames = names
    for row in reader:
        values = {name: (value or "").strip() for name, value in row.items() if name}
        for name in needed:
            if not values.get(name) and name != "labels":
                raise InstrunetError(f"{table}, line {reader.line_num}: {name} is empty")
        yield TableRow(reader.line_num, values)


def split_labels(cell: str) -> tuple[str, ...]:
    """Take the labels of a cell apart at ``;`` or ``|``.

    >>> split_labels("piano; voice;piano")
    ('piano', 'voice')
    """
    return tuple(dict.fromkeys(word.strip() for word in re.split(r"[;|]", cell) if word.strip()))


def number(cell: str, table: Path, line: int) -> float:
    """Read seconds from a cell.

    Raises:
        InstrunetError: no number, or a negative one.
    """
    try:
        value = float(cell)
    except ValueError:
        raise InstrunetError(f"{table}, line {line}: {cell!r} is no number of seconds") from None
    if not 0 <= value < float("inf"):
        raise InstrunetError(f"{table}, line {line}: {cell} is no time in a recording")
    return value


def union(words: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """All words, sorted."""
    return tuple(sorted({word for row in words for word in row}))


FOLDER = Dataset(FOLDER_FACTS, parse_folder, protocols=(PARTIAL,))
CSV = Dataset(CSV_FACTS, parse_csv, protocols=(PARTIAL,))
