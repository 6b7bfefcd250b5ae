from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from instrunet.apps.cli import app
from instrunet.errors import InstrunetError, UsageError


def data(*args: object) -> Result:
    return CliRunner().invoke(app, ["data", *(str(a) for a in args)])


@pytest.fixture(scope="module")
def irmas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A miniature IRMAS and its manifest."""
    folder = tmp_path_factory.mktemp("irmas")
    made = data("miniature", "irmas", "-o", folder / "mini", "--seed", 7)
    assert made.exit_code == 0, made.output
    assert "53 sound files, seed 7" in made.output
    assert data("index", "irmas", folder / "mini", "-o", folder / "irmas.parquet").exit_code == 0
    return folder / "irmas.parquet"


def test_a_miniature_is_not_written_over_something(irmas: Path) -> None:
    assert isinstance(data("miniature", "irmas", "-o", irmas.parent / "mini").exception, UsageError)


def test_explore_writes_a_page(irmas: Path, tmp_path: Path) -> None:
    shown = data("explore", irmas, "-o", tmp_path / "report")
    assert shown.exit_code == 0, shown.output
    assert "53 recordings, 5 genres" in shown.output
    assert "9 recordings have no genre" in shown.output
    assert "<h1>IRMAS</h1>" in (tmp_path / "report" / "index.html").read_text()
    assert isinstance(data("explore", irmas, "-o", tmp_path / "report").exception, UsageError)


def test_export_sorts_by_class(irmas: Path, tmp_path: Path) -> None:
    shown = data("export", irmas, "--by-class", "-o", tmp_path / "out", "--classes", "cel, voi", "--mode", "link")
    assert shown.exit_code == 0, shown.output
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["cel", "index.csv", "voi"]
    assert len(list((tmp_path / "out" / "cel").iterdir())) >= 4
    assert isinstance(data("export", irmas, "-o", tmp_path / "x").exception, UsageError)


def test_export_reports_what_is_missing(irmas: Path, tmp_path: Path) -> None:
    shown = data("export", irmas, "--by-class", "-o", tmp_path / "out", "--root", tmp_path)
    assert isinstance(shown.exception, InstrunetError)
    assert "no such file" in shown.output
