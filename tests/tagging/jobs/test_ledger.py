from __future__ import annotations

import os
import time
import tracemalloc
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from instrunet.errors import InstrunetError, UsageError
from instrunet.tagging.jobs.ledger import Fingerprint, Ledger, Outcome, State, Work
from instrunet.tagging.jobs.sharding import Shard


def files(n: int) -> Iterator[tuple[str, Fingerprint | None]]:
    return ((f"{k:06d}.wav", Fingerprint(1000 + k, 5)) for k in range(n))


def taken(ledger: Ledger, seen: Iterable[tuple[str, Fingerprint | None]], *, retry_failed: bool = False) -> list[str]:
    n = ledger.take_in(seen, retry_failed=retry_failed)
    waiting = list(ledger.waiting())
    assert len(waiting) == n
    return waiting


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    with Ledger(tmp_path / "a.job", work=Work("m1")) as ledger:
        assert ledger.take_in(files(3)) == 3
        ledger.settle([Outcome("000000.wav", State.DONE, result={"x": 1}, duration_s=3600.0)])
        ledger.settle([Outcome("000001.wav", State.FAILED, reason="broken")])
        assert ledger.hours_done() == 1.0
    with Ledger(tmp_path / "a.job", work=Work("m1")) as ledger:
        assert taken(ledger, files(3)) == ["000002.wav"]
        assert taken(ledger, files(3), retry_failed=True) == ["000001.wav", "000002.wav"]
        assert ledger.counts()[State.DONE] == 1


def test_changed_files_and_changed_models_are_done_again(tmp_path: Path) -> None:
    done = [Outcome(path, State.DONE, result={}) for path, _ in files(2)]
    with Ledger(tmp_path / "a.job", work=Work("m1")) as ledger:
        ledger.take_in(files(2))
        ledger.settle(done)
        assert taken(ledger, [("000000.wav", Fingerprint(9, 5)), *list(files(2))[1:]]) == ["000000.wav"]
        ledger.settle(done)
    with Ledger(tmp_path / "a.job", work=Work("m2")) as ledger:
        assert ledger.take_in(files(2)) == 2


def test_a_touched_file_with_the_same_content_is_unchanged(tmp_path: Path) -> None:
    with Ledger(tmp_path / "a.job", work=Work("m")) as ledger:
        ledger.take_in([("a", Fingerprint(1, 1, "digest"))])
        ledger.settle([Outcome("a", State.DONE, result={})])
        assert ledger.take_in([("a", Fingerprint(1, 99, "digest"))]) == 0
        assert taken(ledger, [("a", Fingerprint(1, 99, "other"))]) == ["a"]


def test_a_batch_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    with Ledger(tmp_path / "a.job", work=Work("m")) as ledger:
        ledger.take_in(files(2))
        unwritable = {"x": {1, 2}}
        with pytest.raises(TypeError):
            ledger.settle(
                [
                    Outcome("000000.wav", State.DONE, result={}),
                    Outcome("000001.wav", State.DONE, result=unwritable),
                ]
            )
        assert ledger.counts()[State.WAITING] == 2


def test_what_is_no_ledger_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.job").write_text("this is a shopping list, not a database, and long enough to be looked at\n" * 20)
    with pytest.raises(InstrunetError, match="cannot be used as the ledger"):
        Ledger(tmp_path / "a.job", work=Work("m"))


def test_shards_share_everything_out() -> None:
    paths = [f"folder/{k}.mp3" for k in range(400)]
    held = [sum(Shard(part, 4).holds(p) for p in paths) for part in range(1, 5)]
    assert sum(held) == 400
    assert min(held) > 60
    for wrong in ("0/4", "5/4", "4", "a/b"):
        with pytest.raises(UsageError):
            Shard.parse(wrong)


def test_names_of_any_kind_come_back(tmp_path: Path) -> None:
    names = ["a\nb.wav", "ü😀.wav", "x y..wav", os.fsdecode(b"caf\xe9.wav")]
    with Ledger(tmp_path / "a.job", work=Work("m")) as ledger:
        ledger.take_in([(n, None) for n in names])
        ledger.settle([Outcome(n, State.DONE, result={"path": n}) for n in names])
        assert {row.path for row in ledger.rows(State.DONE)} == set(names)
        assert {row.result["path"] for row in ledger.rows(State.DONE) if row.result} == set(names)
        assert ledger.take_in([(n, None) for n in names]) == 0
        ledger.settle([Outcome(names[3], State.FAILED, reason=f"{names[3]}: broken")])
        (row,) = ledger.rows(State.FAILED)
        assert row.reason == "caf\\udce9.wav: broken"


RESULT = {"instruments": [{"label": f"label-{k}", "confidence": k / 40} for k in range(40)]}  # about 2 kB, as real ones


@pytest.mark.slow
def test_a_hundred_thousand_files_cost_less_than_a_millisecond_each_in_flat_memory(tmp_path: Path) -> None:
    n, taken_s, peak_mb = 100_000, 0.0, []
    for n_files in (n // 10, n):
        tracemalloc.start()
        began = time.process_time()
        with Ledger(tmp_path / f"{n_files}.job", work=Work("m")) as ledger:
            assert ledger.take_in(files(n_files)) == n_files
            for page in pages(ledger.waiting(), 32):
                ledger.settle([Outcome(path, State.DONE, result=RESULT) for path in page])
                last = page[-1]
            assert ledger.settled(after=last) == []
        taken_s = time.process_time() - began
        peak_mb.append(tracemalloc.get_traced_memory()[1] / 1e6)
        tracemalloc.stop()
    assert taken_s / n < 1e-3
    assert peak_mb[1] < peak_mb[0] + 8
    began = time.process_time()
    with Ledger(tmp_path / f"{n}.job", work=Work("m")) as ledger:
        assert ledger.take_in(files(n)) == 0
    assert time.process_time() - began < 5


def pages(items: Iterator[str], size: int) -> Iterator[list[str]]:
    while page := list(islice(items, size)):
        yield page
