"""Every frame of an mp3 is heard, counted in its header or not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from instrunet.audio import load, probe, write
from instrunet.audio.mpeg import _length, corrected, survey
from tests.synth import noise, silence


@pytest.fixture(scope="module")
def mp3(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of near-silence, then two of noise: a variable rate is guessed far too low from its start."""
    path = tmp_path_factory.mktemp("mpeg") / "a.mp3"
    rng = np.random.default_rng(3)
    write(path, np.concatenate([silence(2.0, sample_rate_hz=44_100), noise(2.0, rng, sample_rate_hz=44_100)]), 44_100)
    return path


def frames_of(data: bytes) -> list[bytes]:
    found, at = [], 0
    while at + 4 <= len(data) and (length := _length(data[at + 1], data[at + 2])):
        found.append(data[at : at + length])
        at += length
    return found


def test_the_encoder_counts_and_is_believed(mp3: Path) -> None:
    mpeg = survey(mp3)
    assert mpeg is not None
    assert mpeg.n_frames is None
    assert corrected(mp3, mpeg) is None
    assert load(mp3).duration_s == pytest.approx(4.0, abs=0.001)


def test_without_a_count_nothing_is_lost(mp3: Path, tmp_path: Path) -> None:
    frames = frames_of(mp3.read_bytes())
    assert len({len(frame) for frame in frames}) > 3, "the rate varies"
    bare = tmp_path / "bare.mp3"
    bare.write_bytes(b"".join(frames[1:]))  # the first frame holds the count
    audio = load(bare)
    assert audio.duration_s == pytest.approx(4.0, abs=0.06)
    assert probe(bare).duration_s == pytest.approx(audio.duration_s, abs=0.001)
    assert audio.remarks == ()
    shift = len(audio.samples) - len(load(mp3).samples)
    assert np.sqrt(np.mean(audio.samples[-44_100:] ** 2)) == pytest.approx(0.1, rel=0.2), f"the end sounds ({shift})"
    np.testing.assert_allclose(
        load(bare, start_s=3.0, duration_s=0.5).samples, audio.samples[132_300:154_350], atol=1e-3
    )


def test_joined_files_are_heard_to_the_end(mp3: Path, tmp_path: Path) -> None:
    twice = tmp_path / "twice.mp3"
    twice.write_bytes(mp3.read_bytes() * 2)
    assert load(twice).duration_s == pytest.approx(8.0, abs=0.1)


def test_a_large_tag_before_and_junk_after(mp3: Path, tmp_path: Path) -> None:
    tagged = tmp_path / "tagged.mp3"
    size = 200_000
    tag = b"ID3\x03\x00\x00" + bytes(size >> shift & 127 for shift in (21, 14, 7, 0)) + bytes(size)
    tagged.write_bytes(tag + mp3.read_bytes() + b"TAG" + bytes(125) + b"\xff\xfb" * 5000)
    audio = load(tagged)
    assert audio.duration_s == pytest.approx(4.0, abs=0.06)
    assert audio.remarks == ()


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (22_050, 2), (48_000, 2), (32_000, 1)])
def test_each_version_of_the_format(tmp_path: Path, rate: int, channels: int) -> None:
    path = tmp_path / "a.mp3"
    write(path, np.stack([noise(1.0, np.random.default_rng(c), sample_rate_hz=rate) for c in range(channels)]), rate)
    path.write_bytes(b"".join(frames_of(path.read_bytes())[1:]))
    audio = load(path)
    assert audio.sample_rate_hz == rate
    assert audio.duration_s == pytest.approx(1.0, abs=0.3)
    assert audio.remarks == ()


def test_zeros_before_the_first_frame(mp3: Path, tmp_path: Path) -> None:
    padded = tmp_path / "padded.mp3"
    padded.write_bytes(bytes(100_000) + mp3.read_bytes())
    assert load(padded).duration_s == pytest.approx(4.0, abs=0.06)


def test_layer_two_goes_to_the_decoder(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    path = tmp_path / "a.mp3"
    with av.open(str(path), "w", format="mp2") as container:
        out = container.add_stream("mp2", rate=44_100, layout="mono")
        out.bit_rate = 128_000
        x = (8000 * noise(1.0, np.random.default_rng(0), sample_rate_hz=44_100)).astype(np.int16)
        for at in range(0, len(x) - 1152, 1152):
            frame = av.AudioFrame.from_ndarray(x[None, at : at + 1152], format="s16", layout="mono")
            frame.sample_rate = 44_100
            container.mux(out.encode(frame))
        container.mux(out.encode(None))
    audio = load(path)
    assert audio.duration_s == pytest.approx(1.0, abs=0.1)
    assert audio.remarks == ()


def test_what_is_no_mp3_is_not_surveyed(tmp_path: Path) -> None:
    path = tmp_path / "a.mp3"
    path.write_bytes(b"\xff\xfb\x90\x64" + b"x" * 5000)
    assert survey(path) is None
