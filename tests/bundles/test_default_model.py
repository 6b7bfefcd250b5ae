"""The model in the box: it is there, small, whole, and still as good as it was when it was landed."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from instrunet.bundles import Bundle
from instrunet.labels import INSTRUMENT_IDS
from instrunet.tagging import Tagger


def test_it_knows_every_instrument_and_is_small():
    bundle = Bundle.load("default")
    assert bundle.tagger.labels == INSTRUMENT_IDS
    assert bundle.tagger.outputs == ("clip", "frames", "attention")
    assert len(bundle.read("model.onnx")) < 3_000_000
    assert bundle.about.licence == "Apache-2.0"
    assert "made" in bundle.card


def test_silence_and_noise_set_off_nothing(rng):
    tagger = Tagger(threads=1)
    for x in (np.zeros(64_000), rng.normal(0, 0.05, 64_000)):
        assert not tagger.tag_array(x.astype(np.float32), sample_rate_hz=32_000).detected


@pytest.mark.slow
def test_it_names_most_real_solos(shared):
    with (shared / "realworld" / "labels.csv").open(newline="") as handle:
        rows = [r for r in csv.DictReader(handle) if r["split"] == "dev" and r["kind"] == "solo"]
    wanted = {"flute", "clarinet", "saxophone", "violin", "trumpet", "piano", "voice", "drums"}
    rows = [r for r in rows if r["present"] in wanted][::6]
    tagger = Tagger(threads=1)
    right = [tagger.tag_file(shared / "realworld" / "clips" / r["file"]).ranked[0].label == r["present"] for r in rows]
    assert np.mean(right) > 0.6
