from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from instrunet.audio import load, write
from instrunet.errors import InstrunetError, MissingExtraError, UsageError
from instrunet.transcription.casting import named_instruments
from instrunet.transcription.drums import KEYS, DrumConfig, find_onsets, transcribe_drums
from instrunet.transcription.notes import Note, Part
from instrunet.transcription.pipeline import ScoreMaker, ScoreRequest
from instrunet.transcription.workspace import Workspace
from tests.synth import noise, plucked, silence, tone


def test_a_stage_is_done_again_only_when_something_changed(tmp_path: Path) -> None:
    space, calls = Workspace(tmp_path), []

    def work() -> tuple[list[Path], dict[str, Any]]:
        calls.append(1)
        (tmp_path / "out.txt").write_text(str(len(calls)))
        return [tmp_path / "out.txt"], {"n": len(calls)}

    space.stage("a", {"x": 1}, work)
    Workspace(tmp_path).stage("a", {"x": 1}, work)
    assert len(calls) == 1
    Workspace(tmp_path).stage("a", {"x": 2}, work)
    assert len(calls) == 2
    (tmp_path / "out.txt").write_text("spoilt")
    assert Workspace(tmp_path).stage("a", {"x": 2}, work).facts["n"] == 3


def test_a_failing_stage_leaves_the_earlier_ones(tmp_path: Path) -> None:
    space = Workspace(tmp_path)
    space.stage("first", {}, lambda: ([], {"ok": True}))
    with pytest.raises(InstrunetError):
        space.stage("second", {}, lambda: (_ for _ in ()).throw(InstrunetError("no")))
    assert Workspace(tmp_path).receipt("first") is not None
    assert Workspace(tmp_path).receipt("second") is None


def test_separation_sums_to_the_mix_and_resumes(tmp_path: Path, rng: np.random.Generator) -> None:
    low = tone(98.0, 1.5, sample_rate_hz=44_100, partials=8, level=0.3)
    high = tone(1046.5, 1.5, sample_rate_hz=44_100, partials=2, level=0.2)
    write(tmp_path / "song.wav", low + high, 44_100)
    seen: list[tuple[str, str]] = []
    request = ScoreRequest(instruments=("double_bass", "flute"))
    maker = ScoreMaker(tmp_path / "song.wav", tmp_path / "out", request, notify=lambda *x: seen.append(x))
    maker.separate()
    stems = [load(p).samples for p in sorted((tmp_path / "out" / "stems").glob("*.flac"))]
    assert len(stems) == 3
    assert np.abs(np.sum(stems, axis=0) - load(tmp_path / "song.wav").samples).max() < 1e-4
    again: list[tuple[str, str]] = []
    ScoreMaker(tmp_path / "song.wav", tmp_path / "out", request, notify=lambda *x: again.append(x)).separate()
    assert again == [("recognise", "unchanged"), ("separate", "unchanged")]


def test_instruments_in_everyday_words() -> None:
    assert named_instruments("piano,violin") == ("piano", "violin")
    with pytest.raises(UsageError, match="kazoo"):
        named_instruments("piano,kazoo")
    with pytest.raises(UsageError, match="no instrument"):
        named_instruments(" , ")


def test_drum_onsets_are_where_the_hits_are(rng: np.random.Generator) -> None:
    rate = 32_000
    beats = [0.3, 0.8, 1.05, 1.6]
    mix = noise(2.2, rng, sample_rate_hz=rate, level=0.0005)
    for beat in beats:
        fade = np.exp(-np.arange(round(0.3 * rate)) / (0.03 * rate)).astype(np.float32)
        hit = plucked(150.0, 0.3, sample_rate_hz=rate, decay_s=0.05)
        hit = hit + 0.3 * noise(0.3, rng, sample_rate_hz=rate) * fade
        start = round(beat * rate)
        mix[start : start + len(hit)] += hit
    onsets, levels = find_onsets(mix, rate, DrumConfig())
    assert len(onsets) == len(beats)
    assert np.abs(np.array(onsets) / rate - beats).max() < 0.02
    assert min(levels) > 0.5


def test_silence_has_no_drums() -> None:
    assert find_onsets(silence(1.0), 32_000, DrumConfig()) == ([], [])


