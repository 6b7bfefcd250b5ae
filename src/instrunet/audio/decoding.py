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
SMALL_FRAMES = 1024
GAPS_FRAMES = (1024, 4096, 8192, 16_384, 65_536, 262_144)  # how far to step over damage
MOST_GAPS = 100
MOST_VALUES = BLOCK_FRAMES * 8  # in a block: files may claim a thousand channels
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
        self._damaged = False
        try:
            self._file = self._open()
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

    def _open(self) -> soundfile.SoundFile:
        return soundfile.SoundFile(self._corrected or signatures.byte_name(self._path))

    def frames(self, start: int) -> Iterator[Samples]:
        """Blocks of (frames, channels) from frame ``start``.

        Damage is approached in small steps and then stepped over: the gap is silent and told in a remark. Where
        nothing more can be decoded the blocks end, with a remark.
        """
        most = max(SMALL_FRAMES, min(BLOCK_FRAMES, MOST_VALUES // self.info.channels))
        at, size, heard = min(start, self._file.frames), most, 0
        gaps: list[int] = []
        while True:
            block = self._read(at, size)
            if block is None and size > SMALL_FRAMES:
                size = SMALL_FRAMES
                continue
            if block is None:
                block = self._gap(at) if len(gaps) < MOST_GAPS else None
                if block is None:
                    break
                gaps.append(len(block))
                size = most
            elif not len(block):
                break
            else:
                heard += len(block)
            at += len(block)
            yield block
        if self._damaged and not heard:
            raise AudioError(f"{shown(self._path)}: damaged throughout; export it again")
        self._tell(at, gaps)

    def _tell(self, at: int, gaps: list[int]) -> None:
        rate, total = self._file.samplerate, self._file.frames
        if gaps:
            self.remarks.append(f"damaged in {len(gaps)} places: {sum(gaps) / rate:.1f} s were silenced")
        if total - at > TAIL_FRAMES and not self.remarks:
            self.remarks.append(f"ends early: {at / rate:.1f} s of {total / rate:.1f} s could be decoded")

    def _read(self, at: int, size: int) -> Samples | None:
        """The frames from ``at`` on; None where they are damaged."""
        try:
            if self._damaged:  # a decoder that met damage cannot go on: begin anew
                self._file.close()
                self._file = self._open()
                self._damaged = False
            if self._file.tell() != at and self._file.seek(at) != at:
                return None
            return self._file.read(size, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError:
            self._damaged = True
            return None

    def _gap(self, at: int) -> Samples | None:
        """Silence up to the next place that can be decoded; None if there is none."""
        for gap in GAPS_FRAMES:
            if gap > SMALL_FRAMES and gap * self.info.channels > 4 * MOST_VALUES:
                return None
            beyond = self._read(at + gap, SMALL_FRAMES) if at + gap < self._file.frames else None
            if beyond is not None and len(beyond):
                return np.zeros((gap, self.info.channels), np.float32)
        return None

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
