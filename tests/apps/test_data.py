from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from instrunet.apps.cli import app
from instrunet.errors import InstrunetError, UsageError
from tests.datasets import layouts


def data(*args: object) -> Result:
    return CliRunner().invoke(app, ["data", *(str(a) for a in args)])


@pytest.fixture
def irmas(tmp_path: Path) -> Path:
    layouts.irmas(tmp_path / "IRMAS")
    out = tmp_path / "irmas.parquet"
    result = data("index", "irmas", tmp_path / "IRMAS", "-o", out)
    assert result.exit_code == 0, result.output
    assert "5 clips" in result.output
    assert "6,702 training clips missing" in result.output
    return out


def test_describe_as_table_and_as_json(irmas: Path) -> None:
    assert "pop_roc" not in data("describe", irmas).output
    assert "gel" in data("describe", irmas).output
    assert json.loads(data("describe", irmas, "--json").output)["n_clips"] == 5


def test_nothing_is_overwritten_without_force(irmas: Path) -> None:
    again = data("index", "irmas", irmas.parent / "IRMAS", "-o", irmas)
    assert isinstance(again.exception, UsageError)
    assert data("index", "irmas", irmas.parent / "IRMAS", "-o", irmas, "--force").exit_code == 0


def test_mistakes_are_one_clear_sentence(tmp_path: Path) -> None:
    assert "no data set 'irmass'" in str(data("index", "irmass", tmp_path, "-o", tmp_path / "a.parquet").exception)
    assert "-o FILE" in str(data("index", "irmas").exception)
    assert isinstance(data("describe", tmp_path / "none.parquet").exception, InstrunetError)
    wrong = data("index", "irmas", tmp_path, "-o", tmp_path / "a.parquet")
    assert "does not look like IRMAS" in str(wrong.exception)


def test_the_data_sets_can_be_listed() -> None:
    assert "IRMAS-TrainingData" in data("index", "list").output
