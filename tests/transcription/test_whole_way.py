"""The whole way with the real note network (fetched before) and a real notation program, where they are there."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from instrunet.audio import write
from instrunet.transcription import basic_pitch
from instrunet.transcription.pipeline import ScoreMaker, ScoreRequest
from tests.synth import plucked

pytest.importorskip("music21")
pytest.importorskip("verovio")

RATE_HZ = 44_100
TUNE = (60, 62, 64, 65, 67, 65, 64, 62, 60, 64, 67, 72, 67, 64, 60, 60)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen plucked quarter notes at 120 beats a minute over four bass notes."""
    if not basic_pitch.model_path().is_file():
        pytest.skip("the note network has not been fetched (instrunet models fetch basic-pitch)")
    x = np.zeros(round(9.0 * RATE_HZ), np.float32)
    notes = [(0.5 + 0.5 * k, pitch, 0.45) for k, pitch in enumerate(TUNE)]
    notes += [(0.5 + 2.0 * k, pitch, 1.8) for k, pitch in enumerate((36, 43, 36, 36))]
    for onset_s, pitch, duration_s in notes:
        hz = 440 * 2 ** ((pitch - 69) / 12)
        wave = 0.5 * plucked(hz, duration_s, sample_rate_hz=RATE_HZ, decay_s=0.5)
        start = round(onset_s * RATE_HZ)
        x[start : start + len(wave)] += wave
    path = tmp_path_factory.mktemp("song") / "a tune.wav"
    write(path, x / np.abs(x).max() * 0.8, RATE_HZ)
    return path


@pytest.mark.slow
def test_a_tune_comes_back_as_a_score(recording: Path, tmp_path: Path) -> None:
    maker = ScoreMaker(recording, tmp_path / "score", ScoreRequest(instruments=("piano",)))
    maker.page()
    (part,) = maker.parts
    heard = [(round(n.onset_s, 2), n.pitch) for n in part.notes]
    found = sum(any(abs(t - (0.5 + 0.5 * k)) < 0.05 and p == pitch for t, p in heard) for k, pitch in enumerate(TUNE))
    assert found >= 15
    facts = maker.notate().facts
    assert min(abs(np.log2(facts["tempo_bpm"] / 120) - k) for k in (-1, 0, 1)) < 0.02
    assert facts["key"] == "C major"
    for name in ("score.pdf", "score.musicxml", "midi/all.mid", "midi/piano.mid", "stems/piano.flac", "index.html"):
        assert (tmp_path / "score" / name).stat().st_size > 100
    page = (tmp_path / "score" / "index.html").read_text(encoding="utf-8")
    assert "@@" not in page
    assert "http://" not in page.replace("http://www.w3.org", "")


@pytest.mark.slow
def test_musescore_opens_it(recording: Path, tmp_path: Path) -> None:
    program = shutil.which("mscore3") or shutil.which("musescore3")
    if program is None:
        pytest.skip("MuseScore 3 is not installed")
    maker = ScoreMaker(recording, tmp_path / "score", ScoreRequest(instruments=("piano",)))
    maker.notate()
    target = tmp_path / "by-musescore.pdf"
    command = [program, "-o", str(target), str(tmp_path / "score" / "score.musicxml")]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode()
    assert target.read_bytes().startswith(b"%PDF")
