from __future__ import annotations

import os
import signal
from functools import partial
from pathlib import Path

import pytest

from instrunet.audio import write
from instrunet.tagging.jobs.job import JobOptions, run_job, work_of
from instrunet.tagging.jobs.ledger import Ledger, State
from instrunet.tagging.jobs.ray_engine import RayCrew, RayTagger
from instrunet.tagging.jobs.settings import Patience, WorkerSettings
from tests.synth import tone


def library(folder: Path, n: int) -> list[Path]:
    for k in range(n):
        write(folder / f"{k:02d}.wav", tone(200.0 + 50 * k, 0.5), 32_000)
    (folder / "text.wav").write_text("not a sound at all")
    return sorted(folder.glob("*.wav"))


def states(ledger_path: Path, files: list[Path], options: JobOptions) -> dict[str, tuple[State, object]]:
    with Ledger(ledger_path, work=work_of(options.settings)) as ledger:
        run_job(ledger, files, options)
        return {Path(row.path).name: (row.state, row.result) for row in ledger.rows()}


def test_an_actor_tags_in_an_isolated_process(tiny: Path, tmp_path: Path) -> None:
    actor = RayTagger({"model": str(tiny)}, {"silent_s": 60.0})
    try:
        good, bad = library(tmp_path, 1)
        assert actor.tag(str(good))["state"] == "done"
        outcome = actor.tag(str(bad))
        assert outcome["state"] == "failed"
        assert "text.wav" in outcome["reason"]
    finally:
        actor._pool.close()


@pytest.mark.slow
def test_a_cluster_that_loses_an_actor_ends_like_this_machine(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = pytest.importorskip("ray")
    files = library(tmp_path, 12)
    settings = WorkerSettings(model=str(tiny))
    crews: list[RayCrew] = []

    class Watched(RayCrew):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments)  # type: ignore[arg-type]
            crews.append(self)

    def kill_one(progress: object) -> None:
        if crews and getattr(progress, "done", 0) >= 2:
            crew = crews.pop()
            os.kill(ray.get(crew._actors[0].pid.remote()), signal.SIGKILL)

    at_home = states(tmp_path / "home.job", files, JobOptions(settings=settings, patience=Patience()))
    with Ledger(tmp_path / "ray.job", work=work_of(settings)) as ledger:
        last = run_job(ledger, files, JobOptions(settings=settings, crew=Watched), notify=kill_one)
    assert not crews, "no actor was killed"
    assert last.done == len(files)
    again = states(tmp_path / "ray.job", files, JobOptions(settings=settings, crew=partial(RayCrew, address=None)))
    assert again == at_home
    assert again["text.wav"][0] is State.FAILED
