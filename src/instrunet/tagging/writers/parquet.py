"""Parquet for data frames: a row a recording, a column a class."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from instrunet.errors import MissingExtraError
from instrunet.tagging.tags import Tags
from instrunet.tagging.writers.options import WriteOptions

ROWS_A_GROUP = 1000


def write_parquet(results: Iterable[Tags], path: Path, options: WriteOptions) -> None:
    """File name, duration, predicted labels (a list), one score per class (null if unknown), and the ranges.

    A group of rows is written as soon as it is full, so memory does not grow with their number.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingExtraError("parquet", "writing Parquet") from error
    writer = None
    try:
        rest = iter(results)
        while group := list(islice(rest, ROWS_A_GROUP)):
            schema = _schema(pa, group[0])
            writer = writer or pq.ParquetWriter(path, schema)
            writer.write_table(pa.Table.from_pylist([_row(tags, options) for tags in group], schema))
    finally:
        if writer:
            writer.close()


def _schema(pa, tags: Tags):  # type: ignore[no-untyped-def]
    span = pa.struct({"label": pa.string(), "start_s": pa.float64(), "end_s": pa.float64(), "confidence": pa.float64()})
    fixed = {"file": pa.string(), "duration_s": pa.float64(), "predicted": pa.list_(pa.string())}
    columns = {**fixed, **{label: pa.float32() for label in tags.words}, "ranges": pa.list_(span)}
    return pa.schema(columns, metadata={"vocabulary": tags.vocabulary, "model": tags.model})


def _row(tags: Tags, options: WriteOptions) -> dict[str, object]:
    chosen = options.chosen(tags)
    return {
        "file": options.name(tags),
        "duration_s": tags.duration_s,
        "predicted": [tag.label for tag in chosen],
        **{tag.label: tag.confidence for tag in tags.instruments},
        "ranges": [
            {"label": tag.label, "start_s": r.start_s, "end_s": r.end_s, "confidence": r.confidence}
            for tag in chosen
            for r in tag.ranges
        ],
    }
