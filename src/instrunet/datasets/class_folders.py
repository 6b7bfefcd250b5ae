"""A manifest's audio sorted into a folder a class: stems to listen to, or to feed to whatever wants folders."""

from __future__ import annotations

import csv
import os
import re
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from instrunet.datasets.manifest import Manifest
from instrunet.errors import InstrunetError, UsageError
from instrunet.files import written_whole

MODES = ("copy", "link", "excerpt")


@dataclass(frozen=True)
class SortingOptions:
    """What goes into the folders.

    Attributes:
        mode: ``copy`` the file, ``link`` to it (symbolically), or write the clip's ``excerpt`` as 16-bit WAV.
        classes: keep only these; empty for all.
        dominant: keep only so many, the most frequent; 0 for all.
        mixtures: True to put a clip with several classes into each of their folders; else it is left out.
        force: replace files that are there.
    """

    mode: str = "copy"
    classes: tuple[str, ...] = ()
    dominant: int = 0
    mixtures: bool = False
    force: bool = False


@dataclass(frozen=True)
class Placed:
    """One file in a class's folder."""

    source: Path
    target: Path
    label: str
    id: str
    group: str
    split: str
    start_s: float
    duration_s: float | None


@dataclass(frozen=True)
class Sorted:
    """What was done.

    Attributes:
        counts: files in each class's folder.
        left_out: clips with no wanted class, or with several where mixtures were not asked for.
        failures: one sentence a file that could not be read.
    """

    counts: dict[str, int]
    left_out: int
    failures: tuple[str, ...]


def sort_by_class(
    manifest: Manifest, folder: str | os.PathLike[str], *, options: SortingOptions | None = None
) -> Sorted:
    """Put the audio of a manifest into a folder a class, with ``index.csv`` (``path, labels, …``) beside them.

    Raises:
        UsageError: a class is unknown, nothing is left, or a file is there already and ``force`` is off.
    """
    options = options or SortingOptions()
    if options.mode not in MODES:
        raise UsageError(f"no mode {options.mode!r}; there are {', '.join(MODES)}")
    root = Path(folder)
    wanted = _wanted(manifest, options)
    placed, left_out = _plan(manifest, root, wanted, options)
    if not placed:
        raise UsageError(f"none of the {len(manifest)} clips has exactly one of {', '.join(wanted)}; try --mixtures")
    _refuse_overwriting([root / "index.csv", *(p.target for p in placed)], options)
    done, failures = [], []
    for entry in placed:
        try:
            _put(entry, options)
            done.append(entry)
        except InstrunetError as error:
            failures.append(str(error))
    _write_index(root, done)
    return Sorted(dict(Counter(entry.label for entry in done)), left_out, tuple(failures))


def _wanted(manifest: Manifest, options: SortingOptions) -> tuple[str, ...]:
    unknown = [name for name in options.classes if name not in manifest.labels]
    if unknown:
        raise UsageError(f"no class {', '.join(unknown)}; this manifest has {', '.join(manifest.labels)}")
    kept = options.classes or manifest.labels
    if not options.dominant:
        return kept
    frequency = dict(zip(manifest.labels, (manifest.mask() & (manifest.y() >= 0.5)).sum(axis=0), strict=True))
    return tuple(sorted(kept, key=lambda name: -frequency[name])[: options.dominant])


def _plan(manifest: Manifest, root: Path, wanted: Sequence[str], options: SortingOptions) -> tuple[list[Placed], int]:
    present = manifest.mask() & (manifest.y() >= 0.5)
    columns = {name: manifest.column(name) for name in ("id", "path", "group", "split", "start_s", "duration_s")}
    placed: dict[Path, Placed] = {}
    left_out = 0
    for row, source in enumerate(manifest.paths()):
        labels = [manifest.labels[j] for j in np.flatnonzero(present[row])]
        chosen = [name for name in labels if name in wanted]
        if not chosen or (len(labels) > 1 and not options.mixtures):
            left_out += 1
            continue
        clip_id = columns["id"][row]
        # A whole file is put down once, however many clips of it there are.
        name = _plain(clip_id if options.mode == "excerpt" else columns["path"][row])
        for label in chosen:
            target = root / _plain(label) / name
            target = target.with_name(f"{target.name}.wav") if options.mode == "excerpt" else target
            placed[target] = Placed(
                source,
                target,
                label,
                clip_id,
                columns["group"][row] or "",
                columns["split"][row] or "",
                columns["start_s"][row] or 0.0,
                columns["duration_s"][row],
            )
    return list(placed.values()), left_out


def _plain(name: str) -> str:
    """Make a name that any file system takes.

    >>> _plain("Track00001/stems/S01.flac"), _plain("Strings (continued)")
    ('Track00001__stems__S01.flac', 'Strings (continued)')
    """
    return re.sub(r'[<>:"|?*\\\x00-\x1f]', "_", name.strip("/. ").replace("/", "__"))


def _refuse_overwriting(targets: Sequence[Path], options: SortingOptions) -> None:
    there = [target for target in targets if target.exists() or target.is_symlink()]
    if there and not options.force:
        more = f" (and {len(there) - 1} more files)" if len(there) > 1 else ""
        raise UsageError(f"{there[0]} exists{more}; say --force to replace it")


def _put(entry: Placed, options: SortingOptions) -> None:
    if not entry.source.is_file():
        raise InstrunetError(f"{entry.source}: no such file")
    if options.mode == "excerpt":
        from instrunet.audio import load, write

        sound = load(entry.source, mono=False, start_s=entry.start_s, duration_s=entry.duration_s)
        entry.target.parent.mkdir(parents=True, exist_ok=True)
        write(entry.target, sound.samples, sound.sample_rate_hz)
        return
    try:
        entry.target.parent.mkdir(parents=True, exist_ok=True)
        if options.mode == "link":
            entry.target.unlink(missing_ok=True)
            entry.target.symlink_to(entry.source.absolute())
        else:
            with written_whole(entry.target) as beside:
                shutil.copyfile(entry.source, beside)
    except OSError as error:
        raise InstrunetError(f"{entry.target}: cannot be written: {error.strerror or error}") from error


def _write_index(root: Path, done: Sequence[Placed]) -> None:
    with written_whole(root / "index.csv") as beside, beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("path", "labels", "id", "group", "split"))
        for entry in done:
            path = entry.target.relative_to(root).as_posix()
            writer.writerow((path, entry.label, entry.id, entry.group, entry.split))
