from __future__ import annotations

import sys
from pathlib import Path

import pytest

from instrunet.errors import InstrunetError
from instrunet.files import grown_whole, written_whole


def test_a_failure_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    target = tmp_path / "tags.csv"
    target.write_text("old")

    def fail_half_way() -> None:
        with written_whole(target) as beside:
            beside.write_text("new")
            raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        fail_half_way()
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["tags.csv"]


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InstrunetError, match="cannot be written"), written_whole(tmp_path / "file" / "tags.csv"):
        pass


def test_a_growing_file_takes_over_what_a_killed_process_left(tmp_path: Path) -> None:
    target = tmp_path / "tags.csv"
    (tmp_path / ".growing-tags.csv").write_text("half of an older, longer table")
    target.write_text("old")
    with grown_whole(target) as beside:
        beside.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    with grown_whole(target):
        pass
    assert target.read_text() == "new"
    with pytest.raises(ValueError, match="half way"), grown_whole(target):
        raise ValueError("half way")
    assert [p.name for p in tmp_path.iterdir()] == ["tags.csv"]


@pytest.mark.skipif(sys.platform == "win32", reason="no such locks here")
def test_two_processes_do_not_grow_one_file(tmp_path: Path) -> None:
    with grown_whole(tmp_path / "tags.csv") as beside:
        beside.write_text("first")
        with pytest.raises(InstrunetError, match="another process is writing it"), grown_whole(tmp_path / "tags.csv"):
            pass
    assert (tmp_path / "tags.csv").read_text() == "first"
