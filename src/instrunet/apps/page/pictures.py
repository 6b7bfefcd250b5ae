"""Small pictures as PNG, without a drawing library."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from instrunet.apps.page.why import Reason

_STOPS = np.array(
    [[0, 18, 50], [20, 52, 105], [68, 82, 110], [105, 110, 116], [140, 138, 120], [184, 170, 110], [255, 232, 90]],
    float,
)
"""From dark blue over grey to yellow: even in lightness, and the same to eyes that cannot tell red from green."""


def coloured(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Values 0 to 1 as colours, (..., 3)."""
    at = np.clip(values, 0, 1) * (len(_STOPS) - 1)
    below = np.minimum(at.astype(int), len(_STOPS) - 2)
    part = (at - below)[..., None]
    return np.round(_STOPS[below] * (1 - part) + _STOPS[below + 1] * part).astype(np.uint8)


def png(pixels: NDArray[np.uint8]) -> bytes:
    r"""Pixels (rows, columns, 3) as a PNG file.

    >>> png(np.zeros((2, 2, 3), np.uint8))[:4]
    b'\x89PNG'
    """
    height, width, _ = pixels.shape
    raw = b"".join(b"\0" + row.tobytes() for row in pixels)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw, 6)) + chunk(b"IEND", b"")


def reason_picture(reason: Reason, *, scale: int = 3) -> bytes:
    """The spectrogram of the window, bright where the label was moved most; what did not matter is dim."""
    mel = reason.mel
    low, high = np.quantile(mel, 0.02), mel.max()
    light = np.clip((mel - low) / max(1e-6, high - low), 0, 1)
    weight = np.maximum(reason.weight, 0)
    weight = weight / max(1e-6, float(weight.max()))
    rows = np.minimum(np.arange(mel.shape[0]) * weight.shape[0] // mel.shape[0], weight.shape[0] - 1)
    columns = np.minimum(np.arange(mel.shape[1]) * weight.shape[1] // mel.shape[1], weight.shape[1] - 1)
    shown = coloured(light) * (0.3 + 0.7 * weight[np.ix_(rows, columns)])[..., None]
    pixels = np.repeat(np.repeat(shown.astype(np.uint8)[::-1], scale, axis=0), scale, axis=1)
    return png(np.ascontiguousarray(pixels))
