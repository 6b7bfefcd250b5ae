"""A tiny tagger for the whole room, and a melody whose answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("onnx")

from instrunet.tagging import Tagger
from tests.synth import silence, tone
from tests.tiny_tagger import TONES_HZ, save_tiny

RATE_HZ = 8_000


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("models") / "tiny").path


@pytest.fixture(scope="session")
def tagger(tiny: Path) -> Tagger:
    return Tagger(tiny, threads=2)


@pytest.fixture(scope="session")
def melody() -> NDArray[np.float32]:
    """Flute from 0 to 3 s, violin from 2 to 5 s, then 1.25 s of silence; no drums."""
    flute, violin = (tone(hz, 3.0, sample_rate_hz=RATE_HZ, level=0.3) for hz in TONES_HZ[:2])
    rest = [silence(s, sample_rate_hz=RATE_HZ) for s in (3.25, 2.0, 1.25)]
    return np.concatenate([flute, rest[0]]) + np.concatenate([rest[1], violin, rest[2]])
