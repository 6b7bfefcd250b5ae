"""A service on the tiny tagger, and songs whose answer is known."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

pytest.importorskip("fastapi")
pytest.importorskip("httpx")
pytest.importorskip("onnx")

from fastapi.testclient import TestClient

from instrunet.apps.api import create_app
from instrunet.apps.service.settings import ServiceSettings
from tests.synth import tone
from tests.tiny_tagger import TONES_HZ, save_tiny

Serve = Callable[..., TestClient]


def sound(seconds: float = 1.5, which: int = 0, *, kind: str = "WAV") -> bytes:
    """A tone in the band of one label, as a file."""
    file = io.BytesIO()
    soundfile.write(file, tone(TONES_HZ[which], seconds, sample_rate_hz=8_000, level=0.3), 8_000, format=kind)
    return file.getvalue()


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny(tmp_path_factory.mktemp("service") / "tiny").path


@pytest.fixture(scope="session")
def client(tiny_model: Path) -> Iterator[TestClient]:
    """One service for all tests that need no limits of their own."""
    with TestClient(create_app(ServiceSettings(model=str(tiny_model)))) as client:
        yield client


@pytest.fixture
def serve(tiny_model: Path) -> Iterator[Serve]:
    """Services with other settings."""
    clients: list[TestClient] = []

    def go(**settings: Any) -> TestClient:
        clients.append(TestClient(create_app(ServiceSettings(model=str(tiny_model), **settings))))
        return clients[-1].__enter__()

    yield go
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture(scope="session")
def flute() -> bytes:
    return sound()


@pytest.fixture(scope="session")
def noise() -> bytes:
    file = io.BytesIO()
    soundfile.write(file, 0.1 * np.random.default_rng(3).standard_normal(12_000), 8_000, format="FLAC")
    return file.getvalue()
