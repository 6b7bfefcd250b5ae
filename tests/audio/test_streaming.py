"""A stream is the file: whatever the block, the start or the rate."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from instrunet.audio import AudioError, load, probe, resample, stream, write
from instrunet.errors import UsageError
from tests.synth import noise, tone


@pytest.fixture(scope="module")
def stereo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("audio") / "stereo.wav"
    rng = np.random.default_rng(1)
    write(path, np.stack([noise(1.5, rng, sample_rate_hz=44_100), tone(440, 1.5, sample_rate_hz=44_100)]), 44_100)
    return path


def test_load_gives_what_was_written(stereo: Path) -> None:
    audio = load(stereo, mono=False)
    expected, rate = soundfile.read(stereo, dtype="float32")
    assert rate == audio.sample_rate_hz == 44_100
    assert audio.samples.dtype == np.float32
    assert audio.n_channels == 2
    np.testing.assert_array_equal(audio.samples, expected.T)
    np.testing.assert_allclose(load(stereo).samples, expected.mean(axis=1), atol=1e-6)
    assert audio.remarks == ()


@pytest.mark.parametrize("rate", [None, 32_000, 16_000, 44_100, 48_000])
@pytest.mark.parametrize("block_s", [0.0101, 0.3, 10.0])
def test_the_blocks_joined_are_the_file(stereo: Path, rate: int | None, block_s: float) -> None:
    whole = load(stereo, sample_rate_hz=rate).samples
    blocks = list(stream(stereo, sample_rate_hz=rate, block_s=block_s))
    n = round(block_s * (rate or 44_100))
    assert all(len(block) == n for block in blocks[:-1])
    assert 0 < len(blocks[-1]) <= n
    np.testing.assert_array_equal(np.concatenate(blocks), whole)


def test_resampled_in_pieces_equals_resampled_whole(stereo: Path) -> None:
    native = load(stereo).samples
    np.testing.assert_allclose(load(stereo, sample_rate_hz=32_000).samples, resample(native, 44_100, 32_000), atol=1e-6)


@pytest.mark.parametrize(("start_s", "duration_s"), [(0.0, 0.5), (0.4321, 0.5), (1.2, None), (0.9, 99.0)])
@pytest.mark.parametrize("rate", [32_000, 44_100])
def test_an_excerpt_is_the_same_part_of_the_whole(
    stereo: Path, rate: int, start_s: float, duration_s: float | None
) -> None:
    whole = load(stereo, sample_rate_hz=rate).samples
    start = round(start_s * rate)
    end = None if duration_s is None else start + round(duration_s * rate)
    part = load(stereo, sample_rate_hz=rate, start_s=start_s, duration_s=duration_s).samples
    np.testing.assert_allclose(part, whole[start:end], atol=2e-5)


def test_a_start_past_the_end_gives_nothing(stereo: Path) -> None:
    assert len(load(stereo, start_s=100.0).samples) == 0
    assert list(stream(stereo, sample_rate_hz=32_000, start_s=100.0)) == []


def test_an_open_file_is_read_like_its_path(stereo: Path) -> None:
    whole = load(stereo, sample_rate_hz=32_000).samples
    np.testing.assert_array_equal(load(io.BytesIO(stereo.read_bytes()), sample_rate_hz=32_000).samples, whole)
    with pytest.raises(AudioError, match="standard input: the file is empty"):
        load(io.BytesIO(b""))


def test_probe_reads_the_header(stereo: Path) -> None:
    info = probe(stereo)
    assert (info.duration_s, info.sample_rate_hz, info.channels, info.format) == (1.5, 44_100, 2, "WAV PCM_16")


@pytest.mark.parametrize("options", [{"start_s": -1.0}, {"duration_s": 0.0}, {"start_s": float("nan")}])
def test_senseless_excerpts_are_told(stereo: Path, options: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="must be"):
        load(stereo, **options)  # type: ignore[arg-type]
