from __future__ import annotations

import numpy as np
import pytest

from instrunet.labels import INSTRUMENT_IDS
from instrunet.synthesis.bank import SAMPLE_RATE_HZ
from instrunet.synthesis.coherent import Band, piece_stems
from instrunet.synthesis.mixer import Mixer, MixPlan
from instrunet.synthesis.stems import StemMaker, StemPlan
from instrunet.synthesis.store import STEM_SAMPLES, Stem, StemStore, levels_db, write_shard
from tests.synthesis.note_material import small_bank


@pytest.fixture(scope="module")
def band(tmp_path_factory) -> Band:
    return Band(StemMaker(small_bank(tmp_path_factory.mktemp("bank")), StemPlan(dry=0.5)))


def test_the_stems_of_a_piece_share_its_name_and_treatment(band):
    for seed in range(4):
        made = piece_stems(band, np.random.default_rng(seed), name="one")
        assert {stem.piece for stem, _ in made} == {"one"}
        assert len({stem.treatment for stem, _ in made}) == 1
        assert len({stem.instrument for stem, _ in made}) == len(made)
        assert max(np.abs(x).max() for _, x in made) == pytest.approx(0.9, abs=1e-3)
        assert all(len(x) == STEM_SAMPLES and stem.levels_db == levels_db(x) for stem, x in made)


def test_a_piece_is_the_same_again(band):
    one, two = (piece_stems(band, np.random.default_rng(3), name="p") for _ in range(2))
    assert all(a[0] == b[0] and np.array_equal(a[1], b[1]) for a, b in zip(one, two, strict=True))


def pulse(hz: float, at_s: float, level: float) -> np.ndarray:
    x = np.zeros(STEM_SAMPLES, np.float32)
    first = int(at_s * SAMPLE_RATE_HZ)
    x[first : first + SAMPLE_RATE_HZ] = level * np.sin(2 * np.pi * hz * np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ)
    return x


@pytest.fixture(scope="module")
def pieces(tmp_path_factory) -> StemStore:
    """In piece a flute and piano sound at 4 s, in piece b oboe and harp at 6 s; a violin belongs to none."""
    rows = [("flute", "a", 440.0, 4.0, 0.5), ("piano", "a", 220.0, 4.0, 0.5), ("oboe", "b", 700.0, 6.0, 0.5),
            ("harp", "b", 300.0, 6.0, 0.05), ("violin", "", 900.0, 1.0, 0.5)]  # fmt: skip
    stems = []
    for name, piece, hz, at_s, level in rows:
        x = pulse(hz, at_s, level)
        stems.append((Stem(name, f"source of {name}", "p", "dry", levels_db(x), piece), x))
    folder = tmp_path_factory.mktemp("pieces")
    write_shard(folder, "shard-0000", stems)
    return StemStore(folder)


def heard(clip) -> set[str]:
    return {INSTRUMENT_IDS[i] for i in np.flatnonzero(clip.truth)}


def test_coherent_clips_hold_one_piece_in_time_and_balance(pieces):
    plan = MixPlan(n_stems=(0, 0, 0, 1.0), noise=0.0, gap=0.0, coherent=1.0, apart_db=0.0)
    mixer = Mixer(pieces, plan)
    seen = set()
    for seed in range(20):
        clip = mixer.draw(np.random.default_rng(seed))
        names = heard(clip)
        assert names <= {"flute", "piano"} or names <= {"oboe", "harp"}
        seen |= names
        if len(names) == 2:
            first, second = (clip.activity[INSTRUMENT_IDS.index(name)] for name in sorted(names))
            assert np.array_equal(first, second)
        if names == {"oboe", "harp"}:
            spectrum = np.abs(np.fft.rfft(clip.samples))
            loud, soft = (spectrum[int(hz * 5) - 3 : int(hz * 5) + 4].max() for hz in (700, 300))
            assert 20 * np.log10(loud / soft) == pytest.approx(20.0, abs=1.0)
    assert seen == {"flute", "piano", "oboe", "harp"}


def test_without_coherence_pieces_are_mixed_up(pieces):
    mixer = Mixer(pieces, MixPlan(n_stems=(0, 0, 0, 1.0), noise=0.0, gap=0.0))
    names = [heard(mixer.draw(np.random.default_rng(seed))) for seed in range(20)]
    assert any(one & {"flute", "piano"} and one & {"oboe", "harp"} for one in names)


def test_a_mixer_keeps_to_the_stems_it_is_given(pieces):
    mixer = Mixer(pieces, MixPlan(coherent=1.0), keep=lambda stem: stem.source != "source of flute")
    assert "flute" not in mixer.classes
    assert mixer.piece_classes == [name for name in INSTRUMENT_IDS if name in ("oboe", "harp")]
    assert not any("flute" in heard(mixer.draw(np.random.default_rng(seed))) for seed in range(10))


def test_pieces_come_from_a_corpus_too(tmp_path):
    from instrunet.synthesis.corpus import CorpusRecipe, ShardMaker

    small_bank(tmp_path / "bank")
    recipe = CorpusRecipe(samples="", voices="", rooms="", rounds=0, noises=0, pieces=2)
    for name in ("one", "two"):
        ShardMaker(recipe, str(tmp_path), (str(tmp_path / "bank"),), str(tmp_path / name))(0)
    one, two = ((tmp_path / name / "shard-0000.i16").read_bytes() for name in ("one", "two"))
    assert one == two
    assert {stem.piece for stem in StemStore(tmp_path / "one").stems} == {"0000-0", "0000-1"}
