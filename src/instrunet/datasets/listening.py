"""Listening to one clip: is it there, can it be decoded, is it silent, and what is its fingerprint."""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from instrunet.audio import probe, stream
from instrunet.errors import InstrunetError

SILENT_BELOW = 1e-4
"""Peak, of full scale, under which a clip counts as silent (-80 dB)."""
TOLERANCE_S = 0.05
"""So much shorter than announced a clip may be."""


@dataclass(frozen=True)
class Errand:
    """A clip to listen to; ``duration_s`` None reads to the end of the file."""

    id: str
    path: str
    start_s: float
    duration_s: float | None

    def key(self) -> str:
        """What names the clip and the state of its file: a file that changed is listened to again."""
        try:
            state = os.stat(self.path)
            stamp = f"{state.st_size}:{state.st_mtime_ns}"
        except OSError:
            stamp = "missing"
        return f"{self.path}|{self.start_s:g}|{self.duration_s}|{stamp}"


@dataclass(frozen=True)
class Heard:
    """What listening told.

    Attributes:
        problem: ``""``, ``missing``, ``unreadable``, ``too short`` or ``silent``.
        detail: one sentence on the problem.
        seconds: how much audio was read.
        digest: of the decoded audio, mono and 16 bit, so that the same sound in another format is recognised.
    """

    key: str
    problem: str
    detail: str
    seconds: float
    digest: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        return asdict(self)


def listen(errand: Errand, key: str) -> Heard:
    """Decode a clip block by block; memory does not grow with its length."""
    if not os.path.exists(errand.path):
        return Heard(key, "missing", "no such file", 0.0, "")
    digest, peak, n_samples = hashlib.blake2b(digest_size=16), 0.0, 0
    try:
        rate_hz = probe(errand.path).sample_rate_hz
        for block in stream(errand.path, start_s=errand.start_s, duration_s=errand.duration_s):
            n_samples += len(block)
            if len(block):
                peak = max(peak, float(np.max(np.abs(block))))
                digest.update((np.clip(block, -1, 1) * 32767).astype(np.int16).tobytes())
    except InstrunetError as error:
        return Heard(key, "unreadable", str(error).removeprefix(f"{errand.path}: "), 0.0, "")
    seconds = n_samples / rate_hz
    if not n_samples or (errand.duration_s is not None and seconds < errand.duration_s - TOLERANCE_S):
        wanted = f" of the {errand.duration_s:g} s from {errand.start_s:g} s" if errand.duration_s is not None else ""
        return Heard(key, "too short", f"{seconds:.2f} s{wanted} are there", seconds, digest.hexdigest())
    if peak < SILENT_BELOW:
        return Heard(key, "silent", f"peak {peak:.1g} of full scale", seconds, digest.hexdigest())
    return Heard(key, "", "", seconds, digest.hexdigest())
