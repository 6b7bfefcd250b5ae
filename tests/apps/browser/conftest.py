"""The page on the tiny tagger, a real browser, songs in every format, and a place for screenshots.

Everything here is slow: ``pytest --slow tests/apps/browser``, or ``make browser``. Screenshots go to the folder that
``INSTRUNET_SCREENSHOTS`` names, ``build/screenshots`` if it names none.
"""

from __future__ import annotations

import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import wave
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from instrunet.apps import cli
from tests.synth import tone
from tests.tiny_tagger import TONES_HZ, save_tiny

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --autoplay-policy=no-user-gesture-required"
).split()
WAIT_MS = 120_000
MOST_MB = 1
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the page is served; it takes uploads of one megabyte."""
    pytest.importorskip("streamlit")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    model = save_tiny(tmp_path_factory.mktemp("browser") / "tiny").path
    command = [sys.executable, "-m", "instrunet", "app", "--no-browser", "--port", str(port), "--model", str(model)]
    source = str(Path(cli.__file__).parents[2])
    server = subprocess.Popen(
        [*command, "--max-mb", str(MOST_MB)], env={**os.environ, "PYTHONPATH": source}, start_new_session=True
    )
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2)
            break
        except OSError:
            time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    os.killpg(server.pid, signal.SIGTERM)
    server.wait(30)


@pytest.fixture(scope="session")
def microphone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the microphone hears: the tone of the tiny tagger's flute, loud and soft, and never quite the same."""
    path = tmp_path_factory.mktemp("microphone") / "flute.wav"
    sound = np.concatenate([tone(TONES_HZ[0], 0.5, sample_rate_hz=48_000, level=v) for v in (0.5, 0.4, 0.5, 0.45)])
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 48_000, 0, "NONE", ""))
        file.writeframes((np.tile(sound, 3) * 32_767).astype("<i2").tobytes())
    return path


@pytest.fixture(scope="session")
def browser(microphone: Path) -> Iterator[Any]:
    """Debian's Chromium with a microphone that plays a file."""
    play = pytest.importorskip("playwright.sync_api")
    if CHROMIUM is None:
        pytest.skip("there is no chromium")
    fake = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    with play.sync_playwright() as starter:
        browser = starter.chromium.launch(
            executable_path=CHROMIUM, args=[*FLAGS, *fake, f"--use-file-for-fake-audio-capture={microphone}"]
        )
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Any, address: str) -> Iterator[Callable[..., Any]]:
    """Open the page in a session of its own."""
    contexts = []

    def go(size: dict[str, int] = DESK, **settings: Any) -> Any:
        contexts.append(browser.new_context(viewport=size, **settings))
        page = contexts[-1].new_page()
        page.set_default_timeout(WAIT_MS)
        page.goto(address)
        page.get_by_role("button", name="Try the example").first.wait_for()
        settled(page)
        return page

    yield go
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def song() -> Callable[..., bytes]:
    """Two tones, the tiny tagger's flute and then its violin, in a format."""

    def make(kind: str = "WAV", subtype: str | None = None, *, seconds: float = 2.0) -> bytes:
        rate_hz = 48_000 if subtype == "OPUS" else 16_000
        sound = [tone(hz, seconds, sample_rate_hz=rate_hz, level=0.3) for hz in TONES_HZ[:2]]
        file = io.BytesIO()
        soundfile.write(file, np.concatenate(sound), rate_hz, format=kind, subtype=subtype)
        return file.getvalue()

    return make


@pytest.fixture
def shot(request: pytest.FixtureRequest) -> Callable[..., Path]:
    """Keep a picture of the whole page under the name of the test."""
    root = Path(os.environ.get("INSTRUNET_SCREENSHOTS") or Path(__file__).parents[3] / "build" / "screenshots")
    root.mkdir(parents=True, exist_ok=True)

    def keep(page: Any, name: str) -> Path:
        size = page.viewport_size
        tall = page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollHeight")
        page.set_viewport_size({"width": size["width"], "height": min(4000, max(size["height"], tall + 20))})
        page.wait_for_timeout(400)
        path = root / f"{request.node.originalname.removeprefix('test_')}-{name}.png"
        page.screenshot(path=path)
        page.set_viewport_size(size)
        return path

    return keep


def settled(page: Any) -> None:
    """Wait until the script behind the page has run."""
    page.wait_for_timeout(300)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def upload(page: Any, name: str, body: bytes, mime: str = "application/octet-stream") -> None:
    """Give the first tab that shows a file."""
    page.locator("[role=tabpanel]:visible input[type=file]").first.set_input_files(
        {"name": name, "mimeType": mime, "buffer": body}
    )


def answered(page: Any) -> None:
    """Wait for the answer and for all that follows it."""
    page.get_by_role("heading", name="Who plays when").wait_for()
    page.get_by_role("heading", name="Why?").wait_for()
    settled(page)


def timeline(page: Any) -> Any:
    """The frame with the player."""
    frame = page.frame_locator("iframe").first
    frame.locator("#plot").wait_for()
    return frame


def saved(page: Any, title: str) -> bytes:
    """What a download button gives."""
    with page.expect_download() as coming:
        page.get_by_role("button", name=title, exact=True).click()
    return Path(coming.value.path()).read_bytes()
