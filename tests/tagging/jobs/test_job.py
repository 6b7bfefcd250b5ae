from __future__ import annotations

import json
from pathlib import Path

import pytest

from instrunet.audio import write
from instrunet.tagging import Tagger, Tags
from instrunet.tagging.jobs.job import JobOptions, Progress, run_job, work_of
from instrunet.tagging.jobs.ledger import Ledger, State
from instrunet.tagging.jobs.results import failures, finished
from instrunet.tagging.jobs.settings import Patience, WorkerSettings
from tests.synth import tone


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four good files, one that is no sound, and three that hurt their worker."""
    folder = tmp_path_factory.mktemp("library")
    for k in range(4):
        write(folder / f"good-{k}.wav", tone(220.0 * (k + 1), 0.6), 32_000)
    (folder / "text.wav").write_text("not a sound at all")
    for kind in ("crash", "hang", "eat"):
        write(folder / f"{kind}-me.wav", tone(440.0, 0.3), 32_000)
    return folder


def options(tiny: Path, **changes: object) -> JobOptions:
    settings = WorkerSettings(model=str(tiny), memory_bytes=3 << 30, test=True)
    return JobOptions(workers=2, settings=settings, patience=Patience(silent_s=4.0), **changes)  # type: ignore[arg-type]


def run(folder: Path, ledger_path: Path, how: JobOptions, told: list[Progress] | None = None) -> dict[str, State]:
    with Ledger(ledger_path, work=work_of(how.settings)) as ledger:
        run_job(ledger, sorted(folder.glob("*.wav")), how, notify=None if told is None else told.append)
        return {Path(row.path).name: row.state for row in ledger.rows()}


def test_a_job_equals_tagging_one_by_one(tiny: Path, library: Path, tmp_path: Path) -> None:
    good = tmp_path / "good"
    good.mkdir()
    for path in library.glob("good-*.wav"):
        (good / path.name).write_bytes(path.read_bytes())
    (good / "text.wav").write_text("not a sound at all")
    told: list[Progress] = []
    states = run(good, tmp_path / "a.job", options(tiny), told)
    assert [states[f"good-{k}.wav"] for k in range(4)] == [State.DONE] * 4
    assert states["text.wav"] is State.FAILED
    assert (told[-1].done, told[-1].failed, told[-1].total) == (5, 1, 5)
    assert told[-1].to_dict()["left_s"] == 0
    with Ledger(tmp_path / "a.job", work=work_of(options(tiny).settings)) as ledger:
        results = list(finished(ledger.rows()))
        (failure,) = failures(ledger.rows())
    assert "text.wav" in failure.message
    for alone, tags in zip(Tagger(tiny).tag_files(sorted(good.glob("good-*.wav"))), results, strict=True):
        assert isinstance(alone, Tags)
        assert json.dumps(tags.to_dict(activity=False)) == json.dumps(alone.to_dict(activity=False))
    again: list[Progress] = []
    run(good, tmp_path / "a.job", options(tiny), again)
    assert again == []


@pytest.mark.slow
def test_workers_that_crash_hang_and_eat_are_survived(
    tiny: Path, library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind, state in (("crash", State.QUARANTINED), ("hang", State.QUARANTINED), ("eat", None)):
        monkeypatch.setenv("INSTRUNET_TEST_INJURY", kind)
        states = run(library, tmp_path / f"{kind}.job", options(tiny))
        hurt = states[f"{kind}-me.wav"]
        assert hurt is state or (state is None and hurt in (State.FAILED, State.QUARANTINED))
        assert all(states[f"good-{k}.wav"] is State.DONE for k in range(4))
        assert states["text.wav"] is State.FAILED
    monkeypatch.delenv("INSTRUNET_TEST_INJURY")
    states = run(library, tmp_path / "crash.job", options(tiny, retry_failed=True))
    assert states["crash-me.wav"] is State.DONE


def test_shards_do_their_part_and_no_more(tiny: Path, library: Path, tmp_path: Path) -> None:
    from instrunet.tagging.jobs.sharding import Shard

    parts = [set(run(library, tmp_path / f"{k}.job", options(tiny, shard=Shard(k, 3)))) for k in (1, 2, 3)]
    assert set.union(*parts) == {p.name for p in library.glob("*.wav")}
    assert sum(map(len, parts)) == len(set.union(*parts))
