"""Containers that libsndfile does not know (m4a, aac, mp4, webm, wma), decoded by PyAV in a guarded child process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from instrunet.audio.sound import AudioInfo, Samples
from instrunet.errors import MissingExtraError


class ContainerDecoder:
    """A container, decoded elsewhere."""

    def __init__(self, path: Path) -> None:
        raise MissingExtraError("formats", f"reading {path.suffix or 'this format'}")
        self.info: AudioInfo
        self.remarks: list[str]

    def frames(self, start: int) -> Iterator[Samples]:
        """Blocks of (frames, channels) from frame ``start``."""
        raise NotImplementedError

    def close(self) -> None:
        """End the child."""
