"""The YAMNet adapter: its table against the published class map, its scores against the peer script's windows."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from instrunet.models.weights import WeightsError
from instrunet.models.yamnet import AUDIOSET_MEMBERS, Yamnet, canonical_scores, embed
from tests.synth import tone


@pytest.fixture(scope="module")
def network(shared: Path) -> Yamnet:
    pytest.importorskip("ai_edge_litert")
    return Yamnet(shared / "peers" / "yamnet.tflite", threads=1)


def test_every_class_of_our_table_is_where_the_class_map_says(shared: Path) -> None:
    with (shared / "peers" / "yamnet_class_map.csv").open() as stream:
        published = {row["display_name"]: int(row["index"]) for row in csv.DictReader(stream)}
    ours = {name: row for members in AUDIOSET_MEMBERS.values() for name, row in members.items()}
    assert {name: published.get(name) for name in ours} == ours


def test_windows_and_shapes(network: Yamnet) -> None:
    frames = network.frames(tone(440, 2.0, sample_rate_hz=16_000))
    assert frames.scores.shape == (3, 521)
    assert frames.embeddings.shape == (3, 1024)
    assert frames.starts_s.tolist() == pytest.approx([0.0, 0.48, 0.96])
    assert 0 <= frames.scores.min() <= frames.scores.max() <= 1


def test_scores_follow_from_the_embedding_of_the_same_window(network: Yamnet) -> None:
    loud = network.frames(tone(440, 1.0, sample_rate_hz=16_000, partials=8))
    quiet = network.frames(np.zeros(16_000, np.float32))
    assert not np.allclose(loud.embeddings, quiet.embeddings)
    again = network.frames(tone(440, 1.0, sample_rate_hz=16_000, partials=8))
    np.testing.assert_array_equal(loud.scores, again.scores)


def test_a_short_clip_is_padded_to_one_window(network: Yamnet) -> None:
    assert network.frames(np.zeros(10, np.float32)).scores.shape == (1, 521)
    assert embed(np.zeros(10, np.float32), network).shape == (1024,)


def test_what_audioset_cannot_say_is_unknown() -> None:
    folded = canonical_scores(np.zeros((2, 521), np.float32), ("viola", "cello"))
    assert np.isnan(folded[:, 0]).all()
    assert (folded[:, 1] == 0).all()


def test_a_wrong_file_is_refused_by_its_digest(tmp_path: Path) -> None:
    wrong = tmp_path / "yamnet.tflite"
    wrong.write_bytes(b"not a network")
    with pytest.raises(WeightsError, match="not the YAMNet weights"):
        Yamnet(wrong)
    with pytest.raises(WeightsError, match="no such file"):
        Yamnet(tmp_path / "absent.tflite")
