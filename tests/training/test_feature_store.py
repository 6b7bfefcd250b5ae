"""Features: the same function that serves, computed once, whatever file is missing or broken."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from instrunet import audio
from instrunet.errors import InstrunetError
from instrunet.features import front_end, log_mel
from instrunet.training.clips import Excerpt
from instrunet.training.feature_store import View, fingerprint, open_store, prepared
from tests.synth import noise, tone

VIEW = View("instrunet32k", 1.0)


@pytest.fixture
def files(tmp_path: Path, rng: np.random.Generator) -> list[str]:
    paths = []
    for i, x in enumerate(
        (tone(440, 1.5), noise(0.4, rng), np.concatenate([np.zeros(32_000, np.float32), tone(300, 1.0)]))
    ):
        path = tmp_path / f"{i}.wav"
        audio.write(path, x, 32_000)
        paths.append(str(path))
    return paths


def test_features_are_those_of_the_front_end(files: list[str], tmp_path: Path) -> None:
    store = open_store([Excerpt(f) for f in files], VIEW, tmp_path / "cache")
    assert store.features.shape == (3, *VIEW.shape())
    x = audio.load(files[0], sample_rate_hz=32_000).samples[:32_000]
    np.testing.assert_allclose(store.features[0], log_mel(x, front_end("instrunet32k")), atol=4e-3)
    assert not store.failed


def test_they_are_computed_once(files: list[str], tmp_path: Path) -> None:
    excerpts = [Excerpt(f) for f in files]
    calls: list[int] = []
    for _ in range(2):
        open_store(excerpts, VIEW, tmp_path / "cache", progress=lambda done, total: calls.append(done))
    assert calls == [1, 2, 3]
    assert fingerprint(excerpts, VIEW) != fingerprint(excerpts, replace(VIEW, clip_s=0.5))
    assert fingerprint(excerpts, VIEW) != fingerprint(excerpts[:2], VIEW)


def test_an_unreadable_file_is_one_failed_row(files: list[str], tmp_path: Path) -> None:
    (tmp_path / "bad.wav").write_bytes(b"RIFF nothing")
    store = open_store([Excerpt(files[0]), Excerpt(str(tmp_path / "bad.wav"))], VIEW, tmp_path / "cache")
    assert list(store.failed) == [1]
    with pytest.raises(InstrunetError, match="none of 1 clips could be read"):
        open_store([Excerpt(str(tmp_path / "bad.wav"))], VIEW, tmp_path / "cache")


def test_a_loud_segment_begins_where_it_is_loud(files: list[str]) -> None:
    for seed in range(4):
        x = prepared(Excerpt(files[2], loud_seed=seed), replace(VIEW, clip_s=0.5))
        assert len(x) == 16_000
        assert np.abs(x[:2000]).max() > 0.1
    short = prepared(Excerpt(files[1], loud_seed=1), VIEW)  # 0.4 s are repeated to fill one second
    assert np.abs(short[-2000:]).max() > 0


def test_sums_hold_both_sounds(files: list[str]) -> None:
    x = prepared(Excerpt(files[0], added=(Excerpt(files[2], start_s=1.0),)), VIEW)
    spectrum = np.abs(np.fft.rfft(x))
    assert spectrum[440] > 100 < spectrum[300]
    assert np.abs(x).max() == pytest.approx(1.0)


def test_medleydb_preparation_finds_the_onset(files: list[str]) -> None:
    view = View("librosa22k-db", 0.5, preparation="medleydb")
    x = prepared(Excerpt(files[2]), view)
    assert len(x) == round(0.5 * 22_050)
    assert np.abs(x).max() == pytest.approx(1.0, abs=0.05)


def test_other_views(files: list[str], tmp_path: Path) -> None:
    image = open_store([Excerpt(files[0])], View("mel-image", 1.0, preparation="mel-image"), tmp_path / "cache")
    assert image.features.shape == (1, 128, 128)


def test_yamnet_embeddings(files: list[str], tmp_path: Path, shared: Path) -> None:
    pytest.importorskip("ai_edge_litert")
    view = View("yamnet", 2.0, weights=str(shared / "peers" / "yamnet.tflite"))
    store = open_store([Excerpt(files[0])], view, tmp_path / "cache")
    assert store.features.shape == (1, 1024, 3)
    assert store.features.max() > 0
