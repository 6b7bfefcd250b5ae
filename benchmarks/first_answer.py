"""How long a three-minute song takes in the browser, from the end of its upload to the first answer on the page.

python benchmarks/first_answer.py --runs 3

Needs Playwright and a Chromium. Each run is a new session with a song that the page has not heard before.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

RATE_HZ = 44_100
EXAMPLE = Path(__file__).parents[1] / "src/instrunet/apps/page/examples/piano_violin_and_flute.ogg"
WAIT_MS = 120_000


def song(seconds: float, number: int, path: Path) -> None:
    """The example again and again, a little faster each time the number grows, as a stereo mp3."""
    sound, rate_hz = soundfile.read(EXAMPLE, dtype="float32", always_2d=True)
    length = round(seconds * RATE_HZ)
    at = np.arange(length) * (rate_hz / RATE_HZ) * (1 + 0.003 * number) % (len(sound) - 1)
    mono = np.interp(at, np.arange(len(sound)), sound.mean(axis=1)).astype(np.float32)
    soundfile.write(path, np.stack([mono, np.roll(mono, 30)], axis=1), RATE_HZ, format="MP3")


def cpu_s(root: int) -> float:
    """Processor time of a process and of all that it started, the ended ones too."""
    fields = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields[int(path.parent.name)] = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
    family = [root]
    for one in family:
        family += [pid for pid, told in fields.items() if int(told[1]) == one]
    return sum(int(n) for pid in family for n in fields[pid][11:15]) / os.sysconf("SC_CLK_TCK")


def first_answer(page: Any, address: str, path: Path) -> tuple[float, float]:
    """Seconds from the choice of the file, and from the end of its upload, to the answer."""
    page.goto(address, timeout=WAIT_MS)
    page.get_by_role("button", name="Try the example").first.wait_for(timeout=WAIT_MS)
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for(timeout=WAIT_MS)
    sent: list[float] = []

    def finished(request: Any) -> None:
        if "upload_file" in request.url:
            sent.append(time.perf_counter())

    page.on("requestfinished", finished)
    began = time.perf_counter()
    page.locator("input[type=file]").first.set_input_files(path)
    page.get_by_test_id("stMetricValue").first.wait_for(timeout=WAIT_MS)
    answered = time.perf_counter()
    return answered - began, answered - max(sent, default=began)


def measure(address: str, server: int, seconds: float, runs: int) -> list[float]:
    """Run after run; prints a line each."""
    from playwright.sync_api import sync_playwright

    found = shutil.which("chromium") or shutil.which("chromium-browser")
    took = []
    with sync_playwright() as play, tempfile.TemporaryDirectory() as folder:
        browser = play.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        for number in range(runs):
            path = Path(folder) / f"song {number}.mp3"
            song(seconds, number, path)
            page = browser.new_context().new_page()
            before = cpu_s(server)
            chosen_s, sent_s = first_answer(page, address, path)
            cpu = cpu_s(server) - before
            print(
                f"run {number + 1}: {path.stat().st_size / 1e6:.1f} MB mp3, {seconds:g} s long: answer {sent_s:.2f} s "
                f"after the upload ({chosen_s:.2f} s after the choice); the page's processor time {cpu:.2f} s"
            )
            took.append(sent_s)
            page.context.close()
        browser.close()
    return took


def main() -> None:
    """Start the page, drop songs into it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=180.0)
    chosen = parser.parse_args()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the page must not outlive this program
    source = str(Path(__file__).parents[1] / "src")
    command = [sys.executable, "-m", "instrunet", "app", "--no-browser", "--port", str(port)]
    server = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": source}, start_new_session=True)
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2)
                break
            except OSError:
                time.sleep(0.1)
        took = measure(f"http://127.0.0.1:{port}", server.pid, chosen.seconds, chosen.runs)
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(20)
    print(f"median {np.median(took):.2f} s, longest {max(took):.2f} s, on {os.cpu_count()} cores; asked: 3 s")


if __name__ == "__main__":
    main()
