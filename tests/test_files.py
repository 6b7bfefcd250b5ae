from __future__ import annotations

from pathlib import Path

import pytest

from instrunet.errors import InstrunetError
from instrunet.files import written_whole


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
