"""The command line as a user meets it: output, exit codes, one line for what is wrong, never a traceback."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytest.importorskip("onnx")

from instrunet.apps import cli
from instrunet.audio import write
from instrunet.tagging import Failure, Tagger
from tests.nobody import folder_of_nobody
from tests.synth import tone
from tests.tiny_tagger import TONES_HZ, save_tiny


@dataclass
class Outcome:
    code: int
    out: str
    err: str


Run = Callable[..., Outcome]


@pytest.fixture
def run(monkeypatch, capsys, tmp_path) -> Run:
    """Run a command line in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")

    def go(*args: str | Path) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["instrunet", *map(str, args)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return Outcome(int(stop.value.code or 0), said.out, said.err)

    return go


@pytest.fixture(scope="module")
def songs(tmp_path_factory) -> Path:
    """A model and a folder with two songs and two files that are none."""
    folder = tmp_path_factory.mktemp("work")
    save_tiny(folder / "tiny")
    flute, violin = (tone(hz, 1.5, sample_rate_hz=8_000, level=0.3) for hz in TONES_HZ[:2])
    (folder / "songs" / "more").mkdir(parents=True)
    write(folder / "songs" / "flöte 🎶.wav", flute, 8_000)
    write(folder / "songs" / "more" / "violin.wav", violin, 8_000)
    (folder / "songs" / "poem.mp3").write_text("roses are red")
    (folder / "songs" / "empty.flac").write_bytes(b"")
    return folder


def test_a_file_gives_a_table(run, songs):
    outcome = run("tag", songs / "songs" / "flöte 🎶.wav", "--model", songs / "tiny")
    assert outcome.code == 0
    assert "flute" in outcome.out
    assert "throughout" in outcome.out
    assert outcome.err == ""


def test_a_folder_gives_a_csv_here_and_says_so(run, songs, tmp_path):
    outcome = run("tag", songs / "songs", "--model", songs / "tiny")
    assert outcome.code == 1
    assert "wrote instrunet_multilabel_test_predictions.csv" in outcome.err
    assert [line for line in outcome.err.splitlines() if "poem.mp3" in line and "not audio" in line]
    assert [line for line in outcome.err.splitlines() if "empty.flac" in line and "empty" in line]
    rows = (tmp_path / "instrunet_multilabel_test_predictions.csv").read_text(encoding="utf-8").splitlines()
    assert [row.split(",")[:2] for row in rows[1:]] == [["flöte 🎶.wav", "flute"], ["more/violin.wav", "violin"]]


def test_patterns_jobs_and_quiet(run, songs):
    pattern = songs / "songs" / "**" / "*.wav"
    outcome = run("tag", pattern, "--model", songs / "tiny", "-f", "jsonl", "--jobs", "1", "--quiet")
    assert [json.loads(line)["detected"] for line in outcome.out.splitlines()] == [["flute"], ["violin"]]
    assert outcome.code == 0


def test_standard_input(run, songs, monkeypatch):
    data = (songs / "songs" / "more" / "violin.wav").read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    outcome = run("tag", "-", "--model", songs / "tiny", "--format", "json")
    (tags,) = json.loads(outcome.out)
    assert (tags["path"], tags["detected"]) == ("stdin", ["violin"])


def test_vocabulary_threshold_top_start_duration(run, songs):
    file = songs / "songs" / "more" / "violin.wav"
    options = ["--vocabulary", "openmic", "--threshold", "0.2", "--top", "2", "--start", "0.5", "--duration", "0.5"]
    (tags,) = json.loads(run("tag", file, "--model", songs / "tiny", *options, "-f", "json").out)
    assert tags["duration_s"] == 0.5
    assert tags["start_s"] == 0.5
    assert tags["vocabulary"] == "openmic"
    assert [one["threshold"] for one in tags["instruments"]] == [0.2, 0.2]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "Missing argument"),
        (["a.wav", "--bogus"], "No such option"),
        (["a.wav", "--vocabulary", "klingon"], "klingon"),
        (["a.wav", "--threshold", "often"], "neither a number"),
        (["a.wav", "--format", "xml"], "no format is called"),
        (["a.wav", "--out", "a.doc"], "does not say which format"),
        (["a.wav", "--jobs", "0"], "--jobs"),
        (["a.wav", "--start", "-1"], "--start"),
    ],
)
def test_wrong_use_is_exit_code_2(run, songs, arguments, complaint):
    model = ["--model", str(songs / "tiny")] if arguments else []
    outcome = run("tag", *arguments, *model)
    assert outcome.code == 2
    assert complaint in outcome.err


