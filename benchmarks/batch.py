"""A library in batches: files a second for one and two workers, what isolation costs, and a million tracks in money.

    python benchmarks/batch.py [--files 32] [--duration 60] [--rounds 3] [--formats wav,flac,mp3,m4a]
                               [--model default] [--price 0.04] [--no-peers]

Every format is tagged by warm workers: by one with everything pinned to one core, by two on two, and in this process
without isolation on one; beside YAMNet (TFLite) and a plain librosa + torch loop on the same core. They take turns,
round after round, and the fastest round counts, so that what else the machine does hits all alike. Starting the workers
is told apart. The price is that of one core for an hour; take the one of your provider.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.processes import cpu_s
from benchmarks.song import render
from benchmarks.throughput import plain, yamnet

RATE_HZ = 44_100
TRACK_S = 180.0


@dataclass(frozen=True)
class Speed:
    """How fast a program went through a folder."""

    files: int
    audio_s: float
    taken_s: float
    cpu_s: float

    @property
    def files_per_s(self) -> float:
        """Files a second."""
        return self.files / self.taken_s

    @property
    def times_real_time(self) -> float:
        """Seconds of sound a second."""
        return self.audio_s / self.taken_s


def made(folder: Path, suffix: str, n: int, duration_s: float) -> list[Path]:
    """The same song n times."""
    song = np.stack([render(duration_s)] * 2)
    first = folder / f"0.{suffix}"
    if suffix == "m4a":
        _write_m4a(first, song)
    else:
        from instrunet.audio import write

        write(first, song, RATE_HZ)
    copies = [folder / f"{k}.{suffix}" for k in range(1, n)]
    for copy in copies:
        copy.write_bytes(first.read_bytes())
    return [first, *copies]


def _write_m4a(path: Path, song: np.ndarray) -> None:
    import av

    with av.open(str(path), "w", format="mp4") as out:
        stream = out.add_stream("aac", rate=RATE_HZ, layout="stereo")
        frame = av.AudioFrame.from_ndarray(song.astype(np.float32), format="fltp", layout="stereo")
        frame.sample_rate = RATE_HZ
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
"""All cores of the beginning, because one pinning may lie within another."""


@contextmanager
def pinned(n_cores: int) -> Iterator[None]:
    """Keep this process, and those it starts, to the first cores."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, CORES[:n_cores])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


Work = Callable[[], object]


@contextmanager
def workers(files: list[Path], n: int, model: str) -> Iterator[tuple[Work, float]]:
    """Isolated workers that are up and warm; their work, and the seconds that starting them took."""
    from instrunet.tagging.jobs.ledger import State
    from instrunet.tagging.jobs.pool import WorkerPool
    from instrunet.tagging.jobs.settings import WorkerSettings

    with pinned(n):
        began = time.perf_counter()
        with WorkerPool(n, WorkerSettings(model=model)) as pool:
            list(pool.run([str(files[0])] * n))
            started_s = time.perf_counter() - began

            def work() -> None:
                outcomes = list(pool.run(map(str, files)))
                assert all(outcome.state is State.DONE for outcome in outcomes), outcomes

            yield work, started_s


def loop(files: list[Path], make: Callable[[Path], Work | None]) -> Work | None:
    """A program in this process, file after file."""
    works = [made_work for path in files if (made_work := make(path)) is not None]
    if not works:
        return None
    works[0]()

    def work() -> None:
        for one in works:
            one()

    return work


def in_process(model: str) -> Callable[[Path], Work]:
    """The tagger without isolation."""
    from instrunet.tagging import Tagger

    tagger = Tagger(model, threads=1)
    return lambda path: lambda: tagger.tag_file(path)


def timed(work: Work, n_cores: int) -> tuple[float, float]:
    """Seconds for the whole folder, and seconds of processor time, all processes together."""
    with pinned(n_cores):
        began, before_s = time.perf_counter(), cpu_s(os.getpid())
        work()
        return time.perf_counter() - began, cpu_s(os.getpid()) - before_s


def measured(suffix: str, args: argparse.Namespace) -> dict[str, Speed]:
    """Every program on one format, in turns."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        files = made(Path(folder), suffix, args.files, args.duration)
        one, one_s = stack.enter_context(workers(files, 1, args.model))
        two, two_s = stack.enter_context(workers(files, 2, args.model))
        print(f"{suffix}: one worker was up and warm after {one_s:.1f} s, two after {two_s:.1f} s", file=sys.stderr)
        works: dict[str, tuple[Work | None, int]] = {
            "1 worker": (one, 1),
            "2 workers": (two, 2),
            "in one process": (loop(files, in_process(args.model)), 1),
        }
        if args.peers and suffix != "m4a":  # neither reads m4a with the libraries they use
            works["YAMNet (TFLite)"] = (loop(files, lambda path: yamnet(path, 1)), 1)
            works["librosa + torch"] = (loop(files, lambda path: plain(path, 1)), 1)
        taken: dict[str, list[tuple[float, float]]] = {}
        for _ in range(args.rounds):
            for name, (work, n_cores) in works.items():
                if work is not None:
                    taken.setdefault(name, []).append(timed(work, n_cores))
    least = {name: tuple(map(min, zip(*times, strict=True))) for name, times in taken.items()}
    return {name: Speed(args.files, args.files * args.duration, *times) for name, times in least.items()}


def told(suffix: str, speeds: dict[str, Speed]) -> None:
    """A row a program."""
    for name, speed in speeds.items():
        spent_ms = 1e3 * speed.cpu_s / speed.audio_s * 60
        print(
            f"| {suffix:<4} | {name:<16} | {speed.files_per_s:7.2f} | {speed.times_real_time:11.0f} | {spent_ms:8.0f} |"
        )


def summed(all_speeds: dict[str, dict[str, Speed]], price: float) -> None:
    """Scaling, isolation, memory and money."""
    print()
    for suffix, speeds in all_speeds.items():
        one, two, bare = (speeds[name] for name in ("1 worker", "2 workers", "in one process"))
        hours = 1e6 * TRACK_S * one.cpu_s / one.audio_s / 3600
        more_time, more_cpu = 100 * (one.taken_s / bare.taken_s - 1), 100 * (one.cpu_s / bare.cpu_s - 1)
        print(
            f"{suffix}: two workers are {one.taken_s / two.taken_s:.2f} × one; isolation {more_time:+.1f} % of time, "
            f"{more_cpu:+.1f} % of the processor; a million tracks of three minutes take {hours:,.0f} core hours, "
            f"{hours * price:,.0f} at {price:g} an hour"
        )
    print(f"the machine's load was {os.getloadavg()[0]:.1f}; for memory see library_memory.py")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=32)
    parser.add_argument("--duration", type=float, default=60.0, help="seconds of each file")
    parser.add_argument("--rounds", type=int, default=3, help="of which the fastest counts")
    parser.add_argument("--formats", default="wav,flac,mp3,m4a")
    parser.add_argument("--model", default="default")
    parser.add_argument("--price", type=float, default=0.04, help="of one core for an hour")
    parser.add_argument("--no-peers", dest="peers", action="store_false", help="leave the other programs out")
    args = parser.parse_args()
    print(f"{args.files} stereo files of {args.duration:g} s, the fastest of {args.rounds} rounds\n")
    print("| kind | program          | files/s | × real time | CPU ms a minute of sound |\n|---|---|---|---|---|")
    found = {}
    for suffix in args.formats.split(","):
        found[suffix] = measured(suffix, args)
        told(suffix, found[suffix])
    summed(found, args.price)
    return 0


if __name__ == "__main__":
    sys.exit(main())
