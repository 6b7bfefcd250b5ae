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


def memory_mb(pid: int) -> tuple[float, float, int]:
    """Memory of the service, of all its processes together (what they share is shared out), and how many they are."""
    pids = family(pid)
    return share_mb(pid), sum(share_mb(one) for one in pids), len(pids)


def family(pid: int) -> list[int]:
    """A process and all that it started."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue  # it has just ended
        parents.setdefault(parent, []).append(int(path.parent.name))
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found


def share_mb(pid: int) -> float:
    """Proportional set size of a process; 0 if it has just ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)


def watch_memory(pid: int, seconds: float) -> list[tuple[float, float, float, int]]:
    """Memory at eleven moments, evenly spread: when, and what ``memory_mb`` says."""
    began, rows = time.monotonic(), []
    for k in range(11):
        time.sleep(max(0.0, began + seconds * k / 10 - time.monotonic()))
        rows.append((time.monotonic() - began, *memory_mb(pid)))
    return rows


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
    ends = time.monotonic() + seconds
    threads = [threading.Thread(target=client, args=(base, ends, k, seen)) for k in range(n_clients)]
    for thread in threads:
        thread.start()
    rows = watch_memory(server.pid, seconds)
    for thread in threads:
        thread.join()
    time.sleep(1.0)
    rows.append((seconds + 1, *memory_mb(server.pid)))
    times = np.array([took for _, took, _ in seen])
    print(f"{len(seen)} answers in {seconds:g} s from {n_clients} clients: {len(seen) / seconds:.1f} a second")
    print(f"time to answer: median {np.median(times):.2f} s, p95 {np.quantile(times, 0.95):.2f} s")
    print("statuses: " + ", ".join(f"{status}: {n}" for status, n in sorted(Counter(s for s, _, _ in seen).items())))
    tell_memory(rows)
    wrong = sum(not right for _, _, right in seen)
    print(f"answers that were not right: {wrong}; 5xx: {sum(s >= 500 for s, _, _ in seen)}")
    if wrong:
        raise SystemExit(1)


def tell_memory(rows: list[tuple[float, float, float, int]]) -> None:
    """The service alone, and all its processes, at the start, in the middle, at the end and after it."""
    for name, (at, alone, together, n) in zip(
        ("at the start", "in the middle", "at the end", "after it"), (rows[0], rows[5], *rows[-2:]), strict=True
    ):
        print(f"memory {name} ({at:.0f} s): service {alone:.0f} MB, all {n} processes {together:.0f} MB")
    half = [max(row[1] for row in part) for part in (rows[1:6], rows[6:11])]
    print(f"most in the first half: service {half[0]:.0f} MB; in the second: {half[1]:.0f} MB")


if __name__ == "__main__":
    main()
