"""Opening a file of any kind and reading it in blocks of frames."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn, Protocol

import numpy as np
import soundfile

from instrunet.audio import containers, signatures
from instrunet.audio.finding import SOUNDFILE_SUFFIXES
from instrunet.audio.mpeg import Mpeg, corrected, survey
from instrunet.audio.sound import AudioError, AudioInfo, Samples, shown

BLOCK_FRAMES = 65_536
TAIL_FRAMES = 4608  # what a lossy decoder may leave of its last frames without anything being wrong


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
    """Open a file with whatever decodes it; what it is, its bytes say, not its name.

    Raises:
        AudioError: it is not there, is a folder, may not be read, is empty, or is no audio that can be decoded.
        MissingExtraError: it is a container (m4a, webm …) and PyAV is not installed.
    """
    head = _first_bytes(path)
    if signatures.may_be_mp3(path, head):
        if mpeg := survey(path):
            return SoundfileDecoder(path, mpeg)
        head = signatures.after_id3(path) or head
        if not (signatures.demuxer(head) or signatures.is_mpeg(head)):
            _refuse(path)
    if demuxer := signatures.demuxer(head):
        return containers.ContainerDecoder(path, demuxer)
    try:
        return SoundfileDecoder(path)
    except AudioError:
        rare = signatures.second_demuxer(head)  # a known container around a coding that libsndfile lacks
        if rare is None or not containers.can_decode():
            raise
        return containers.ContainerDecoder(path, rare)


def _first_bytes(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise AudioError(f"{shown(path)}: a folder without audio; name a file, or a folder that holds some")
        if path.exists() and not path.is_file():
            raise AudioError(f"{shown(path)}: not a regular file; pipe its bytes to standard input instead")
        with path.open("rb") as file:
            head = file.read(signatures.HEAD_BYTES)
    except FileNotFoundError:
        raise AudioError(f"{shown(path)}: no such file; check the name") from None
    except PermissionError:
        raise AudioError(f"{shown(path)}: may not be read; change its permissions") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise AudioError(f"{shown(path)}: cannot be opened ({reason}); check the name") from None
    if not head:
        raise AudioError(f"{shown(path)}: the file is empty; copy or export it again")
    return head


def _refuse(path: Path) -> NoReturn:
    kind = path.suffix[1:].lower()
    cure = f"is it really {kind}? Export it again" if path.suffix.lower() in SOUNDFILE_SUFFIXES else "convert it to wav"
    raise AudioError(f"{shown(path)}: not audio that can be decoded; {cure}")


class SoundfileDecoder:
    """What libsndfile decodes in this process: wav, flac, ogg, opus, mp3, aiff and their kin."""

    def __init__(self, path: Path, mpeg: Mpeg | None = None) -> None:
        self._path = path
        self._corrected = corrected(path, mpeg) if mpeg else None
        self.remarks: list[str] = []
        try:
            self._file = soundfile.SoundFile(self._corrected or signatures.byte_name(path))
        except (soundfile.LibsndfileError, ValueError, TypeError):
            _refuse(path)
        self.info = AudioInfo(
            duration_s=self._file.frames / self._file.samplerate,
            sample_rate_hz=self._file.samplerate,
            channels=self._file.channels,
            format=f"{self._file.format} {self._file.subtype}",
        )
        self._look_for_losses(mpeg)

    def _look_for_losses(self, mpeg: Mpeg | None) -> None:
        if mpeg and mpeg.remark:
            self.remarks.append(mpeg.remark)
        elif self._file.format == "OGG" and signatures.cut_off_ogg(self._path):
            self.remarks.append("ends early: the end of the stream is missing")
        elif self._file.format in {"WAV", "WAVEX", "AIFF"}:
            missing = signatures.missing_chunk_bytes(self._file.extra_info)
            if missing:
                stated_s = self.info.duration_s * missing[0] / max(1, missing[1])
                self.remarks.append(f"ends early: {self.info.duration_s:.1f} s of {stated_s:.1f} s are there")

    def frames(self, start: int) -> Iterator[Samples]:
        """Blocks of (frames, channels) from frame ``start``; a damaged place ends them with a remark."""
        file, size = self._file, BLOCK_FRAMES
        at = min(start, file.frames)
        first = at
        while self._returned(at):
            try:
                block = file.read(size, dtype="float32", always_2d=True)
            except soundfile.LibsndfileError:
                size //= 8  # come as close to the damage as can be
                if size == 0:
                    break
                continue
            if not len(block):
                break
            at += len(block)
            yield block
        if at == first == 0 and file.frames:
            raise AudioError(f"{shown(self._path)}: damaged from the start; export it again")
        if file.frames - at > TAIL_FRAMES and not self.remarks:
            rate = file.samplerate
            self.remarks.append(f"ends early: {at / rate:.1f} s of {file.frames / rate:.1f} s could be decoded")

    def _returned(self, at: int) -> bool:
        """Go to a frame, unless reading has just brought us there; whether that was possible."""
        try:
            return self._file.tell() == at or self._file.seek(at) == at
        except soundfile.LibsndfileError:
            return False

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        if self._corrected:
            self._corrected.close()


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
