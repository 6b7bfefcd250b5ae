"""MPEG audio layer III: finding its frames, because without a correct count a decoder stops too soon.

An mp3 has no length of its own. Encoders leave a count in a first, silent frame (Xing, Info or VBRI); where that is
missing, libmpg123 guesses from the first bitrate and drops the rest of a variable-rate file, and where it is wrong (a
cut-off or joined file) it drops or invents. Here the frames are counted and a correct first frame is presented.
"""

from __future__ import annotations

import io
import os
import struct
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO

SEARCH_BYTES = 1 << 22
READ_BYTES = 1 << 20
TOLERANCE_BYTES = 4096  # tags at the end of a file (ID3v1, APE) stay below this or cost one count of the frames
_KBITS_V1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBITS_V2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES_HZ = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}


@dataclass(frozen=True)
class Mpeg:
    """What a survey of the file found.

    Attributes:
        first: Where the first frame begins.
        junk: Bytes between an ID3v2 tag (or the beginning) and the first frame.
        header: Its four bytes.
        n_frames: Frames that carry sound; None where the count left in the file was not questioned.
        stated_frames: The count left in the file.
        counts_at: Where the file keeps its counts of (frames, bytes); None where it keeps none.
        size: Bytes in the file.
    """

    first: int
    junk: int
    header: bytes
    n_frames: int | None
    stated_frames: int | None
    counts_at: tuple[int, int] | None
    size: int

    @property
    def remark(self) -> str | None:
        """What a listener should know, if frames are missing."""
        if self.n_frames is None or not self.stated_frames or self.n_frames >= self.stated_frames - 1:
            return None
        per_frame = samples_per_frame(self.header) / sample_rate_hz(self.header)
        return f"ends early: {self.n_frames * per_frame:.1f} s of {self.stated_frames * per_frame:.1f} s are there"


