"""The formats by name, and which one a file name asks for."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from instrunet.errors import UsageError


@dataclass(frozen=True)
class Format:
    """A way to write tags down.

    Attributes:
        name: how the user asks for it.
        suffix: of its files; several formats may share one.
        each: whether every recording gets a file of its own.
        text: whether it can go to a terminal.
        default_name: of the one file for many recordings.
    """

    name: str
    suffix: str
    each: bool
    text: bool
    default_name: str = ""

    @property
    def write(self) -> Callable[..., Any]:
        """The function: ``write(tags, file, options)``.

        It takes all recordings, as they come, or with ``each`` one; and an open text file, or without ``text`` a path.
        """
        module, function = _WRITERS[self.name].split(":")
        return getattr(importlib.import_module(f"instrunet.tagging.writers.{module}"), function)


FORMATS: dict[str, Format] = {
    f.name: f
    for f in (
        Format("table", ".txt", each=False, text=True, default_name="instrunet_tags.txt"),
        Format("csv", ".csv", each=False, text=True, default_name="instrunet_multilabel_test_predictions.csv"),
        Format("wide-csv", ".csv", each=False, text=True, default_name="instrunet_scores.csv"),
        Format("json", ".json", each=False, text=True, default_name="instrunet_tags.json"),
        Format("jsonl", ".jsonl", each=False, text=True, default_name="instrunet_tags.jsonl"),
        Format("jams", ".jams", each=True, text=True),
        Format("audacity", ".txt", each=True, text=True),
        Format("parquet", ".parquet", each=False, text=False, default_name="instrunet_tags.parquet"),
        Format("png", ".png", each=True, text=False),
    )
}

_WRITERS = {
    "table": "table:write_table",
    "csv": "comma_separated:write_csv",
    "wide-csv": "comma_separated:write_wide_csv",
    "json": "json_text:write_json",
    "jsonl": "json_text:write_jsonl",
    "jams": "jams:write_jams",
    "audacity": "audacity:write_labels",
    "parquet": "parquet:write_parquet",
    "png": "picture:write_picture",
}
_BY_SUFFIX = {".csv": "csv", ".json": "json", ".jsonl": "jsonl", ".jams": "jams", ".parquet": "parquet", ".png": "png"}


def format_named(name: str) -> Format:
    """The format of that name.

    >>> format_named("jams").each
    True

    Raises:
        UsageError: there is none; the message lists them.
    """
    if name not in FORMATS:
        raise UsageError(f"no format is called {name!r}; there are {', '.join(FORMATS)}")
    return FORMATS[name]


def format_of(path: Path) -> Format:
    """The format that a file name asks for.

    >>> format_of(Path("a.csv")).name
    'csv'

    Raises:
        UsageError: the name does not say.
    """
    name = _BY_SUFFIX.get(path.suffix.lower())
    if name is None:
        raise UsageError(f"{path}: the name does not say which format to write; add --format {'|'.join(FORMATS)}")
    return FORMATS[name]
