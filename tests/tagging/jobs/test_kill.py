from __future__ import annotations

import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from instrunet.audio import write
from instrunet.tagging.jobs.ledger import Ledger, State
from tests.synth import tone
from tests.tagging.jobs.command import Command


def library(folder: Path, n: int) -> Path:
    """Short tones of many pitches, and a few files that are no sound."""
    for k in range(n):
        write(
            folder / f"{k % 7}" / f"{k:04d}.wav",
            tone(100.0 + 7 * k, 0.4 if n < 100 else 30.0, sample_rate_hz=8_000),
            8_000,
        )
    for k in range(max(1, n // 50)):
        (folder / f"broken-{k}.wav").write_text("not a sound")
    return folder


def n_rows(table: Path) -> int:
    if table.suffix == ".csv":
        return len(table.read_text().splitlines()) - 1
    import pyarrow.parquet as pq

    return int(pq.ParquetFile(table).metadata.num_rows)


def killed_at_work(command: Command, arguments: list[object], moment: random.Random, *, most_lines: int) -> bool:
    """Start the job and kill it, after some lines of progress or while it starts; whether it was at work."""
    job = command.start(*arguments, "--progress", "jsonl", stderr=subprocess.PIPE)
    assert job.stderr is not None
    for _ in range(moment.randint(0, most_lines)):
        if not job.stderr.readline():
            break
    time.sleep(moment.uniform(0.0, 0.2))
    at_work = job.poll() is None
    job.send_signal(signal.SIGKILL)
    job.wait()
    job.stderr.close()
    return at_work


@pytest.mark.parametrize(
    ("n_files", "n_kills", "table"),
    [
        (12, 2, "tags.parquet"),
        pytest.param(500, 20, "tags.csv", marks=pytest.mark.slow),
        pytest.param(110, 5, "tags.parquet", marks=pytest.mark.slow),
    ],
)
def test_a_job_killed_again_and_again_ends_like_an_undisturbed_one(
    n_files: int, n_kills: int, table: str, tiny: Path, tmp_path: Path
) -> None:
    if table.endswith("parquet"):
        pytest.importorskip("pyarrow")
    folder = library(tmp_path / "library", n_files)
    command, moment = Command(), random.Random(n_kills)
    tables = [tmp_path / name / table for name in ("undisturbed", "killed")]
    n_workers = 1 + (n_files > 100)
    runs: list[list[object]] = [["tag", folder, "--model", tiny, "--out", out, "--jobs", n_workers] for out in tables]
    assert command.start(*runs[0]).wait(timeout=900) == 1
    long = n_files > 100  # a short job is over with its first line of progress, so it is killed before that
    hits = sum(killed_at_work(command, runs[1], moment, most_lines=1 if long else 0) for _ in range(n_kills))
    assert hits >= n_kills * 3 // 4
    if long:
        assert not tables[1].exists()
        with Ledger(tables[1].with_name(f"{table}.job")) as ledger:
            assert ledger.counts()[State.WAITING] > 0
    assert command.start(*runs[1]).wait(timeout=900) == 1
    assert tables[1].read_bytes() == tables[0].read_bytes()
    assert n_rows(tables[0]) == n_files
    assert {path.name for path in tables[1].parent.iterdir() if "growing" in path.name} == set()
    with Ledger(tables[1].with_name(f"{table}.job")) as ledger:
        assert len(list(ledger.rows())) == n_files + max(1, n_files // 50)
    assert command.left_behind() == []
