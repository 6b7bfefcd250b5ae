"""Results are given while the job runs, in the order of their paths, whatever the order in which files are finished."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from instrunet.tagging.jobs import job as jobs
from instrunet.tagging.jobs.job import JobOptions, run_in_order
from instrunet.tagging.jobs.ledger import Ledger, Outcome, Row, State, Work
from instrunet.tagging.jobs.settings import Patience, WorkerSettings


class Swapped:
    """A crew that finishes every second file before the one ahead of it, and notes how many it has finished."""

    finished = 0

    def __init__(self, n_workers: int, settings: WorkerSettings, patience: Patience) -> None:
        pass

    def __enter__(self) -> Swapped:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def run(self, paths: Iterable[str]) -> Iterator[Outcome]:
        rest = iter(paths)
        for first in rest:
            for path in filter(None, (next(rest, None), first)):
                Swapped.finished += 1
                broken = path.endswith("3.wav")
                state, reason = (State.FAILED, f"{path}: broken") if broken else (State.DONE, None)
                yield Outcome(path, state, reason=reason, result=None if broken else {"path": path})


def test_rows_come_in_order_while_the_job_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "COMMIT_EVERY", 1)
    monkeypatch.setattr(Swapped, "finished", 0)
    files = [f"{k}.wav" for k in (4, 0, 2, 5, 1, 3)]
    seen: list[tuple[str, int]] = []
    with Ledger(tmp_path / "a.job", work=Work("m")) as ledger:
        for row in run_in_order(ledger, files, JobOptions(crew=Swapped)):
            seen.append((row.path, Swapped.finished))
        again = list(run_in_order(ledger, files[:3], JobOptions(crew=Swapped)))
    assert [path for path, _ in seen] == sorted(files)
    assert [n for _, n in seen] == [2, 2, 4, 4, 6, 6]
    assert [row.path for row in again] == ["0.wav", "2.wav", "4.wav"]


def test_a_job_broken_off_gives_the_same_rows_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "COMMIT_EVERY", 1)
    monkeypatch.setattr("instrunet.tagging.jobs.ledger.PAGE", 2)
    files = [f"{k}.wav" for k in range(9)]

    def told(rows: Iterable[Row]) -> list[tuple[str, State, object]]:
        return [(row.path, row.state, row.result) for row in rows]

    with Ledger(tmp_path / "whole.job", work=Work("m")) as ledger:
        whole = told(run_in_order(ledger, files, JobOptions(crew=Swapped)))
    with Ledger(tmp_path / "broken.job", work=Work("m")) as ledger:
        rows = run_in_order(ledger, files, JobOptions(crew=Swapped))
        next(rows), next(rows), next(rows)
        rows.close()  # type: ignore[attr-defined]
        assert 0 < ledger.counts()[State.WAITING] < len(files)
    with Ledger(tmp_path / "broken.job", work=Work("m")) as ledger:
        assert told(run_in_order(ledger, files, JobOptions(crew=Swapped))) == whole
        assert {row.attempts for row in ledger.rows()} == {1}
    assert len(whole) == len(files)
