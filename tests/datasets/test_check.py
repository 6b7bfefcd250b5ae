from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from instrunet.datasets.check import CheckReport, check
from instrunet.datasets.clips import Clip
from instrunet.datasets.manifest import Header, Manifest
from tests.datasets import layouts

LABELS = ("piano", "voice")


def clip(
    name: str, split: str = "train", group: str = "", truth: dict[str, float] | None = None, **rest: float
) -> Clip:
    return Clip(name, name, "d", "mix", group or name, truth or {"piano": 1.0}, split=split, **rest)  # type: ignore[arg-type]


@pytest.fixture
def messy(tmp_path: Path) -> Manifest:
    layouts.audio(tmp_path / "good.wav", seed=1)
    layouts.audio(tmp_path / "silent.wav", silent=True)
    layouts.text(tmp_path / "broken.wav", "this is no audio")
    (tmp_path / "empty.wav").touch()
    layouts.audio(tmp_path / "twin.wav", seed=1)
    x, rate = sf.read(tmp_path / "good.wav")
    sf.write(tmp_path / "twin.flac", x, rate)
    layouts.audio(tmp_path / "short.wav", 0.3, seed=2)
    layouts.audio(tmp_path / "sister.wav", seed=3)
    layouts.audio(tmp_path / "brother.wav", seed=4)
    clips = [
        clip("good.wav", truth={"piano": 1.0, "voice": 0.0}),
        clip("silent.wav"),
        clip("broken.wav"),
        clip("empty.wav"),
        clip("gone.wav"),
        clip("twin.wav", truth={"piano": 0.0}),
        clip("twin.flac", split="test", truth={"voice": 0.1}),
        clip("short.wav", duration_s=1.0),
        clip("sister.wav", group="family"),
        clip("brother.wav", group="family", split="test"),
    ]
    return Manifest.from_clips(clips, Header("own", LABELS, tmp_path.as_posix()))


def found(report: CheckReport, kind: str) -> list[tuple[str, ...]]:
    return [problem.ids for problem in report.problems if problem.kind == kind]


def test_every_kind_of_trouble_is_found_and_nothing_else(messy: Manifest) -> None:
    report = check(messy, n_workers=1)
    assert found(report, "missing") == [("gone.wav",)]
    assert found(report, "unreadable") == [("broken.wav",), ("empty.wav",)] or found(report, "too short")[0] == (
        "empty.wav",
    )
    assert found(report, "silent") == [("silent.wav",)]
    assert ("short.wav",) in found(report, "too short")
    assert found(report, "duplicate") == [("good.wav", "twin.wav", "twin.flac")]
    assert found(report, "label conflict") == [("good.wav", "twin.wav", "twin.flac")]
    (conflict,) = [problem for problem in report.problems if problem.kind == "label conflict"]
    assert "piano" in conflict.detail
    assert "voice" not in conflict.detail
    assert found(report, "leak") == [("good.wav", "twin.wav", "twin.flac"), ("sister.wav", "brother.wav")]
    assert "good.wav" not in {
        i for p in report.problems if p.kind not in ("duplicate", "label conflict", "leak") for i in p.ids
    }


def test_a_clean_manifest_has_no_problems(messy: Manifest) -> None:
    report = check(messy.take([0, 8]), n_workers=1)
    assert report.problems == ()
    assert report.seconds_read == pytest.approx(1.0)


def test_only_the_clip_of_a_file_is_listened_to(tmp_path: Path) -> None:
    x = np.zeros(16000)
    x[8000:] = np.random.default_rng(1).normal(0, 0.1, 8000)
    sf.write(tmp_path / "a.wav", x, 16000)
    clips = [
        Clip("first", "a.wav", "d", "mix", "g", {}, start_s=0.0, duration_s=0.5),
        Clip("second", "a.wav", "d", "mix", "g", {}, start_s=0.5, duration_s=0.5),
    ]
    report = check(Manifest.from_clips(clips, Header("own", (), tmp_path.as_posix())), n_workers=1)
    assert found(report, "silent") == [("first",)]
    assert len(report.problems) == 1


class Interrupted(Exception):
    pass


def test_a_check_can_be_interrupted_and_goes_on_where_it_was(messy: Manifest, tmp_path: Path) -> None:
    journal = tmp_path / "check.jsonl"

    def stop_at_four(done: int, total: int) -> None:
        assert total == 10
        if done == 4:
            raise Interrupted

    with pytest.raises(Interrupted):
        check(messy, journal=journal, n_workers=1, progress=stop_at_four)
    with journal.open("a") as file:
        file.write('{"key": "cut o')
    steps: list[int] = []
    resumed = check(messy, journal=journal, n_workers=1, progress=lambda done, _: steps.append(done))
    assert resumed.n_resumed == 4
    assert steps[0] == 4
    assert steps[-1] == 10
    assert resumed.problems == check(messy, n_workers=1).problems
    assert check(messy, journal=journal, n_workers=1).n_resumed == 10


def test_a_file_that_changed_is_listened_to_again(messy: Manifest, tmp_path: Path) -> None:
    journal = tmp_path / "check.jsonl"
    check(messy, journal=journal, n_workers=1)
    shutil.copy(tmp_path / "good.wav", tmp_path / "broken.wav")
    again = check(messy, journal=journal, n_workers=1)
    assert again.n_resumed == 9
    assert ("broken.wav",) not in found(again, "unreadable")


@pytest.mark.slow
def test_two_processes_say_the_same_as_one(tmp_path: Path) -> None:
    for i in range(40):
        layouts.audio(tmp_path / f"{i}.wav", 0.2, seed=i % 30)
    clips = [clip(f"{i}.wav") for i in range(40)]
    manifest = Manifest.from_clips(clips, Header("own", LABELS, tmp_path.as_posix()))
    assert check(manifest, n_workers=2).problems == check(manifest, n_workers=1).problems
