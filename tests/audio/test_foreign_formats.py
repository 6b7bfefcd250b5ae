"""Containers go through a guarded child: the same sound, and no harm from bad ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from instrunet.audio import AudioError, containers, load, probe, stream
from instrunet.errors import MissingExtraError
from tests.synth import tone

av = pytest.importorskip("av")
RATE_HZ = 44_100
SECONDS = 0.5


def encode(path: Path, codec: str, x: np.ndarray) -> Path:
    """Write mono samples with PyAV."""
    with av.open(str(path), "w") as container:
        out = container.add_stream(codec, rate=48_000 if codec == "libopus" else RATE_HZ, layout="mono")
        out.bit_rate = 96_000
        resampler = av.AudioResampler(format=out.format.name, layout="mono", rate=out.rate, frame_size=out.frame_size)
        frame = av.AudioFrame.from_ndarray(x[None, :].astype(np.float32), format="fltp", layout="mono")
        frame.sample_rate = RATE_HZ
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(out.encode(piece))
        container.mux(out.encode(None))
    return path


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    return tone(440, SECONDS, sample_rate_hz=RATE_HZ)


@pytest.fixture(scope="module")
def m4a(tmp_path_factory: pytest.TempPathFactory, sound: np.ndarray) -> Path:
    return encode(tmp_path_factory.mktemp("foreign") / "a 🎻.m4a", "aac", sound)


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.m4a", "aac"), ("a.m4a", "alac"), ("a.webm", "libopus"), ("a.wma", "wmav2"), ("a.aac", "aac")],
)
def test_each_container_holds_the_tone(tmp_path: Path, sound: np.ndarray, name: str, codec: str) -> None:
    path = encode(tmp_path / name, codec, sound)
    audio = load(path, sample_rate_hz=RATE_HZ)
    assert audio.duration_s == pytest.approx(SECONDS, abs=0.06)
    middle = audio.samples[4096:12288]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * RATE_HZ / len(middle) == pytest.approx(440, abs=6)
    assert audio.remarks == ()


def test_a_wav_with_an_mp3_inside(tmp_path: Path, sound: np.ndarray) -> None:
    audio = load(encode(tmp_path / "a.wav", "libmp3lame", sound))
    assert audio.duration_s == pytest.approx(SECONDS, abs=0.08)


def test_a_name_in_any_bytes(m4a: Path, tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"-\xff\n.m4a" if sys.platform == "linux" else b"-n.m4a")
    odd.write_bytes(m4a.read_bytes())
    assert load(odd).duration_s == pytest.approx(SECONDS, abs=0.06)


def test_alac_is_lossless_and_an_excerpt_is_the_same_part(tmp_path: Path, sound: np.ndarray) -> None:
    path = encode(tmp_path / "a.m4a", "alac", sound)
    np.testing.assert_allclose(load(path).samples, sound, atol=1e-4)
    part = load(path, start_s=0.2, duration_s=0.1).samples
    np.testing.assert_allclose(part, sound[8820:13230], atol=1e-4)


def test_the_bytes_decide_not_the_name(m4a: Path, tmp_path: Path) -> None:
    renamed = tmp_path / "song.mp3"
    renamed.write_bytes(m4a.read_bytes())
    assert probe(renamed).format == "mov aac"
    assert probe(m4a).duration_s == pytest.approx(SECONDS, abs=0.06)


def test_streaming_can_be_left_early(m4a: Path) -> None:
    blocks = stream(m4a, sample_rate_hz=16_000, block_s=0.1)
    assert len(next(blocks)) == 1600
    blocks.close()


@pytest.mark.parametrize("keep", [40, 400])
def test_a_cut_off_container_is_one_error(m4a: Path, tmp_path: Path, keep: int) -> None:
    path = tmp_path / "cut.m4a"
    path.write_bytes(m4a.read_bytes()[:keep])
    with pytest.raises(AudioError, match=r"cut\.m4a: not audio that can be decoded .*; convert it"):
        load(path)


def test_a_child_that_dies_is_one_error(m4a: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text("import os; os.abort()")
    monkeypatch.setattr(containers, "WORKER", worker)
    with pytest.raises(AudioError, match="failed or took too long"):
        load(m4a)


def test_a_child_that_hangs_is_ended(m4a: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text("import time; time.sleep(60)")
    monkeypatch.setattr(containers, "WORKER", worker)
    monkeypatch.setattr(containers, "STALL_S", 0.1)
    with pytest.raises(AudioError, match="failed or took too long"):
        load(m4a)


def test_endless_sound_is_refused(m4a: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers, "LONGEST_S", 0.1)
    with pytest.raises(AudioError, match="goes on for more than"):
        load(m4a)


def test_a_playlist_leads_nowhere(tmp_path: Path) -> None:
    """A file that tells a demuxer to open others is no audio, whatever its suffix."""
    path = tmp_path / "list.m4a"
    path.write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/secret.aac\n")
    with pytest.raises(AudioError, match="not audio"):
        load(path)


@pytest.mark.skipif(sys.platform != "linux", reason="limits are POSIX's")
def test_the_child_may_not_write_files(tmp_path: Path) -> None:
    code = (
        f"import importlib.util as u; s = u.spec_from_file_location('w', {str(containers.WORKER)!r});"
        "m = u.module_from_spec(s); s.loader.exec_module(m); m._limit();"
        f"open({str(tmp_path / 'x')!r}, 'w').write('x' * 10)"
    )
    subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (tmp_path / "x").read_bytes() == b""


def test_without_pyav_the_extra_is_named(m4a: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(containers.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingExtraError, match=r"instrunet\[formats\]"):
        load(m4a)
