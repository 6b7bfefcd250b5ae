"""Peak memory of a library run: the command, its workers and their children together, whatever the corpus.

    python benchmarks/library_memory.py [--jobs 2] [--corpora songs,hours,odd,containers] [--limit 1000]

Each corpus is tagged by ``instrunet tag`` in processes of its own, and every tenth of a second the proportional set
sizes (PSS: memory shared between processes is counted once) of the command and of all that descends from it are added
up from ``/proc``. Linux only. The exit code is 1 if the peak exceeds the limit or grows with the length of the files.

songs       24 flac files of 3 minutes
hours       two mp3 files of 5 hours
odd         wav files of 1,024 and 255 channels, of 7 Hz, 100 Hz and 2 GHz
containers  8 m4a files of 3 minutes
"""

from __future__ import annotations

import argparse
import os
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.batch import made
from benchmarks.memory import make_recording
from benchmarks.processes import family, pss_mb

MOST_GROWTH_MB = 150.0


def songs(folder: Path) -> None:
    """Usual files."""
    made(folder, "flac", 24, 180.0)


def hours(folder: Path) -> None:
    """Long ones, at the same time."""
    make_recording(folder / "a.mp3", 5 * 3600)
    (folder / "piece.mp3").rename(folder / "short.mp3")
    (folder / "b.mp3").hardlink_to(folder / "a.mp3")


def odd(folder: Path) -> None:
    """What headers may claim, around silence."""
    for name, rate_hz, channels, n in (
        ("many", 44_100, 1_024, 220_500), ("some", 44_100, 255, 441_000), ("7-hz", 7, 1, 60_000),
        ("100-hz", 100, 2, 60_000), ("2-ghz", 2_000_000_000, 1, 60_000),
    ):  # fmt: skip
        n_bytes = 2 * n * channels
        rate = min(rate_hz * channels * 2, 2**32 - 1)
        body = struct.pack("<IHHIIHH", 16, 1, channels, rate_hz, rate, 2 * channels, 16)
        with (folder / f"{name}.wav").open("wb") as file:
            file.write(b"RIFF" + struct.pack("<I", 36 + n_bytes) + b"WAVEfmt " + body)
            file.write(b"data" + struct.pack("<I", n_bytes))
            file.truncate(44 + n_bytes)


def containers(folder: Path) -> None:
    """Files that need a decoder of their own in each worker."""
    made(folder, "m4a", 8, 180.0)


CORPORA: dict[str, Callable[[Path], None]] = {
    "songs": songs, "hours": hours, "odd": odd, "containers": containers
}  # fmt: skip


def peak_of(command: list[str]) -> tuple[float, list[float], float]:
    """Run a command; its peak in MB, that of each of its processes at that moment, and the seconds it took."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peak: list[float] = [0.0]
    while process.poll() is None:
        now = [pss_mb(pid) for pid in family(process.pid)]
        peak = max(peak, now, key=sum)
        time.sleep(0.1)
    return sum(peak), sorted(peak, reverse=True), time.perf_counter() - began


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--corpora", default=",".join(CORPORA))
    parser.add_argument("--limit", type=float, default=1000.0, help="megabytes that may be taken in all")
    args = parser.parse_args()
    print("| corpus | peak MB (PSS, all processes) | of each process | seconds |\n|---|---|---|---|")
    peaks = {}
    for name in args.corpora.split(","):
        with tempfile.TemporaryDirectory() as folder:
            library = Path(folder) / "library"
            library.mkdir()
            CORPORA[name](library)
            out = Path(folder) / "tags.jsonl"
            command = [sys.executable, "-m", "instrunet", "tag", library, "--out", out, "--jobs", args.jobs, "-q"]
            peaks[name], each, taken_s = peak_of([os.fspath(word) for word in map(str, command)])
            print(
                f"| {name} | {peaks[name]:.0f} | {' + '.join(f'{mb:.0f}' for mb in each)} | {taken_s:.0f} |", flush=True
            )
    most_mb = max(peaks.values())
    print(f"\n{args.jobs} workers: at most {most_mb:.0f} MB of {args.limit:.0f}")
    fits = most_mb < args.limit
    if {"songs", "hours"} <= set(peaks):
        growth_mb = peaks["hours"] - peaks["songs"]
        fits = fits and growth_mb < MOST_GROWTH_MB
        print(f"five hours instead of three minutes take {growth_mb:+.0f} MB")
    return 0 if fits else 1


if __name__ == "__main__":
    sys.exit(main())
