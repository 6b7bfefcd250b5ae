from __future__ import annotations

import numpy as np
import pytest

from instrunet.errors import InstrunetError
from instrunet.labels import INSTRUMENT_IDS
from instrunet.synthesis.bank import SAMPLE_RATE_HZ
from instrunet.synthesis.mixer import Mixer, MixPlan, draw_batch
from instrunet.synthesis.stems import StemMaker, StemPlan, shard_stems
from instrunet.synthesis.store import STEM_SAMPLES, Stem, StemStore, levels_db, write_shard
from tests.synthesis.note_material import small_bank


def wave(hz: float, level: float = 0.3) -> np.ndarray:
    t = np.arange(STEM_SAMPLES) / SAMPLE_RATE_HZ
    return (level * np.sin(2 * np.pi * hz * t)).astype(np.float32)


def stem(instrument: str, x: np.ndarray, source: str = "mine") -> tuple[Stem, np.ndarray]:
    return Stem(instrument, source, "a", "dry", levels_db(x)), x


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("stems")
    half = wave(600.0)
    half[STEM_SAMPLES // 2 :] = 0
    write_shard(path, "shard-0000", [stem("flute", wave(440.0)), stem("piano", wave(220.0)), stem("violin", half)])
    noise = np.random.default_rng(1).normal(0, 0.1, STEM_SAMPLES).astype(np.float32)
    write_shard(path, "shard-0001", [stem("", noise, "noise_hiss"), stem("string_section", wave(300.0))])
    return path


def test_stems_are_read_back(folder):
    store = StemStore(folder)
    assert [s.instrument for s in store.stems] == ["flute", "piano", "violin", "", "string_section"]
    assert np.abs(store.pcm(1).astype(float) / 32767 - wave(220.0)).max() < 1e-4
    assert store.stems[2].levels_db[10] > -20
    assert store.stems[2].levels_db[90] == -100


def test_new_shards_are_taken_in(tmp_path):
    write_shard(tmp_path, "shard-0000", [stem("flute", wave(440.0))])
    store = StemStore(tmp_path)
    write_shard(tmp_path, "shard-0001", [stem("harp", wave(330.0))])
    assert store.refresh() == 1
    assert store.refresh() == 0
    assert set(store.by_source()) == {"flute", "harp"}


def test_an_empty_folder_is_told(tmp_path):
    with pytest.raises(InstrunetError, match="no stems"):
        StemStore(tmp_path)


def test_a_stem_of_another_length_is_refused(tmp_path):
    with pytest.raises(ValueError, match="samples"):
        write_shard(tmp_path, "x", [(Stem("flute", "a", "a", "dry", ()), np.zeros(10, np.float32))])


def test_a_solo_is_labelled_by_its_instrument(folder, rng):
    mixer = Mixer(StemStore(folder), MixPlan(n_stems=(0.0, 1.0), noise=0.0, gap=0.0, class_weights={"violin": 0.0}))
    for _ in range(5):
        clip = mixer.draw(rng)
        assert clip.truth.sum() == 1
        assert len(clip.samples) == 5 * SAMPLE_RATE_HZ
        name = INSTRUMENT_IDS[int(clip.truth.argmax())]
        hz = {"flute": 440.0, "piano": 220.0, "string_section": 300.0}[name]
        spectrum = np.abs(np.fft.rfft(clip.samples))
        assert np.fft.rfftfreq(len(clip.samples), 1 / SAMPLE_RATE_HZ)[spectrum.argmax()] == pytest.approx(hz, abs=1)


def test_a_section_says_nothing_about_violins(folder, rng):
    weights = {"flute": 0.0, "piano": 0.0, "violin": 0.0}
    clip = Mixer(StemStore(folder), MixPlan(n_stems=(0, 1.0), noise=0.0, gap=0.0, class_weights=weights)).draw(rng)
    assert clip.truth[INSTRUMENT_IDS.index("string_section")] == 1
    assert clip.mask[INSTRUMENT_IDS.index("violin")] == 0
    assert clip.mask[INSTRUMENT_IDS.index("piano")] == 1


def test_silence_is_not_activity(folder):
    weights = {"flute": 0.0, "piano": 0.0, "string_section": 0.0}
    mixer = Mixer(StemStore(folder), MixPlan(n_stems=(0, 1.0), noise=0.0, gap=0.0, class_weights=weights))
    place = INSTRUMENT_IDS.index("violin")
    clip = next(
        c for c in (mixer.draw(np.random.default_rng(k)) for k in range(40)) if 5 < c.activity[place].sum() < 45
    )
    heard = clip.activity[place] > 0
    energy = (clip.samples.reshape(50, -1) ** 2).mean(1) > 1e-8
    assert (heard == energy).mean() >= 0.96


def test_what_is_far_below_the_rest_is_not_positive(folder, rng):
    plan = MixPlan(n_stems=(0, 0, 1.0), noise=0.0, gap=0.0, level_db=(-60.0, -60.0))
    mixer = Mixer(StemStore(folder), plan)
    mix = np.full(160_000, 1e-3, np.float32)
    clip = mixer._labelled(mix, [("flute", np.full(50, -20.0)), ("piano", np.full(50, -70.0))])
    assert clip.truth[INSTRUMENT_IDS.index("flute")] == 1
    assert clip.truth[INSTRUMENT_IDS.index("piano")] == 0
    assert clip.mask[INSTRUMENT_IDS.index("piano")] == 1
    close = mixer._labelled(mix, [("flute", np.full(50, -20.0)), ("piano", np.full(50, -50.0))])
    assert close.mask[INSTRUMENT_IDS.index("piano")] == 0


def test_noise_alone_has_no_instrument(folder, rng):
    clip = Mixer(StemStore(folder), MixPlan(n_stems=(1.0,))).draw(rng)
    assert clip.truth.sum() == 0
    assert np.abs(clip.samples).max() > 0


def test_batches_repeat_with_their_seed(folder):
    mixer = Mixer(StemStore(folder))
    one, two = (draw_batch(mixer, 3, np.random.default_rng(5)) for _ in range(2))
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a, b)


def test_stems_are_made_from_a_bank(tmp_path):
    maker = StemMaker(small_bank(tmp_path), StemPlan(dry=1.0))
    assert maker.instruments() == ["piano", "flute", "drums", "cymbals"]
    made = list(shard_stems(maker, seed=1, shard=0, rounds=1))
    assert [s.instrument for s, _ in made] == maker.instruments()
    assert all(len(x) == STEM_SAMPLES and 0.5 < np.abs(x).max() <= 0.91 for _, x in made)
    again = list(shard_stems(maker, seed=1, shard=0, rounds=1))
    assert all((a[1] == b[1]).all() for a, b in zip(made, again, strict=True))


def test_the_studio_changes_the_sound_but_not_the_length(tmp_path):
    stem_, x = StemMaker(small_bank(tmp_path), StemPlan(dry=0.0)).make("flute", np.random.default_rng(2))
    assert stem_.treatment == "studio"
    assert len(x) == STEM_SAMPLES
    assert np.isfinite(x).all()
