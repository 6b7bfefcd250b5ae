"""Peak memory against the length of a recording: it must stay flat.

    python benchmarks/memory.py                       # streaming decode of mp3 to 32 kHz mono: 1 min to 10 h
    python benchmarks/memory.py --job tag --lengths 1m,2h   # the whole way to tags, with the model in the package

Each length is measured in a fresh process, so that what one run needed is not charged to the next.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

UNITS_S = {"s": 1, "m": 60, "h": 3600}
ALLOWED_GROWTH_MB = 32.0
PIECE_S = 30
RATE_HZ = 44_100


def seconds(text: str) -> int:
    """A length such as 90s, 10m or 2h, in seconds."""
    return int(text[:-1]) * UNITS_S[text[-1]]


def make_recording(path: Path, length_s: int) -> None:
    """An mp3 of that length: one noisy piece over and over, frame after frame, without a count of them."""
    from instrunet.audio import write
    from instrunet.audio.mpeg import survey

    piece = path.with_name("piece.mp3")
    if not piece.exists():
        rng = np.random.default_rng(0)
        envelope = np.abs(np.sin(np.arange(PIECE_S * RATE_HZ) / RATE_HZ * 2.0))
        write(piece, (0.2 * envelope * rng.standard_normal(len(envelope))).astype(np.float32), RATE_HZ)
    found = survey(piece)
    assert found is not None
    frames = piece.read_bytes()[found.first :]
    with path.open("wb") as file:
        for _ in range(max(1, length_s // PIECE_S)):
            file.write(frames)


def decode(path: Path) -> float:
    """Stream the file; the seconds heard."""
    from instrunet.audio import stream

    return sum(len(block) for block in stream(path, sample_rate_hz=32_000)) / 32_000


def tag(path: Path) -> float:
    """Tag the file; the seconds heard."""
    from instrunet.tagging import Tagger

    return float(Tagger().tag_file(path).duration_s)


JOBS = {"decode": decode, "tag": tag}


def measure(job: str, path: Path) -> None:
    """In the child: do the job and print seconds heard, seconds taken, peak megabytes."""
    began = time.perf_counter()
    heard_s = JOBS[job](path)
    unit = 1 if sys.platform == "darwin" else 1024
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    print(heard_s, time.perf_counter() - began, peak_mb)


def main() -> int:
    """Measure every length and print the table; 1 if memory grew with the length."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--job", choices=JOBS, default="decode")
    parser.add_argument("--lengths", default="1m,10m,1h,10h")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(options.job, options.measure)
        return 0
    peaks = []
    print(
        f"{options.job}: peak memory against length\n\n| length | heard | file MB | peak MB | seconds | x real time |"
    )
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for text in options.lengths.split(","):
            path = Path(folder) / "recording.mp3"
            make_recording(path, seconds(text))
            command = [sys.executable, __file__, "--job", options.job, "--measure", str(path)]
            out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            heard_s, took_s, peak_mb = map(float, out.split()[-3:])
            peaks.append(peak_mb)
            size_mb = path.stat().st_size / 1e6
            print(
                f"| {text} | {heard_s:.0f} s | {size_mb:.0f} | {peak_mb:.0f} | {took_s:.1f} | {heard_s / took_s:.0f} |",
                flush=True,
            )
    growth_mb = peaks[-1] - peaks[0]
    flat = growth_mb <= ALLOWED_GROWTH_MB
    print(f"\nfrom the shortest to the longest: {growth_mb:+.0f} MB ({'flat' if flat else 'NOT flat'})")
    return 0 if flat else 1


if __name__ == "__main__":
    sys.exit(main())
