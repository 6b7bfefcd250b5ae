"""Opening a file of any kind and reading it in blocks of frames."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import numpy as np
import soundfile

from instrunet.audio import containers, signatures
from instrunet.audio.sound import AudioError, AudioInfo, Samples, shown

BLOCK_FRAMES = 65_536


class Decoder(Protocol):
    """A file that is open for decoding."""

    info: AudioInfo
    remarks: list[str]

    def frames(self, start: int) -> Iterator[Samples]:
        """Blocks of (frames, channels) from frame ``start`` to the end."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


def open_decoder(path: Path) -> Decoder:
    """Open a file with whatever decodes it.

    Raises:
        AudioError: it is not there, is a folder, may not be read, is empty, or is no audio that can be decoded.
    """
    head = _first_bytes(path)
    if signatures.is_container(head):
        return containers.ContainerDecoder(path)
    return SoundfileDecoder(path)


def _first_bytes(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise AudioError(f"{shown(path)}: a folder without audio; name a file, or a folder that holds some")
        with path.open("rb") as file:
            head = file.read(signatures.HEAD_BYTES)
    except FileNotFoundError:
        raise AudioError(f"{shown(path)}: no such file; check the name") from None
    except PermissionError:
        raise AudioError(f"{shown(path)}: may not be read; change its permissions") from None
    except (OSError, ValueError) as error:
        raise AudioError(f"{shown(path)}: cannot be opened: {getattr(error, 'strerror', None) or error}") from None
    if not head:
        raise AudioError(f"{shown(path)}: the file is empty; copy or export it again")
    return head


class SoundfileDecoder(AbstractContextManager["SoundfileDecoder"]):
    """What libsndfile decodes in this process: wav, flac, ogg, opus, mp3, aiff and their kin."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.remarks: list[str] = []
        try:
            self._file = soundfile.SoundFile(os.fsencode(path) if os.name != "nt" else str(path))
        except (soundfile.LibsndfileError, ValueError, TypeError) as error:
            raise AudioError(f"{shown(path)}: not audio that can be decoded; {_cure(path)}") from error
        self.info = AudioInfo(
            duration_s=self._file.frames / self._file.samplerate,
            sample_rate_hz=self._file.samplerate,
            channels=self._file.channels,
            format=f"{self._file.format} {self._file.subtype}",
        )

    def frames(self, start: int) -> Iterator[Samples]:
        """Blocks of (frames, channels) from frame ``start``; a damaged place ends them with a remark."""
        at = min(start, self._file.frames)
        try:
            self._file.seek(at)
            while len(block := self._read(BLOCK_FRAMES)):
                at += len(block)
                yield block
        except soundfile.LibsndfileError as error:
            if at == 0:
                raise AudioError(f"{shown(self._path)}: damaged from the start; {_cure(self._path)}") from error
        if at < self._file.frames:
            rate = self._file.samplerate
            self.remarks.append(f"ends early: {at / rate:.1f} s of {self._file.frames / rate:.1f} s could be decoded")

    def _read(self, n: int) -> Samples:
        return self._file.read(n, dtype="float32", always_2d=True)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __exit__(self, *_: object) -> None:
        self.close()


def _cure(path: Path) -> str:
    if path.suffix.lower() in {".mp3", ".wav", ".flac", ".ogg", ".opus", ".aif", ".aiff"}:
        return f"is it really {path.suffix[1:].lower()}? Export it again"
    return "convert it to wav, flac, ogg or mp3"


def silence_unusable(block: Samples) -> tuple[Samples, int]:
    """Replace NaN, infinities and magnitudes over a million by zeros; the block and how many were replaced.

    >>> block, n = silence_unusable(np.array([[0.5], [np.nan], [np.inf]], np.float32))
    >>> block[:, 0].tolist(), n
    ([0.5, 0.0, 0.0], 2)
    """
    usable = np.abs(block) <= 1e6  # False for NaN too
    if usable.all():
        return block, 0
    return np.where(usable, block, np.float32(0)), int(usable.size - usable.sum())
