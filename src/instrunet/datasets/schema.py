"""The arrow types of the manifest's columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from instrunet.datasets.arrow import arrow
from instrunet.datasets.clips import COLUMNS


def standard_types() -> dict[str, Any]:
    """Type of each standard column; long repetitive words are dictionary-encoded by Parquet itself."""
    pa = arrow()
    texts = dict.fromkeys(COLUMNS, pa.string())
    return texts | {
        "start_s": pa.float64(),
        "duration_s": pa.float64(),
        "labels_original": pa.list_(pa.string()),
        "pitch": pa.int16(),
        "velocity": pa.int16(),
    }


def standard_columns(columns: Mapping[str, Any]) -> Any:
    """Make an arrow table with the standard columns first and the further ones after them.

    >>> standard_columns({"id": ["a"], "path": ["a.wav"], "artist": ["x"]}).column_names[-2:]
    ['licence', 'artist']
    """
    pa = arrow()
    types = standard_types()
    n_rows = len(columns["id"])
    arrays = {}
    for name in COLUMNS:
        given = columns.get(name, [None] * n_rows)
        arrays[name] = pa.array(given, type=types[name]) if not isinstance(given, pa.Array) else given
    for name, values in columns.items():
        if name not in arrays:
            arrays[name] = values if isinstance(values, pa.Array) else pa.array(values)
    return pa.table(arrays)


def events_schema() -> Any:
    """Schema of the events table."""
    pa = arrow()
    return pa.schema([("id", pa.string()), ("start_s", pa.float64()), ("end_s", pa.float64()), ("label", pa.string())])
