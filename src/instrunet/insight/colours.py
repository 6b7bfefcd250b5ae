"""Colour scales for heat maps, and tiny palette PNGs of them."""

from __future__ import annotations

import base64
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

N_SHADES = 64
LIFT_OCTAVES = 3.0
"""A lift of 2 to this power, or its inverse, has the strongest colour."""

AMOUNT = ("#fbfaf7", "#d6e6e4", "#8fc1c1", "#3f8f9b", "#1c5f78", "#0b2c4a")
AGAINST_CHANCE = ("#7b2d0b", "#c9662b", "#f0b98a", "#fbfaf7", "#9cc3dc", "#3d7fb0", "#103a66")


@dataclass(frozen=True)
class Scale:
    """How a number becomes a shade.

    Attributes:
        name: counts, shares or lift.
        anchors: the colours along the scale.
        ticks: what a legend names: (place from 0 to 1, text).
    """

    name: str
    anchors: tuple[str, ...]
    ticks: tuple[tuple[float, str], ...]

    @property
    def palette(self) -> NDArray[np.uint8]:
        """The shades as (64, 3)."""
        anchors = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in self.anchors], float)
        at = np.linspace(0, len(anchors) - 1, N_SHADES)
        channels = [np.interp(at, np.arange(len(anchors)), channel) for channel in anchors.T]
        return np.stack(channels, axis=1).round().astype(np.uint8)


def place_of(name: str, values: NDArray[np.float64], top: float) -> NDArray[np.float64]:
    """Place values on a scale from 0 to 1: counts by square root, shares as they are, lift by its logarithm.

    >>> place_of("lift", np.array([0.125, 1.0, 8.0]), 0).tolist()
    [0.0, 0.5, 1.0]
    >>> place_of("counts", np.array([0.0, 25.0, 100.0]), 100).tolist()
    [0.0, 0.5, 1.0]
    """
    if name == "lift":
        return np.clip(0.5 + np.log2(np.maximum(values, 1e-9)) / (2 * LIFT_OCTAVES), 0, 1)
    portion = np.clip(values / max(top, 1e-9), 0, 1)
    return np.sqrt(portion) if name == "counts" else portion


def scale_of(name: str, top: float) -> Scale:
    """Give the scale of a measure whose largest shown value is ``top``."""
    if name == "lift":
        named = ((-3, "⅛"), (-1, "½"), (0, "chance"), (1, "2×"), (3, "8×"))
        ticks = tuple((0.5 + octaves / (2 * LIFT_OCTAVES), text) for octaves, text in named)
        return Scale(name, AGAINST_CHANCE, ticks)
    if name == "shares":
        return Scale(name, AMOUNT, tuple((p, f"{100 * p * top:.0f} %") for p in (0, 0.5, 1)))
    steps = sorted({0, round(top / 4), round(top)})
    return Scale(name, AMOUNT, tuple((float(np.sqrt(step / max(top, 1))), str(step)) for step in steps))


def palette_png(shades: NDArray[np.uint8], palette: NDArray[np.uint8], *, magnify: int = 1) -> bytes:
    """Encode an image of palette numbers as PNG, each a square of ``magnify`` pixels.

    >>> palette_png(np.zeros((2, 2), np.uint8), np.zeros((1, 3), np.uint8))[1:4]
    b'PNG'
    """
    large = shades.repeat(magnify, axis=0).repeat(magnify, axis=1)
    height, width = large.shape
    rows = np.concatenate([np.zeros((height, 1), np.uint8), large], axis=1).tobytes()
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", header), (b"PLTE", palette.tobytes()), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def data_uri(png: bytes) -> str:
    """Give a PNG as an address that a page can hold."""
    return "data:image/png;base64," + base64.b64encode(png).decode()
