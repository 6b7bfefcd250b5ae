"""Whatever the file: an answer, or one sentence that names the file and the cure."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from instrunet.audio import AudioError, load, probe, stream, write
from tests.nobody import folder_of_nobody
from tests.synth import noise, tone


def save(path: Path, x: np.ndarray, rate: int = 8000, **how: str) -> Path:
    soundfile.write(os.fsencode(path), x.T, rate, **how)
    return path


def one_sentence(error: AudioError, name: str) -> None:
    text = str(error)
    assert text.startswith(name) or f"{os.sep}{name}" in text
    assert "\n" not in text
    assert ";" in text, "it names the cure"


@pytest.mark.parametrize("name", ["a.wav", "a.mp3", "a.flac", "a.ogg", "a.m4a", "a.opus", "a", "two words 🎻.mp3"])
@pytest.mark.parametrize("content", [b"", b"hello, this is no music\n" * 50, b"\xff", bytes(range(256)) * 20])
def test_what_is_no_audio(tmp_path: Path, name: str, content: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(AudioError) as caught:
        load(path)
    one_sentence(caught.value, name)
    assert capfd.readouterr().err == "", "decoders keep quiet"


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="no such file; check the name"):
        load(tmp_path / "missing.wav")
    with pytest.raises(AudioError, match="a folder without audio"):
        load(tmp_path)
    with pytest.raises(AudioError, match="cannot be opened"):
        load(tmp_path / ("x" * 5000))
    with pytest.raises(AudioError):
        load("nul\0byte.wav")


def test_what_may_not_be_read() -> None:
    with folder_of_nobody() as folder:
        path = save(folder / "a.wav", np.zeros(10))
        path.chmod(0)
        with pytest.raises(AudioError, match=r"a\.wav: may not be read; change its permissions"):
            load(path)
        (folder / "closed").mkdir(mode=0)
        with pytest.raises(AudioError, match=r"b\.wav: may not be read; change its permissions"):
            load(folder / "closed" / "b.wav")


def test_no_permission_is_told_even_to_the_superuser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError

    path = save(tmp_path / "a.wav", np.zeros(10))
    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(AudioError, match="may not be read; change its permissions"):
        load(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_is_refused_rather_than_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    with pytest.raises(AudioError, match="not a regular file"):
        load(tmp_path / "pipe.wav")


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW"])
def test_every_width(tmp_path: Path, subtype: str) -> None:
    x = tone(440, 0.1, sample_rate_hz=8000)
    audio = load(save(tmp_path / "a.wav", x, subtype=subtype))
    np.testing.assert_allclose(audio.samples, x, atol=0.02)
    assert audio.samples.dtype == np.float32


@pytest.mark.parametrize("rate", [1, 7, 100, 8000, 22_050, 192_000, 768_000])
def test_every_sample_rate(tmp_path: Path, rate: int) -> None:
    audio = load(save(tmp_path / "a.wav", 0.5 * np.ones(max(2, rate // 10)), rate), sample_rate_hz=32_000)
    assert audio.duration_s == pytest.approx(max(2, rate // 10) / rate, abs=1e-4)
    assert np.isfinite(audio.samples).all()


@pytest.mark.parametrize("n", [0, 1, 2, 80])
def test_almost_nothing(tmp_path: Path, n: int) -> None:
    path = save(tmp_path / "a.wav", np.full(n, 0.25))
    assert len(load(path, sample_rate_hz=32_000).samples) == 4 * n
    assert sum(map(len, stream(path, sample_rate_hz=32_000))) == 4 * n
    assert probe(path).duration_s == n / 8000


def test_silence_is_silence(tmp_path: Path) -> None:
    assert not load(save(tmp_path / "a.flac", np.zeros(8000)), sample_rate_hz=32_000).samples.any()


def test_32_channels(tmp_path: Path) -> None:
    path = save(tmp_path / "a.wav", np.tile(np.arange(32)[:, None] / 64, 100))
    np.testing.assert_allclose(load(path).samples, 31 / 128, atol=1e-3)
    assert load(path, mono=False, sample_rate_hz=16_000).samples.shape == (32, 200)


def test_samples_that_are_no_numbers_become_silence_and_are_told(tmp_path: Path) -> None:
    x = tone(440, 0.1, sample_rate_hz=8000)
    x[[3, 4, 5]] = np.nan, np.inf, -1e30
    path = save(tmp_path / "a.wav", x, subtype="FLOAT")
    audio = load(path)
    assert audio.remarks == ("3 samples that are not numbers (NaN or infinite) were silenced",)
    assert not audio.samples[3:6].any()
    assert np.isfinite(load(path, sample_rate_hz=32_000).samples).all()
    blocks = stream(path, sample_rate_hz=32_000)
    list(blocks)
    assert len(blocks.remarks) == 1


def test_mostly_no_numbers_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match=r"a\.wav: most of its samples are not numbers"):
        load(save(tmp_path / "a.wav", np.full(100, np.nan, np.float32), subtype="FLOAT"))


@pytest.mark.parametrize("name", ["a.wav", "a.aiff", "a.flac", "a.ogg", "a.mp3", "a.opus"])
def test_a_file_that_was_cut_off_says_so(tmp_path: Path, name: str) -> None:
    whole = tmp_path / name
    write(whole, noise(5.0, np.random.default_rng(0), sample_rate_hz=48_000), 48_000)
    assert load(whole).remarks == ()
    data = whole.read_bytes()
    whole.write_bytes(data[: len(data) // 2])
    audio = load(whole)
    assert 1.0 < audio.duration_s < 3.5
    assert len(audio.remarks) == 1
    assert audio.remarks[0].startswith("ends early")


@pytest.mark.parametrize("where", [0.1, 0.5, 0.7])
def test_damage_in_the_middle_is_stepped_over(tmp_path: Path, where: float) -> None:
    x = noise(4.0, np.random.default_rng(0), sample_rate_hz=16_000)
    path = save(tmp_path / "a.flac", x, 16_000)
    data = bytearray(path.read_bytes())
    for offset in (0, 100):
        data[int(len(data) * where) + offset] ^= 0x55
    path.write_bytes(data)
    audio = load(path)
    assert len(audio.samples) == len(x)
    assert audio.remarks[0].startswith("damaged in 1 places: ")
    same = np.abs(audio.samples - x) < 1e-4
    assert same.mean() > 0.7
    assert not audio.samples[~same].any(), "what is not right is silent"


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3", "a.opus"])
def test_cut_off_anywhere_it_is_an_answer_or_one_sentence(
    tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / name
    write(path, noise(0.5, np.random.default_rng(0), sample_rate_hz=48_000), 48_000)
    data = path.read_bytes()
    for keep in (1, 4, 12, 44, 60, 100, 333, len(data) // 3, len(data) - 1):
        path.write_bytes(data[:keep])
        try:
            assert np.isfinite(load(path, sample_rate_hz=16_000).samples).all()
        except AudioError as error:
            one_sentence(error, name)
    assert "Traceback" not in capfd.readouterr().err


@pytest.mark.parametrize("name", ["a.flac", "a.mp3", "a.ogg", "a.wav"])
def test_random_damage_never_escapes(tmp_path: Path, name: str) -> None:
    rng = np.random.default_rng(5)
    path = tmp_path / name
    write(path, noise(0.5, rng, sample_rate_hz=16_000), 16_000)
    data = np.frombuffer(path.read_bytes(), np.uint8)
    for _ in range(12):
        damaged = data.copy()
        places = rng.integers(0, len(data), 20)
        damaged[places] = rng.integers(0, 256, 20)
        path.write_bytes(damaged.tobytes())
        try:
            assert np.isfinite(load(path, sample_rate_hz=16_000, duration_s=5.0).samples).all()
        except AudioError as error:
            one_sentence(error, name)


@pytest.mark.parametrize("name", [b"a b.wav", "🎻 – ñ.flac".encode(), b"new\nline.wav", b"-n.wav", b"100%.wav"])
def test_odd_names(tmp_path: Path, name: bytes) -> None:
    path = tmp_path / os.fsdecode(name)
    assert len(load(save(path, np.zeros(100))).samples) == 100


@pytest.mark.skipif(sys.platform != "linux", reason="only there are names any bytes")
def test_a_name_that_is_no_utf8(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"bad\xff.wav")
    assert len(load(save(path, np.zeros(100))).samples) == 100
    path.write_bytes(b"")
    with pytest.raises(AudioError, match=re.escape("bad\ufffd.wav: the file is empty")):
        load(path)


def test_a_path_with_dots(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    save(tmp_path / "a.wav", np.zeros(100))
    assert len(load(tmp_path / "sub" / ".." / "a.wav").samples) == 100


def test_too_long_for_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("instrunet.audio.streaming.MOST_BYTES_IN_MEMORY", 100)
    with pytest.raises(AudioError, match=r"a\.wav: too long to be held in memory"):
        load(save(tmp_path / "a.wav", np.zeros(100)))
