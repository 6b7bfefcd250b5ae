"""JSON: everything there is to say, as one document or one line a recording."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, TextIO

from instrunet.tagging.tags import Tags
from instrunet.tagging.writers.options import WriteOptions


def write_json(results: Iterable[Tags], file: TextIO, options: WriteOptions) -> None:
    """A list with one object a recording."""
    before = "["
    for tags in results:
        file.write(before + "\n" + json.dumps(as_dict(tags, options), ensure_ascii=False))
        before = ","
    file.write("\n]\n" if before == "," else "[]\n")


def write_jsonl(results: Iterable[Tags], file: TextIO, options: WriteOptions) -> None:
    """One object a line, written as soon as it is known."""
    for tags in results:
        file.write(json.dumps(as_dict(tags, options), ensure_ascii=False) + "\n")
        file.flush()


def as_dict(tags: Tags, options: WriteOptions) -> dict[str, Any]:
    """Plain values; the curves only where a timeline was asked for, because they are long."""
    out = tags.to_dict(activity=options.timeline)
    out["path"] = options.name(tags)
    if options.top is not None:
        out["instruments"] = out["instruments"][: options.top]
    return out
