"""Durations that label files do not tell, read from the headers of the audio."""

from __future__ import annotations

from pathlib import Path

from instrunet.audio import probe
from instrunet.datasets.manifest import Manifest
from instrunet.errors import InstrunetError


def with_durations(manifest: Manifest) -> Manifest:
    """Fill in missing durations; a file that cannot be opened keeps none (``check`` names it)."""
    durations = manifest.column("duration_s")
    starts = manifest.column("start_s")
    known: dict[str, float | None] = {}
    for row, path in enumerate(manifest.paths()):
        if durations[row] is None:
            if str(path) not in known:
                known[str(path)] = duration_of(path)
            whole_s = known[str(path)]
            durations[row] = None if whole_s is None else max(0.0, whole_s - starts[row])
    return manifest.with_column("duration_s", durations)


def duration_of(path: Path) -> float | None:
    """Duration by the header, None where the file is missing or damaged."""
    try:
        return float(probe(path).duration_s)
    except InstrunetError:
        return None
