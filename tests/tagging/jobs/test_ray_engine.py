from __future__ import annotations

import json
import os
import signal
from functools import partial
from pathlib import Path

import pytest

from instrunet.audio import write
from instrunet.tagging.jobs import ray_engine
from instrunet.tagging.jobs.job import JobOptions, Progress, run_job, work_of
from instrunet.tagging.jobs.ledger import Ledger, State
from instrunet.tagging.jobs.ray_engine import RayCrew, RayModel, RayPlace, RayTagger
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
    actor = RayTagger({"model": str(tiny)}, {"silent_s": 60.0}, [])
    try:
        good, bad = library(tmp_path, 1)
        found = actor({"path": [os.fsencode(good), os.fsencode(bad)]})["outcome"]
        done, failed = map(json.loads, found)
        assert done["state"] == "done"
        assert failed["state"] == "failed"
        assert "text.wav" in failed["reason"]
    finally:
        actor.close()


def test_a_network_elsewhere_gives_what_one_here_gives(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Remote:
        """An actor as Ray would make it, in this process."""

        def __init__(self, model: RayModel) -> None:
            self.score = self
            self.model = model

        def remote(self, mel: object) -> object:
            return self.model.score(mel)  # type: ignore[arg-type]

    class Here:
        exceptions = type("exceptions", (), {"RayError": RuntimeError})

        @staticmethod
        def get(found: object) -> object:
            return found

    monkeypatch.setattr(ray_engine, "_ray", lambda: Here)
    good, _ = library(tmp_path, 1)
    actors = [Remote(RayModel(str(tiny), on_gpu=False))] * 2
    answers = []
    for models in (actors, []):
        actor = RayTagger({"model": str(tiny)}, {}, models)
        answers.append(json.loads(actor.tag(str(good))))
        actor.close()
    assert answers[0] == answers[1]


@pytest.mark.slow
@pytest.mark.parametrize("n_models", [0, 1])
def test_a_cluster_that_loses_an_actor_ends_like_this_machine(
    n_models: int, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray")
    monkeypatch.setenv("RAY_raylet_start_wait_time_s", "300")
    files = library(tmp_path, 40)
    settings = WorkerSettings(model=str(tiny))
    killed: list[int] = []

    def kill_one(progress: Progress) -> None:
        if not killed and progress.done >= 2:
            killed.append(actor_of(tmp_path / "ray.job"))
            os.kill(killed[0], signal.SIGKILL)

    at_home = states(tmp_path / "home.job", files, JobOptions(settings=settings, patience=Patience()))
    crew = partial(RayCrew, place=RayPlace(n_models=n_models))
    with Ledger(tmp_path / "ray.job", work=work_of(settings)) as ledger:
        last = run_job(ledger, files, JobOptions(settings=settings, crew=crew), notify=kill_one)
        assert {row.attempts for row in ledger.rows()} == {1}
    assert killed, "no actor was killed"
    assert last.done == len(files)
    again = states(tmp_path / "ray.job", files, JobOptions(settings=settings, crew=crew))
    assert again == at_home
    assert again["text.wav"][0] is State.FAILED


def actor_of(ledger_path: Path) -> int:
    """The process of an actor that has finished a file."""
    with Ledger(ledger_path) as ledger:
        return next(int(str(row.worker).rpartition("/")[2]) for row in ledger.rows(State.DONE))
