"""What is written comes back; what fails leaves nothing behind."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from instrunet.audio import AudioError, load, probe, write
from instrunet.errors import UsageError
from tests.synth import tone


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".aiff", ".ogg", ".opus", ".mp3"])
def test_it_comes_back(tmp_path: Path, suffix: str) -> None:
    x = np.stack([tone(440, 0.5, sample_rate_hz=48_000), tone(660, 0.5, sample_rate_hz=48_000)])
    path = tmp_path / f"a{suffix}"
    write(path, x, 48_000)
    back = load(path, mono=False)
    assert back.n_channels == 2
    assert back.duration_s == pytest.approx(0.5, abs=0.03)
    if suffix in {".wav", ".flac", ".aiff"}:
        np.testing.assert_allclose(back.samples, x, atol=1e-4)
    assert list(tmp_path.iterdir()) == [path]


def test_loud_samples_are_clipped_not_wrapped(tmp_path: Path) -> None:
    write(tmp_path / "a.wav", np.array([2.0, -2.0], np.float32), 8000)
    assert load(tmp_path / "a.wav").samples.tolist() == pytest.approx([1.0, -1.0], abs=1e-4)


def test_a_subtype_on_request(tmp_path: Path) -> None:
    x = np.array([1e-6, 2.0], np.float32)
    write(tmp_path / "a.wav", x, 8000, subtype="FLOAT")
    np.testing.assert_array_equal(load(tmp_path / "a.wav").samples, x)
    assert probe(tmp_path / "a.wav").format == "WAV FLOAT"


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot write \.xyz; use \.wav"):
        write(tmp_path / "a.xyz", np.zeros(10, np.float32), 8000)
    with pytest.raises(AudioError, match=r"a\.opus: 1-channel sound at 12345 Hz does not go into OGG OPUS; "):
        write(tmp_path / "a.opus", np.zeros(10, np.float32), 12_345)
    assert list(tmp_path.iterdir()) == []


def test_a_long_vorbis_file_is_written_in_pieces(tmp_path: Path) -> None:
    write(tmp_path / "a.ogg", np.zeros(500_000, np.float32), 8000)
    assert probe(tmp_path / "a.ogg").duration_s == 62.5


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on file sizes")
@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg"])
def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path: Path, suffix: str) -> None:
    import resource

    x = np.random.default_rng(0).standard_normal(200_000).astype(np.float32)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(AudioError, match="could not be written to the end; is the disk full"):
            write(tmp_path / f"a{suffix}", x, 48_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []
