"""From nothing to an answer: `import instrunet`, and `instrunet tag` of a three-minute mp3, each in a fresh process.

python benchmarks/cold_start.py [--duration 180] [--repeats 5] [--model default]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.song import render

IMPORT_BOUND_S, TAG_BOUND_S = 0.5, 2.0


def seconds(command: list[str], repeats: int) -> float:
    """Median wall time of a command, after one run that nobody counts."""
    times = []
    for _ in range(repeats + 1):
        began = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])


def main() -> int:
    """Measure, print, and fail if a bound is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--duration", type=float, default=180.0, help="seconds of the song")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--model", default="default")
    args = parser.parse_args()
    from instrunet.audio import write

    python = sys.executable
    nothing = seconds([python, "-c", "pass"], args.repeats)
    imported = seconds([python, "-c", "import instrunet"], args.repeats) - nothing
    ready = seconds([python, "-c", "from instrunet import Tagger"], args.repeats) - nothing
    with tempfile.TemporaryDirectory() as folder:
        song = Path(folder) / "song.mp3"
        write(song, render(args.duration), 44_100)
        tagged = seconds([python, "-m", "instrunet", "tag", str(song), "--model", args.model], args.repeats)
    print("| from a cold start | seconds | bound |\n|---|---|---|")
    print(f"| import instrunet | {imported:.2f} | {IMPORT_BOUND_S} |")
    print(f"| from instrunet import Tagger | {ready:.2f} | {IMPORT_BOUND_S} |")
    print(f"| instrunet tag, {args.duration:g} s of mp3 | {tagged:.2f} | {TAG_BOUND_S} |")
    return 0 if max(imported, ready) < IMPORT_BOUND_S and tagged < TAG_BOUND_S else 1


if __name__ == "__main__":
    sys.exit(main())
