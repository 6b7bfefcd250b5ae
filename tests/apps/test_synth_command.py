from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from instrunet import audio
from instrunet.apps.cli import app
from instrunet.errors import InstrunetError, UsageError
from instrunet.synthesis.bank import NoteRow, write_bank
from instrunet.synthesis.note_pools import NSYNTH_FAMILIES
from tests.synth import tone


def _run(*words: object) -> str:
    done = CliRunner().invoke(app, ["synth", *map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.fixture
def nsynth(tmp_path: Path) -> Path:
    folder = tmp_path / "nsynth-train"
    examples = {}
    for family in NSYNTH_FAMILIES[:-1]:
        audio.write(folder / "audio" / f"{family}.wav", tone(300, 0.1, sample_rate_hz=16_000), 16_000)
        examples[family] = {"instrument_family_str": family}
    (folder / "examples.json").write_text(json.dumps(examples))
    return folder


def test_note_mixtures_from_the_command_line(nsynth: Path, tmp_path: Path) -> None:
    said = _run("notes", "--bank", nsynth, "--per-level", 2, "--levels", "0-2", "-o", tmp_path / "out", "--workers", 1)
    assert "the bank has no vocal" in said
    assert "6 clips" in said
    assert len(list((tmp_path / "out" / "audio").iterdir())) == 6
    assert (tmp_path / "out" / "manifest.parquet").is_file()


def test_a_polyphony_that_the_bank_cannot_give_is_refused(nsynth: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="vocal"):
        _run("notes", "--bank", nsynth, "--levels", "11", "-o", tmp_path / "out")


def test_tracks_and_their_check_from_the_command_line(tmp_path: Path) -> None:
    rows = [
        (NoteRow(name, "a", "p", "", 60.0, 0.8, 0, 0, True, "CC0"), tone(262, 0.5, partials=4))
        for name in ("flute", "organ")
    ]
    bank = write_bank(tmp_path / "bank", rows)
    words = ["tracks", "--bank", bank, "--soundfont", tmp_path / "gone.sf2", "-n", 2, "--length", 2, "--rate", 16000]
    said = _run(*words, "-o", tmp_path / "out", "--workers", 1)
    assert "fluid-soundfont-gm" in said
    assert "2 tracks" in said
    told = _run("check", tmp_path / "out")
    assert "fewer than two independent sources: voice, piano" in told
    assert "stems sound in" in told
    with pytest.raises(InstrunetError, match="other settings"):
        _run(*words, "-o", tmp_path / "out", "--seed", 9)


def _recipe(tmp_path: Path, **more: object) -> Path:
    rows = {"samples": "", "voices": "", "rooms": "", "modelled": 1, "shards": 1, "rounds": 0, "sung": 0, "noises": 1}
    lines = [f"{key} = {json.dumps(value)}" for key, value in (rows | more).items()]
    (tmp_path / "recipe.toml").write_text("\n".join(lines))
    return tmp_path / "recipe.toml"


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    """A corpus whose bank is there already."""
    note = (NoteRow("flute", "a", "p", "", 60.0, 0.8, 0, 0, True, "CC0"), tone(262, 0.5, partials=4))
    write_bank(tmp_path / "out" / "banks" / "model0", [note])
    return tmp_path / "out"


def test_a_corpus_from_the_command_line(ready: Path, tmp_path: Path) -> None:
    said = _run("corpus", _recipe(tmp_path, soundfonts=[str(tmp_path / "gone.sf2")]), "-o", ready, "--workers", 1)
    assert "fluid-soundfont-gm" in said
    assert "1 shards of stems" in said
    told = _run("check", ready)
    assert "fewer than two independent sources" in told
    with pytest.raises(UsageError, match="--page"):
        _run("check", ready, "--page", tmp_path / "page.html")


def test_a_corpus_goes_on_without_fluidsynth(ready: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    (tmp_path / "font.sf2").write_bytes(b"")
    said = _run("corpus", _recipe(tmp_path, soundfonts=[str(tmp_path / "font.sf2")]), "-o", ready, "--workers", 1)
    assert "'fluidsynth'; going on without sound-fonts" in said
    assert "1 shards" in said


@pytest.mark.slow
def test_notes_are_the_same_after_a_kill_and_with_two_workers(nsynth: Path, tmp_path: Path) -> None:
    words = ["notes", "--bank", nsynth, "--per-level", 150, "--levels", "1-2", "--duration", 10]
    out = tmp_path / "out"  # the manifest knows where it lies, so both are made in one place
    _run(*words, "-o", out, "--workers", 1)
    whole = out.rename(tmp_path / "whole")
    command = [sys.executable, "-m", "instrunet", "synth", *map(str, words), "-o", str(out), "--workers", "1"]
    killed = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while killed.poll() is None and not ((out / "audio").is_dir() and len(list((out / "audio").iterdir())) > 5):
        time.sleep(0.005)
    killed.kill()
    assert killed.wait() == -signal.SIGKILL
    assert 5 < len(list((out / "audio").iterdir())) < 300
    (out / "audio" / ".part-left.wav").write_bytes(b"half")
    assert "half-written" in _run(*words, "-o", out, "--workers", 2)
    made = sorted(path.relative_to(whole) for path in whole.rglob("*") if path.is_file())
    assert made == sorted(path.relative_to(out) for path in out.rglob("*") if path.is_file())
    assert [path for path in made if (whole / path).read_bytes() != (out / path).read_bytes()] == []
