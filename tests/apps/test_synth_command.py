from __future__ import annotations

import json
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
