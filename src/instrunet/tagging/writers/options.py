"""What a user may choose about the output."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from instrunet.tagging.tags import InstrumentTag, Tags


@dataclass(frozen=True)
class WriteOptions:
    """Choices that all formats share.

    Attributes:
        top: name this many instruments, the most confident, detected or not; None names the detected ones.
        timeline: draw activity over time into the table.
        root: the folder that was asked for; files are named relative to it.
    """

    top: int | None = None
    timeline: bool = False
    root: Path | None = None

    def chosen(self, tags: Tags) -> tuple[InstrumentTag, ...]:
        """The instruments to name, the most confident first."""
        return tags.detected if self.top is None else tags.ranked[: self.top]

    def name(self, tags: Tags) -> str:
        """The name of the recording, as one line."""
        path = "stdin" if tags.path == "-" else tags.path
        if self.root is not None and Path(path).is_relative_to(self.root):
            path = Path(path).relative_to(self.root).as_posix()
        return os.fsencode(path).decode("utf-8", "replace") or "samples"
