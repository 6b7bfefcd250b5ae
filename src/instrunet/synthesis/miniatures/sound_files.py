"""Sound files whose bytes follow from the samples alone: no clock and no random number gets in."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

OGG_POLYNOMIAL = 0x04C11DB7


def write_pcm(path: Path, samples: NDArray[np.float32], sample_rate_hz: int) -> None:
    """Write 16-bit WAV or FLAC, by the name's ending; ``samples`` is (n,) or (n, channels)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, sample_rate_hz, subtype="PCM_16")


def write_float(path: Path, samples: NDArray[np.float32], sample_rate_hz: int) -> None:
    """Write a mono 32-bit float WAV (without the dated PEAK chunk that libsndfile adds)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = samples.astype("<f4").tobytes()
    fmt = struct.pack("<HHIIHHH", 3, 1, sample_rate_hz, 4 * sample_rate_hz, 4, 32, 0)
    chunks = _chunk(b"fmt ", fmt) + _chunk(b"fact", struct.pack("<I", len(samples))) + _chunk(b"data", data)
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data


def write_ogg(path: Path, samples: NDArray[np.float32], sample_rate_hz: int, *, serial: int) -> None:
    """Write Ogg Vorbis with a given stream number (an encoder draws one by the clock)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, sample_rate_hz, format="OGG", subtype="VORBIS")
    path.write_bytes(_renumbered(path.read_bytes(), serial))


def _renumbered(stream: bytes, serial: int) -> bytes:
    out = bytearray(stream)
    at = 0
    while at < len(out):
        n_segments = out[at + 26]
        size = 27 + n_segments + sum(out[at + 27 : at + 27 + n_segments])
        struct.pack_into("<I", out, at + 14, serial)
        struct.pack_into("<I", out, at + 22, 0)
        struct.pack_into("<I", out, at + 22, _checksum(out[at : at + size]))
        at += size
    return bytes(out)


def _checksum(page: bytes | bytearray) -> int:
    value = 0
    for byte in page:
        value = ((value << 8) & 0xFFFFFFFF) ^ _TABLE[(value >> 24) ^ byte]
    return value


def _table_entry(byte: int) -> int:
    value = byte << 24
    for _ in range(8):
        value = ((value << 1) ^ (OGG_POLYNOMIAL if value & 0x80000000 else 0)) & 0xFFFFFFFF
    return value


_TABLE = tuple(_table_entry(byte) for byte in range(256))