def test_files_that_cannot_be_are_one_line_each(run, songs, tmp_path):
    (tmp_path / "nothing here").mkdir()
    names = ["missing.wav", "nothing here", "../" + tmp_path.name + "/gone.wav"]
    outcome = run("tag", *names, "--model", songs / "tiny")
    assert outcome.code == 1
    assert len(outcome.err.splitlines()) == len(names)
    told = outcome.err.splitlines()  # a folder run tells them as they come
    assert all(sum(name.rsplit("/", 1)[-1] in line for line in told) == 1 for name in names)
    assert not list(tmp_path.glob("*.csv"))


def test_odd_files_have_an_answer(run, songs, tmp_path, rng):
    x = 0.1 * rng.standard_normal((8_000, 1))
    soundfile.write(tmp_path / "8 bit.wav", x, 8_000, subtype="PCM_U8")
    soundfile.write(tmp_path / "24 bit.wav", x, 8_000, subtype="PCM_24")
    soundfile.write(tmp_path / "32 channels.wav", np.repeat(x, 32, axis=1), 8_000)
    soundfile.write(tmp_path / "high.wav", x, 768_000)
    soundfile.write(tmp_path / "one sample.wav", x[:1], 8_000)
    soundfile.write(tmp_path / "10 ms.wav", x[:80], 8_000)
    soundfile.write(tmp_path / "silence.wav", np.zeros(8_000), 8_000)
    holes = x.copy()
    holes[::100] = np.nan
    holes[1::100] = np.inf
    soundfile.write(tmp_path / "holes.wav", holes, 8_000, subtype="FLOAT")
    soundfile.write(tmp_path / "1 Hz.wav", x[:5], 1)
    soundfile.write(tmp_path / "none.wav", x[:0], 8_000)
    whole = io.BytesIO()
    soundfile.write(whole, np.repeat(x, 8, axis=0), 8_000, format="FLAC")
    (tmp_path / "cut.flac").write_bytes(whole.getvalue()[: len(whole.getvalue()) // 2])
    outcome = run("tag", tmp_path, "--model", songs / "tiny", "-f", "jsonl")
    answered = {json.loads(line)["path"] for line in outcome.out.splitlines()}
    files = {path.name for path in tmp_path.iterdir()}
    refused = {name for name in files if name in outcome.err}
    assert answered | refused == files
    assert answered.isdisjoint(refused)
    assert "none.wav" in refused
    assert {"8 bit.wav", "32 channels.wav", "high.wav", "one sample.wav", "silence.wav", "holes.wav"} <= answered
    assert outcome.code == 1


def test_a_file_without_permission(songs):
    tagger = Tagger(songs / "tiny")
    with folder_of_nobody() as folder:
        (folder / "mine.wav").write_bytes(b"RIFF")
        (folder / "mine.wav").chmod(0)
        result = next(tagger.tag_files([folder / "mine.wav"]))
    assert isinstance(result, Failure)
    assert "mine.wav: may not be read; change its permissions" in result.message


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_a_sentence(songs):
    command = [sys.executable, "-m", "instrunet", "tag", str(songs / "songs" / "more" / "violin.wav")]
    source = str(Path(cli.__file__).parents[2])
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*command, "--model", str(songs / "tiny")],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": source},
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.strip() == "instrunet: standard output: cannot be written: No space left on device"


def test_models_labels_doctor(run, songs):
    assert "tiny: intact" in run("models", "verify", songs / "tiny").out
    assert "model.onnx" in run("models", "show", songs / "tiny").out
    assert run("models", "list").code == 0
    broken = run("models", "verify", songs / "songs")
    assert broken.code == 1
    assert "bundle.json is missing" in broken.err
    assert "openmic" in run("labels").out
    assert "electric_bass, double_bass" in run("labels", "openmic").out
    assert "cello" in run("labels", "--source", "irmas", "--word", "cel").out
    assert run("labels", "--word", "cel").code == 2
    told = run("doctor").out
    assert "libsndfile" in told
    assert "CPUExecutionProvider" in told
