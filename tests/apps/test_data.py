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


@pytest.fixture
def stems(tmp_path: Path) -> Path:
    for i in range(12):
        layouts.audio(tmp_path / f"own/{('piano', 'voice', 'cello')[i % 3]}/{i}.wav", 0.2, seed=i)
    out = tmp_path / "own.parquet"
    assert data("index", "folder", tmp_path / "own", "-o", out, "--probe").exit_code == 0
    return out


def test_split_reports_deviation_and_leaks(stems: Path) -> None:
    result = data("split", stems, "--fractions", 0.5, 0.25, 0.25, "--stratify", "--by-group", "--seed", 7)
    assert result.exit_code == 0, result.output
    assert "no group crosses splits" in result.output
    assert "train 50.0%" in result.output
    assert (stems.parent / "own.split.parquet").exists()
    assert isinstance(data("split", stems).exception, UsageError)
    two = data("split", stems, "--fractions", 0.75, 0, 0.25, "--json", "--force")
    assert json.loads(two.output)["names"] == ["train", "test"]
    published = data("split", stems, "--protocol", "published", "-o", stems.parent / "p.parquet")
    assert published.exit_code == 0, published.output
    assert "no protocol" in str(data("split", stems, "--protocol", "mine", "--force").exception)
    assert "no official split" in str(data("split", stems, "--official", "--force").exception)


def test_an_official_split_is_measured(irmas: Path) -> None:
    result = data("split", irmas, "--official", "-o", irmas.parent / "o.parquet")
    assert "no group crosses splits" in result.output


def test_merge_projects_first(irmas: Path, stems: Path) -> None:
    out = irmas.parent / "both.parquet"
    assert "17 clips in the words of irmas" in data("merge", stems, irmas, "-o", out).output
    assert data("merge", stems, irmas, "-o", out, "--vocabulary", "instrunet", "--force").exit_code == 0
    checked = data("check", out, "--workers", 1).output
    assert "no such file" not in checked
    assert "       3  too short" in checked  # the training clips of the fixture are no 3 s


def test_check_names_what_is_wrong_and_resumes(stems: Path) -> None:
    assert data("check", stems).exit_code == 0
    again = data("check", stems, "--workers", 1)
    assert "12 known from before" in again.output
    (stems.parent / "own/piano/0.wav").unlink()
    wrong = data("check", stems, "--report", stems.parent / "report.json", "--fresh")
    assert "piano/0.wav: no such file" in wrong.output
    assert isinstance(wrong.exception, InstrunetError)
    assert json.loads((stems.parent / "report.json").read_text())["counts"]["missing"] == 1
    assert isinstance(data("check", stems, "--report", stems.parent / "report.json").exception, UsageError)


def test_audio_that_moved_is_found_with_root(stems: Path) -> None:
    (stems.parent / "own").rename(stems.parent / "moved")
    assert data("check", stems).exit_code != 0
    assert data("check", stems, "--root", stems.parent / "moved").exit_code == 0


def test_download_shows_before_it_fetches(tmp_path: Path) -> None:
    shown = data("download", "nsynth", tmp_path, "--dry-run", "--part", "test").output
    assert "nsynth-test.jsonwav.tar.gz (MD5 not published)" in shown
    assert "CC BY 4.0" in shown
    assert list(tmp_path.iterdir()) == []
    assert "on request" in str(data("download", "medleydb", tmp_path).exception)
