"""The page in a real browser: upload, jump, zoom, keyboard, threshold, downloads, errors, phone, accessibility."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")
pytest.importorskip("streamlit")
from instrunet.apps import cli
from instrunet.audio import write
from tests.synth import tone
from tests.tiny_tagger import TONES_HZ, save_tiny

sync_api = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --use-fake-device-for-media-stream --use-fake-ui-for-media-stream"
).split()
WAIT_MS = 30_000
pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    model = save_tiny(tmp_path_factory.mktemp("browser") / "tiny").path
    command = [sys.executable, "-m", "instrunet", "app", "--no-browser", "--port", str(port), "--model", str(model)]
    source = str(Path(cli.__file__).parents[2])
    server = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": source}, start_new_session=True)
    for _ in range(600):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2)
            break
        except OSError:
            time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    os.killpg(server.pid, signal.SIGTERM)
    server.wait(20)


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    path = tmp_path_factory.mktemp("songs") / "two tones.wav"
    write(path, np.concatenate([tone(hz, 2.0, sample_rate_hz=8_000, level=0.3) for hz in TONES_HZ[:2]]), 8_000)
    return path


@pytest.fixture(scope="module")
def page(browser, address, song):
    """The page with a song in it."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(address, timeout=WAIT_MS)
    _upload(page, song)
    page.get_by_role("heading", name="Who plays when").wait_for(timeout=WAIT_MS)
    return page


def _upload(page, path):
    page.get_by_role("button", name="Try the example").first.wait_for(timeout=WAIT_MS)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=WAIT_MS)
    page.locator("input[type=file]").first.set_input_files(path, timeout=WAIT_MS)


def _timeline(page):
    frame = page.frame_locator("iframe").first
    frame.locator("#plot").wait_for(timeout=WAIT_MS)
    return frame


def _position(frame):
    return float(frame.locator("#plot").get_attribute("aria-valuenow"))


def test_an_upload_gives_an_answer_and_lanes_in_words(page):
    frame = _timeline(page)
    assert {"flute", "violin"} <= set(
        frame.locator("#names div").evaluate_all("(rows) => rows.map((row) => row.title)")
    )


def test_a_click_jumps_keys_move_and_zoom(page):
    frame = _timeline(page)
    plot = frame.locator("#plot")
    page.wait_for_function(
        "() => document.querySelector('iframe').contentDocument.getElementById('sound').readyState > 0"
    )
    box = plot.bounding_box()
    plot.click(position={"x": box["width"] / 2, "y": 30})
    assert _position(frame) == pytest.approx(2.0, abs=0.1)
    plot.press("ArrowLeft")
    assert _position(frame) == pytest.approx(0.0, abs=0.1)
    plot.press("End")
    assert _position(frame) == pytest.approx(4.0, abs=0.1)
    plot.press("+")
    view = plot.evaluate("() => window.timeline.view")
    assert view["to"] - view["from"] == pytest.approx(2.0, abs=0.1)
    plot.press("0")


@pytest.mark.parametrize("title", ["CSV", "JSON", "JAMS", "Audacity labels", "PNG picture"])
def test_each_format_comes_down(page, title):
    with page.expect_download(timeout=WAIT_MS) as coming:
        page.get_by_role("button", name=title, exact=True).click()
    content = Path(coming.value.path()).read_bytes()
    assert content
    if title == "JSON":
        assert {"flute", "violin"} <= set(json.loads(content)[0]["detected"])


def test_the_threshold_moves_with_the_keyboard(page):
    page.get_by_text("Tuned thresholds", exact=True).click()
    slider = page.get_by_test_id("stSidebar").get_by_role("slider")
    sync_api.expect(slider).to_be_enabled(timeout=WAIT_MS)
    slider.press("End", timeout=WAIT_MS)
    sync_api.expect(slider).to_have_value("0.99", timeout=WAIT_MS)


def test_a_file_that_is_none_is_a_sentence(browser, address, tmp_path):
    (tmp_path / "poem.mp3").write_text("roses are red " * 99)
    page = browser.new_page()
    page.goto(address, timeout=WAIT_MS)
    _upload(page, tmp_path / "poem.mp3")
    page.get_by_text("not audio").first.wait_for(timeout=WAIT_MS)
    assert "Traceback" not in page.inner_text("body")
    page.close()


def test_a_phone_shows_it_without_scrolling_sideways(browser, address, song):
    page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    page.goto(address, timeout=WAIT_MS)
    _upload(page, song)
    _timeline(page)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    assert page.frames[1].evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
    page.close()


def test_axe_finds_nothing_serious_in_the_timeline(page):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    _timeline(page)
    found = axe.Axe().run(page, options={"iframes": True}).response["violations"]
    ours = [v for v in found if v["impact"] in ("serious", "critical") and "iframe" in json.dumps(v["nodes"])]
    assert not ours, json.dumps(ours, indent=1)[:2000]
