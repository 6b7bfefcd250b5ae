"""Live listening: the same answer as of the file, soon, and no more often than asked for."""

from __future__ import annotations

import importlib
import io
import json
import sys
from itertools import pairwise

import numpy as np
import pytest
from rich.console import Console

pytest.importorskip("onnx")

from instrunet.apps import cli
from instrunet.apps.live import session as live_session
from instrunet.apps.live import sources
from instrunet.apps.live.bars import Bars
from instrunet.apps.live.session import LiveSession, Moment, live_bundle
from instrunet.audio import write
from instrunet.errors import InstrunetError, UsageError
from instrunet.tagging import Tagger
from tests.synth import tone
from tests.tiny_tagger import TONES_HZ, save_tiny

RATE_HZ = 8_000


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return save_tiny(tmp_path_factory.mktemp("live") / "tiny")


@pytest.fixture
def melody():
    return np.concatenate([tone(hz, 1.5, sample_rate_hz=RATE_HZ, level=0.3) for hz in TONES_HZ[:2]])


def test_moments_follow_the_music_and_the_end_is_that_of_the_whole(bundle, melody):
    tagger = Tagger(live_bundle(bundle, window_s=None, hop_s=0.25), threads=1)
    session = LiveSession(tagger, sample_rate_hz=RATE_HZ)
    moments = list(session.moments(np.array_split(melody, 37)))
    assert [m.at_s for m in moments] == pytest.approx(np.arange(1.0, 3.01, 0.25))
    best = [session.labels[int(m.values.argmax())] for m in moments]
    assert (best[0], best[-1]) == ("flute", "violin")
    whole = tagger.tag_array(melody, sample_rate_hz=RATE_HZ)
    for one, other in zip(session.finish().instruments, whole.instruments, strict=True):
        assert one.confidence == pytest.approx(other.confidence, abs=1e-4)
    assert all(m.lag_s < 0.7 for m in moments)
    assert 0 < session.load


def test_a_listener_that_falls_behind_says_so(bundle, melody, monkeypatch):
    clock = iter(np.arange(0.0, 1_000.0, 2.0))  # every look at the clock, two seconds have gone
    monkeypatch.setattr(live_session.time, "perf_counter", lambda: next(clock))
    session = LiveSession(Tagger(live_bundle(bundle, window_s=None), threads=1), sample_rate_hz=RATE_HZ)
    lags = [m.lag_s for m in session.moments(np.array_split(melody, 6))]
    assert len(lags) == 5
    assert all(b > a + 1 for a, b in pairwise(lags))
    assert session.lags_s == lags


def test_a_window_that_the_model_does_not_take(bundle):
    with pytest.raises(UsageError, match="hears"):
        live_bundle(bundle, window_s=99.0)
    with pytest.raises(UsageError, match="every"):
        live_bundle(bundle, window_s=None, hop_s=7.0)


def test_a_file_is_played_in_real_time(tmp_path, melody):
    write(tmp_path / "a.wav", melody, RATE_HZ)
    clock = [100.0]
    naps: list[float] = []

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        clock[0] += seconds

    path = tmp_path / "a.wav"
    blocks = list(sources.from_file(path, sample_rate_hz=RATE_HZ, sleep=sleep, now=lambda: clock[0]))
    assert sum(naps) == pytest.approx(3.0)
    assert sum(map(len, blocks)) == len(melody)


def test_bars_rise_at_once_and_fall_slowly():
    bars = Bars(("flute", "french_horn"), np.array([0.5, 0.5]), n_rows=2)
    bars.take(Moment(1.0, np.array([0.9, 0.1], np.float32), 0.1))
    assert bars.rows == ["flute", "french_horn"]
    bars.take(Moment(1.5, np.array([0.0, 0.3], np.float32), 0.1))
    assert 0.3 < bars.levels[0] < 0.9
    out = io.StringIO()
    Console(file=out, width=80).print(bars.draw(Moment(1.5, np.zeros(2, np.float32), 0.25)))
    assert "french horn" in out.getvalue()
    assert "answered after 0.25 s" in out.getvalue()


def test_the_command_writes_a_timeline(bundle, melody, tmp_path, monkeypatch, capsys):
    write(tmp_path / "a.wav", melody[: RATE_HZ * 2], RATE_HZ)
    monkeypatch.setattr(sources.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(sources.from_file, "__kwdefaults__", {"sleep": lambda s: None, "now": sources.time.monotonic})
    out = tmp_path / "a.json"
    command = ["listen", "--simulate", str(tmp_path / "a.wav"), "--model", str(bundle.path), "--out", str(out)]
    monkeypatch.setattr(sys, "argv", ["instrunet", *command])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 0
    (tags,) = json.loads(out.read_text())
    assert "flute" in tags["detected"]
    said = capsys.readouterr().err
    assert "of one core" in said
    assert "answers were there" in said
    assert "one every 0.5 s" in said


def test_a_device_that_is_not_there_is_a_sentence():
    try:
        importlib.import_module("sounddevice")
    except (ImportError, OSError) as error:
        pytest.skip(f"sounddevice cannot be used here: {error}")
    with pytest.raises(InstrunetError, match="cannot be opened"):
        sources.from_device("no such microphone")
