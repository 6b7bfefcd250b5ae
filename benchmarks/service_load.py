"""Load on the service over loopback: mixed good and bad uploads from several clients; no answer may be a 5xx.

python benchmarks/service_load.py --seconds 60 --clients 8
"""

from __future__ import annotations

import argparse
import io
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import httpx
import numpy as np
import soundfile


def uploads() -> list[tuple[str, bytes, set[int]]]:
    """Name, bytes, and the statuses that are right (429 always is)."""
    rng = np.random.default_rng(5)
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(5 * 16_000) / 16_000) + 0.01 * rng.standard_normal(80_000)
    files = {}
    for kind in ("WAV", "FLAC", "OGG"):
        file = io.BytesIO()
        soundfile.write(file, tone, 16_000, format=kind)
        files[kind] = file.getvalue()
    good = [(f"a.{kind.lower()}", data, {200}) for kind, data in files.items()]
    bad = [
        ("poem.mp3", b"roses are red, violets are blue " * 99, {422}),
        ("cut.flac", files["FLAC"][:700], {200, 422}),
        ("empty.wav", b"", {422}),
        ("big.wav", bytes(3 << 20), {413}),
    ]
    return good + bad


def client(base: str, ends: float, number: int, seen: list[tuple[int, float, bool]]) -> None:
    """One client: upload after upload until the time is up; waits when it is told to."""
    files = uploads()
    turn = number
    with httpx.Client(base_url=base, timeout=60) as http:
        while time.monotonic() < ends:
            name, data, right = files[turn % len(files)]
            turn += 1
            began = time.monotonic()
            answer = http.post("/v1/tags", files={"file": (name, data)})
            seen.append((answer.status_code, time.monotonic() - began, answer.status_code in right | {429}))
            if answer.status_code == 429:
                time.sleep(0.5)


def memory_mb(pid: int) -> float:
    """Resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return float("nan")


def main() -> None:
    """Start a service, load it, tell what was seen."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--model", default="default")
    chosen = parser.parse_args()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    source = str(Path(__file__).parents[1] / "src")
    command = [
        sys.executable,
        "-m",
        "instrunet",
        "serve",
        "--port",
        str(port),
        "--model",
        chosen.model,
        "--max-mb",
        "2",
    ]
    server = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": source})
    try:
        load(f"http://127.0.0.1:{port}", server, chosen.seconds, chosen.clients)
    finally:
        server.terminate()
        server.wait(20)


def load(base: str, server: subprocess.Popen[bytes], seconds: float, n_clients: int) -> None:
    """Wait until the service is ready, then load it."""
    for _ in range(600):
        try:
            if httpx.get(f"{base}/readyz").status_code == 200:
                break
        except httpx.TransportError:
            time.sleep(0.1)
    seen: list[tuple[int, float, bool]] = []
    client(base, time.monotonic() + min(5.0, seconds / 4), 0, [])  # warm
    before = memory_mb(server.pid)
    ends = time.monotonic() + seconds
    threads = [threading.Thread(target=client, args=(base, ends, k, seen)) for k in range(n_clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    after = memory_mb(server.pid)
    times = np.array([took for _, took, _ in seen])
    print(f"{len(seen)} answers in {seconds:g} s from {n_clients} clients: {len(seen) / seconds:.1f} a second")
    print(f"time to answer: median {np.median(times):.2f} s, p95 {np.quantile(times, 0.95):.2f} s")
    print("statuses: " + ", ".join(f"{status}: {n}" for status, n in sorted(Counter(s for s, _, _ in seen).items())))
    print(f"memory of the service: {before:.0f} MB before, {after:.0f} MB after")
    wrong = sum(not right for _, _, right in seen)
    print(f"answers that were not right: {wrong}; 5xx: {sum(s >= 500 for s, _, _ in seen)}")
    if wrong:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