def survey(path: Path) -> Mpeg | None:
    """Look a file over; None if it holds no layer III frames.

    The frames are counted only where the file does not count them itself, or where its byte count is wrong.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        start = _after_tags(file)
        file.seek(start)
        data = file.read(SEARCH_BYTES)
        junk = _first_frame(data)
        if junk is None:
            return None
        first, header = start + junk, data[junk : junk + 4]
        tag = _counts_at(data[junk : junk + 200])
        if tag is None:
            return Mpeg(first, junk, header, _count(file, first), None, None, size)
        frames, stated = (int.from_bytes(data[junk + at : junk + at + 4], "big") for at in tag)
        right = frames > 0 and abs(size - first - stated) <= TOLERANCE_BYTES
        counted = None if right else _count(file, first + _length(header[1], header[2]))
        return Mpeg(first, junk, header, counted, frames or None, (first + tag[0], first + tag[1]), size)


def corrected(path: Path, mpeg: Mpeg) -> io.RawIOBase | None:
    """The file as it should have been written, counts in its first frame; None if it is right as it is."""
    if mpeg.n_frames is None:
        return _Prefixed(path, b"", mpeg.first) if mpeg.junk else None
    if mpeg.counts_at is None:
        start = _counting_frame(mpeg)
        return _Prefixed(path, start, mpeg.first)
    frames_at, bytes_at = mpeg.counts_at
    with path.open("rb") as file:
        head = bytearray(file.read(max(frames_at, bytes_at) + 4))
    head[frames_at : frames_at + 4] = struct.pack(">I", mpeg.n_frames)
    head[bytes_at : bytes_at + 4] = struct.pack(">I", mpeg.size - mpeg.first)
    return _Prefixed(path, bytes(head[mpeg.first :]), len(head))


def sample_rate_hz(header: bytes) -> int:
    """The sample rate in a frame header.

    >>> sample_rate_hz(bytes.fromhex("fffb9064"))
    44100
    """
    return _RATES_HZ[header[1] >> 3 & 3][header[2] >> 2 & 3]


def samples_per_frame(header: bytes) -> int:
    """Samples that one frame carries.

    >>> samples_per_frame(bytes.fromhex("fffb9064"))
    1152
    """
    return 1152 if header[1] >> 3 & 3 == 3 else 576


@lru_cache(maxsize=4096)
def _length(second: int, third: int) -> int:
    """Bytes of the frame with these header bytes; 0 if they head no layer III frame."""
    version, layer, bitrate, rate = second >> 3 & 3, second >> 1 & 3, third >> 4, third >> 2 & 3
    if second & 0xE0 != 0xE0 or version == 1 or layer != 1 or bitrate in (0, 15) or rate == 3:
        return 0
    kbits = (_KBITS_V1 if version == 3 else _KBITS_V2)[bitrate]
    samples = 1152 if version == 3 else 576
    return samples * 125 * kbits // _RATES_HZ[version][rate] + (third >> 1 & 1)


def _after_tags(file: BinaryIO) -> int:
    """Where the file goes on after any ID3v2 tags."""
    at = 0
    while (head := _read_at(file, at, 10)).startswith(b"ID3") and len(head) == 10:
        at += 10 + (head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9])
    return at


def _read_at(file: BinaryIO, at: int, n: int) -> bytes:
    file.seek(at)
    return file.read(n)


def _first_frame(data: bytes) -> int | None:
    """The first place where two frames follow one another (or one ends the data)."""
    at = 0
    while 0 <= (at := data.find(b"\xff", at)) < len(data) - 2:
        after = at + _length(data[at + 1], data[at + 2])
        if after > at and (after >= len(data) or _is_frame(data, after)):
            return at
        at += 1
    return None


def _is_frame(data: bytes, at: int) -> bool:
    return at + 2 < len(data) and data[at] == 0xFF and _length(data[at + 1], data[at + 2]) > 0


def _counts_at(frame: bytes) -> tuple[int, int] | None:
    """Where a first frame keeps its counts of (frames, bytes), if it does."""
    tag = 4 + _side_information(frame)
    if frame[tag : tag + 4] in (b"Xing", b"Info") and frame[tag + 7] & 3 == 3:
        return tag + 8, tag + 12
    return (50, 46) if frame[36:40] == b"VBRI" else None


def _side_information(header: bytes) -> int:
    mono = header[3] >> 6 == 3
    if header[1] >> 3 & 3 == 3:
        return 17 if mono else 32
    return 9 if mono else 17


def _count(file: BinaryIO, start: int) -> int:
    """Frames from ``start`` on that are there whole; junk between them is stepped over."""
    n, rest = 0, b""
    file.seek(start)
    while more := file.read(READ_BYTES):
        data = rest + more
        n, at = _count_in(data, n)
        rest = data[at:]
    return n


def _count_in(data: bytes, n: int) -> tuple[int, int]:
    """Count on in a piece; the count, and the place in the piece to go on from once there is more."""
    at, end = 0, len(data)
    while at + 3 <= end:
        length = _length(data[at + 1], data[at + 2]) if data[at] == 0xFF else 0
        if length and at + length > end:
            break
        if length:
            n, at = n + 1, at + length
        else:
            at = data.find(b"\xff", at + 1)
            if at < 0:
                return n, end
    return n, at


def _counting_frame(mpeg: Mpeg) -> bytes:
    """A silent first frame of the same kind that holds the counts (a Xing tag)."""
    kind = mpeg.header[2] & 0x0C | 9 << 4
    header = bytes([mpeg.header[1] | 1, kind, mpeg.header[3]])  # no checksum, a bitrate with room for the tag
    length = _length(header[0], kind)
    size = mpeg.size - mpeg.first + length
    tag = b"Xing" + struct.pack(">III", 3, mpeg.n_frames, size)
    return (b"\xff" + header + bytes(_side_information(mpeg.header)) + tag).ljust(length, b"\0")


class _Prefixed(io.RawIOBase):
    """A file whose first ``skip`` bytes are replaced by others."""

    def __init__(self, path: Path, start: bytes, skip: int) -> None:
        super().__init__()
        self._file = path.open("rb", buffering=0)
        self._start, self._skip, self._at = start, skip, 0
        self._size = len(start) + os.fstat(self._file.fileno()).st_size - skip

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = max(0, (0, self._at, self._size)[whence] + offset)
        return self._at

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def,override]
        if self._at < len(self._start):
            piece = self._start[self._at : self._at + len(buffer)]
            buffer[: len(piece)] = piece
            n = len(piece)
        else:
            self._file.seek(self._at - len(self._start) + self._skip)
            n = self._file.readinto(buffer) or 0
        self._at += n
        return n

    def close(self) -> None:
        self._file.close()
        super().close()
