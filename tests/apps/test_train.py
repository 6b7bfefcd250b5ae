"""``train``, ``evaluate``, ``compare`` and ``export`` as a user meets them: mistakes first, then one whole way."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from instrunet.apps.cli import app
from instrunet.errors import InstrunetError, UsageError

pytest.importorskip("torch")
pytest.importorskip("lightning_fabric")

RECIPES = Path(__file__).resolve().parents[2] / "recipes"
SINGLE = str(RECIPES / "irmas_single_label.toml")


def refused(*arguments: str) -> InstrunetError:
    result = CliRunner().invoke(app, list(arguments))
    assert isinstance(result.exception, InstrunetError), result.output
    return result.exception


@pytest.mark.parametrize(
    ("arguments", "sentence", "usage"),
    [
        (("train", "none.toml"), "none.toml: no such recipe", True),
        (("train", SINGLE, "--set", "optimizer.learning_rate=1"), "optimizer.learning_rate is no setting", True),
        (("train", SINGLE), "needs irmas: say --data irmas=FOLDER, or try --miniature", False),
        (("train", SINGLE, "--data", "irmas"), "--data irmas: write it as NAME=PATH", True),
        (("train", SINGLE, "--data", "irmas=nowhere"), "irmas: nowhere does not exist", False),
        (("export", "nowhere"), "nowhere: neither a run folder nor the bundle inside one", True),
        (("evaluate", "default", "none.parquet"), "none.parquet: no such file", False),
    ],
)
def test_mistakes(
    arguments: tuple[str, ...], sentence: str, usage: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    error = refused(*arguments)
    assert sentence in str(error)
    assert isinstance(error, UsageError) == usage
    assert not (tmp_path / "runs").exists()


def test_ctrl_c_before_the_first_step_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from instrunet.training import course

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(course, "train", interrupted)
    error = refused("train", SINGLE, "--data", f"irmas={tmp_path}", "-o", str(tmp_path / "run"))
    assert "stopped outside the training steps; --resume goes on" in str(error)


@pytest.mark.slow
def test_from_a_recipe_to_a_comparison(tmp_path: Path) -> None:
    def call(*arguments: str) -> str:
        result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.output

    for name, epochs in (("one", 1), ("two", 2)):
        out = str(tmp_path / name)
        call("train", SINGLE, "--miniature", "--set", f"training.epochs={epochs}", "-o", out, "--threads", "1")
    assert "holds a run already" in str(refused("train", SINGLE, "--miniature", "-o", str(tmp_path / "one")))
    said = call("train", SINGLE, "--miniature", "--set", "training.epochs=2", "-o", str(tmp_path / "two"), "--resume")
    assert "index.html" in said
    folder = next((tmp_path / ".cache" / "miniatures").iterdir())
    manifest = str(tmp_path / "irmas.parquet")
    call("data", "index", "irmas", str(folder), "-o", manifest)
    one, two = (str(tmp_path / name / "bundle") for name in ("one", "two"))
    assert "9 clips" in call("evaluate", one, manifest, "-o", str(tmp_path / "report"))
    assert (tmp_path / "report" / "index.html").is_file()
    call("compare", one, two, manifest, "-o", str(tmp_path / "compare"))
    assert (tmp_path / "compare" / "index.html").is_file()
    call("export", one, "--onnx", "-o", str(tmp_path / "small.zip"))
    assert (tmp_path / "small.onnx").stat().st_size > 10_000


def test_audio_without_labels_gets_a_page_of_predictions(tmp_path: Path) -> None:
    from instrunet import audio
    from tests.synth import tone
    from tests.tiny_tagger import LABELS, TONES_HZ, save_tiny

    model = str(save_tiny(tmp_path / "tiny").path)
    (tmp_path / "songs").mkdir()
    for i, hz in enumerate(TONES_HZ):
        audio.write(tmp_path / "songs" / f"{i}.wav", 0.5 * tone(hz, 2.0, sample_rate_hz=8_000), 8_000)
    out = tmp_path / "page"
    said = CliRunner().invoke(app, ["evaluate", model, str(tmp_path / "songs"), "-o", str(out)], catch_exceptions=False)
    assert "3 files without truth, found most often:" in said.output
    assert all(f"{label} 1" in said.output for label in LABELS)
    assert "predictions, not results" in (out / "index.html").read_text(encoding="utf-8")
    assert len((out / "predictions.csv").read_text(encoding="utf-8").splitlines()) == 4
    one = ["evaluate", model, str(tmp_path / "songs" / "0.wav"), "-o", str(out), "--threshold", "0.2"]
    assert "recording.png" in CliRunner().invoke(app, one, catch_exceptions=False).output
    assert (out / "recording.png").stat().st_size > 10_000
    (tmp_path / "nothing").mkdir()
    assert "none could be read; the first:" in str(refused("evaluate", model, str(tmp_path / "nothing")))
