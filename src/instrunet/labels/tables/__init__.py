"""The label tables as plain files: edit these, not code."""

from __future__ import annotations

import csv
import tomllib
from importlib.resources import files
from typing import Any


def rows(name: str) -> list[dict[str, str]]:
    """Read ``name``.csv: one dictionary per line, keyed by the header.

    >>> rows("gm_programs")[40]["name"]
    'Violin'
    """
    text = files(__name__).joinpath(f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def sections(name: str) -> dict[str, Any]:
    """Read ``name``.toml.

    >>> sections("vocabularies")["irmas"]["labels"]["cel"]
    ['cello']
    """
    return tomllib.loads(files(__name__).joinpath(f"{name}.toml").read_text(encoding="utf-8"))


def ids(cell: str) -> tuple[str, ...]:
    """Split a cell of instrument ids.

    >>> ids("electric_bass;double_bass"), ids("")
    (('electric_bass', 'double_bass'), ())
    """
    return tuple(part.strip() for part in cell.split(";") if part.strip())
