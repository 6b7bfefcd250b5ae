from __future__ import annotations

import csv
from pathlib import Path

import pytest

from instrunet.tagging.jobs.ledger import Ledger, State
from tests.poison import Corpus, full_corpus, small_corpus
from tests.tagging.jobs.command import Command


@pytest.mark.parametrize("make", [small_corpus, pytest.param(full_corpus, marks=pytest.mark.slow)])
def test_good_files_are_tagged_and_bad_ones_told(make, tiny: Path, tmp_path: Path) -> None:
    corpus: Corpus = make(tmp_path / "library")
    assert len(corpus.bad) >= (300 if make is full_corpus else 12)
    command, out = Command(), tmp_path / "tags.csv"
    job = command.start("tag", corpus.folder, "--model", tiny, "--out", out, "--jobs", 2, "--progress", "none")
    assert command.peak_mb(job, timeout_s=1800) < 1000
    assert job.returncode == 1
    assert command.left_behind() == []
    with Ledger(tmp_path / "tags.csv.job") as ledger:
        rows = {Path(row.path): row for row in ledger.rows()}
        assert ledger.counts()[State.WAITING] == 0
    assert set(rows) == {*corpus.good, *corpus.bad}
    assert [path for path in corpus.good if rows[path].state is not State.DONE] == []
    told = [row for row in rows.values() if row.state is not State.DONE]
    assert all(row.reason for row in told)
    assert [row.reason for row in told if "Traceback" in str(row.reason)] == []
    assert len(told) >= len(corpus.bad) // 3
    with out.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        tagged = {row["file"] if "file" in row else next(iter(row.values())) for row in csv.DictReader(file)}
    assert len(tagged) == len(rows) - len(told)
