from __future__ import annotations

import shutil
import signal
import time
from pathlib import Path

import pytest

from instrunet.apps.library import watch
from instrunet.audio import write
from tests.synth import tone
from tests.tagging.jobs.command import Command


def test_what_has_gone_is_not_asked_for(tmp_path: Path) -> None:
    runs: list[list[str]] = []
    (tmp_path / "a.wav").write_text("a")

    def run(files: list[str]) -> None:
        runs.append([Path(file).name for file in files])
        (tmp_path / "a.wav").unlink(missing_ok=True)
        (tmp_path / "b.wav").write_text("b")

    watch(lambda: [str(p) for p in tmp_path.glob("*.wav")], run, every_s=0.001, stop=lambda: len(runs) == 2)
    assert runs == [["a.wav"], ["b.wav"]]


@pytest.mark.slow
def test_files_are_tagged_as_they_arrive(tiny: Path, tmp_path: Path) -> None:
    folder, table = tmp_path / "in", tmp_path / "tags.csv"
    write(folder / "first.wav", tone(440.0, 0.4), 32_000)
    command = Command()
    job = command.start("tag", folder, "--model", tiny, "--out", table, "--watch", "--every", 0.3, "--jobs", 1)

    def lines(n: int) -> list[str]:
        until = time.monotonic() + 120
        while time.monotonic() < until:
            if table.exists() and len(found := table.read_text().splitlines()) == n:
                return found
            time.sleep(0.1)
        raise AssertionError(f"{n} lines never came")

    lines(2)
    shutil.copy(folder / "first.wav", folder / "second.wav")
    assert lines(3)[2].startswith("second.wav")
    job.send_signal(signal.SIGINT)
    assert job.wait(timeout=60) == 0
    assert command.left_behind() == []
