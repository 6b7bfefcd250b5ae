from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("mutagen")

from instrunet.apps import cli
from instrunet.audio import write
from instrunet.tagging.jobs import embedding
from instrunet.tagging.jobs.ledger import Ledger, Outcome, State
from instrunet.tagging.tags import InstrumentTag, Tags
from tests.synth import tone


def test_a_dry_run_a_writing_and_its_undoing(tmp_path, monkeypatch, capsys) -> None:
    song, ledger, journal = tmp_path / "song.flac", tmp_path / "tags.job", tmp_path / "a.journal"
    write(song, tone(440.0, 0.2), 32_000)
    none = np.zeros(0, np.float32)
    tags = Tags(str(song), 0.2, "instrunet", "tiny", (InstrumentTag("flute", 0.9, True, 0.5, none),), none)
    with Ledger(ledger) as job:
        job.take_in([(str(song), None)])
        job.settle([Outcome(str(song), State.DONE, result=tags.to_dict(activity=False))])

    def run(*arguments: str | Path) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["instrunet", "embed", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        return int(stop.value.code or 0), capsys.readouterr().out

    code, said = run(ledger)
    assert (code, embedding.read(song)) == (0, None)
    assert "1 files would change; nothing was written" in said
    assert run(ledger, "--write", "--journal", journal)[0] == 0
    assert embedding.read(song) == "flute"
    assert "0 files changed" in run(ledger, "--write", "--journal", journal)[1]
    assert "1 files put back" in run("--undo", journal)[1]
    assert embedding.read(song) is None
    assert run()[0] == 2
    assert run(tmp_path / "none.job")[0] == 2