def test_a_kick_is_a_kick_and_a_hat_is_a_hat(rng: np.random.Generator) -> None:
    rate = 32_000
    t = np.arange(round(0.35 * rate)) / rate
    kick = (np.sin(2 * np.pi * (45 * t + 3 * (1 - np.exp(-30 * t)))) * np.exp(-t / 0.09)).astype(np.float32)
    hiss = rng.standard_normal(len(t)).astype(np.float32)
    hat = np.diff(np.diff(hiss, prepend=0.0), prepend=0.0) * np.exp(-t / 0.02).astype(np.float32) * 0.15
    mix = np.zeros(3 * rate, np.float32)
    for beat in range(5):
        hit = kick if beat % 2 == 0 else hat
        start = round((0.2 + 0.5 * beat) * rate)
        mix[start : start + len(hit)] += hit.astype(np.float32)
    notes = transcribe_drums(mix, rate)
    kicks = [n.onset_s for n in notes if n.pitch == KEYS["kick"]]
    hats = [n.onset_s for n in notes if n.pitch in (KEYS["hihat_closed"], KEYS["hihat_open"])]
    assert len(kicks) <= 4
    assert len(hats) <= 3
    for found, truth in ((kicks, [0.2, 1.2, 2.2]), (hats, [0.7, 1.7])):
        assert all(min(abs(onset - t) for onset in found) < 0.02 for t in truth)


def test_what_is_doubtful_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = np.cumsum(np.random.default_rng(0).uniform(0.05, 0.32, 60))
    notes = tuple(Note(float(t), float(t) + 0.02, 60 + k % 5) for k, t in enumerate(free))
    monkeypatch.setattr("instrunet.transcription.pipeline.write_down", lambda *_, **__: (Part("voice", notes),))
    write(tmp_path / "free.wav", tone(220.0, 12.0, sample_rate_hz=44_100), 44_100)
    maker = ScoreMaker(tmp_path / "free.wav", tmp_path / "out", ScoreRequest(instruments=("voice",)))
    maker.transcribe()
    assert maker.remarks == [
        "voice: sounds for 12 s, but steady notes cover only 1 s of it: speech, noise or very free playing?"
    ]
    pytest.importorskip("music21")
    maker.notate()
    assert any("bars" in remark for remark in maker.remarks)
    again = ScoreMaker(tmp_path / "free.wav", tmp_path / "out", ScoreRequest(instruments=("voice",)))
    again.notate()
    assert again.remarks == maker.remarks


@pytest.mark.parametrize(
    ("module", "stage", "kept"),
    [("pretty_midi", "transcribe", "stems/flute.flac"), ("music21", "notate", "midi/all.mid"),
     ("verovio", "engrave", "score.musicxml"), ("cairosvg", "engrave", "score.musicxml")],
)  # fmt: skip
def test_a_missing_extra_is_named_and_earlier_results_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, stage: str, kept: str
) -> None:
    pytest.importorskip(module)
    pytest.importorskip("music21")
    tune = (Part("flute", tuple(Note(0.5 * k, 0.5 * k + 0.4, 72 + k) for k in range(8))),)
    monkeypatch.setattr("instrunet.transcription.pipeline.write_down", lambda *_, **__: tune)
    write(tmp_path / "tune.wav", tone(523.0, 4.5, sample_rate_hz=44_100), 44_100)
    monkeypatch.setitem(sys.modules, module, None)
    maker = ScoreMaker(tmp_path / "tune.wav", tmp_path / "out", ScoreRequest(instruments=("flute",)))
    with pytest.raises(MissingExtraError, match=r'pip install "instrunet\[transcribe\]"'):
        maker.page()
    assert maker.space.receipt(stage) is None
    assert (tmp_path / "out" / kept).is_file()
    monkeypatch.undo()


def test_what_an_earlier_run_left_goes_when_a_later_one_does_not_write_it(tmp_path: Path) -> None:
    def work(name: str) -> tuple[list[Path], dict[str, Any]]:
        (tmp_path / name).write_text(name)
        return [tmp_path / name], {}

    Workspace(tmp_path).stage("a", {"x": 1}, lambda: work("old.mid"))
    Workspace(tmp_path).stage("a", {"x": 2}, lambda: work("new.mid"))
    assert sorted(p.name for p in tmp_path.glob("*.mid")) == ["new.mid"]
