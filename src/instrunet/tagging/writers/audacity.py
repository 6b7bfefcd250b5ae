"""A label track for Audacity: start TAB end TAB label."""

from __future__ import annotations

from typing import TextIO

from instrunet.tagging.tags import Tags
from instrunet.tagging.writers.options import WriteOptions


def write_labels(tags: Tags, file: TextIO, options: WriteOptions) -> None:
    """One line a range, in the order of their beginnings."""
    spans = sorted((r.start_s, r.end_s, tag.label) for tag in options.chosen(tags) for r in tag.ranges)
    file.writelines(f"{start_s:.6f}\t{end_s:.6f}\t{label}\n" for start_s, end_s, label in spans)
