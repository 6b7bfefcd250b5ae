from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from instrunet import audio
from instrunet.errors import InstrunetError, UsageError
from instrunet.synthesis.note_mixtures import (
    Mixture,
    MixtureConfig,
    MixtureMaker,
    mixture_settings,
    plan_mixture,
    render_mixture,
    same_settings,
    write_labels,
    write_manifest,
)
from instrunet.synthesis.note_pools import NSYNTH_FAMILIES, NotePool, nsynth_pool, open_pool
from tests.synth import tone

SUPERVISED = ("bass", "flute", "guitar", "mallet_percussion", "organ", "piano", "synthesizer", "voice")


@pytest.fixture(scope="module")
def nsynth(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nsynth-train")
    examples = {}
    for number, family in enumerate(NSYNTH_FAMILIES):
        name = f"{family}_acoustic_000-060-100"
        audio.write(folder / "audio" / f"{name}.wav", tone(200 + 40 * number, 0.3, sample_rate_hz=16_000), 16_000)
        examples[name] = {"instrument_family_str": family}
    (folder / "examples.json").write_text(json.dumps(examples))
    return folder


@pytest.fixture(scope="module")
def pool(nsynth: Path) -> NotePool:
    return open_pool(nsynth)


def test_the_published_set_is_2200_clips_with_eight_known_tags(pool: NotePool) -> None:
    config = MixtureConfig()
    plans = [plan_mixture(pool, *number, seed=config.seed) for number in config.numbers()]
    assert len(plans) == 2200
    assert pool.supervised == SUPERVISED
    for plan in plans:
        assert len(set(plan.families)) == len(plan.notes) == plan.polyphony
        assert any(pool.tags[family] for family in plan.families)
        assert all(-10 <= gain <= 0 for gain in plan.gains_db)
    sounding = {family for plan in plans if plan.polyphony <= 2 for family in plan.families}
    assert sounding == set(NSYNTH_FAMILIES), "brass, reed and string must sound too"


def test_a_clip_is_the_sum_of_its_notes(pool: NotePool) -> None:
    config = MixtureConfig(duration_s=0.5)
    mixture = Mixture("x.wav", 2, ("bass", "organ"), (pool.notes["bass"][0], pool.notes["organ"][0]), (0.0, -6.0))
    x = render_mixture(mixture, config)
    spectrum = np.abs(np.fft.rfft(x[:4800]))
    assert len(x) == 8000
    assert np.abs(x).max() == pytest.approx(1, abs=1e-4)
    assert 20 * np.log10(spectrum[60] / spectrum[132]) == pytest.approx(6, abs=0.5)


def test_silence_and_noise_are_level_zero(pool: NotePool) -> None:
    config = MixtureConfig(duration_s=0.1)
    made = [plan_mixture(pool, 0, number, seed=1) for number in range(30)]
    assert {"silence", "hiss"} <= {mixture.empty_kind for mixture in made}
    for mixture in made:
        x = render_mixture(mixture, config)
        assert np.any(x) == (mixture.empty_kind != "silence")


def test_labels_are_a_column_a_tag_with_masks(pool: NotePool, tmp_path: Path) -> None:
    plans = [plan_mixture(pool, k, 0, seed=0) for k in (0, 1, 11)]
    with write_labels(tmp_path, plans, pool).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows[0]) == 3 + 40
    for row in rows:
        assert [name[2:] for name, value in row.items() if name.startswith("m_") and value == "1"] == list(SUPERVISED)
    assert [sum(int(row[f"y_{tag}"]) for tag in SUPERVISED) for row in rows] == [
        0,
        rows[1]["families"].count(";") + 1,
        8,
    ]
    assert all(row[f"y_{tag}"] == "0" for row in rows for tag in ("violin", "trumpet", "drums"))


def test_the_manifest_tells_the_same(pool: NotePool, tmp_path: Path) -> None:
    from instrunet.datasets.manifest import Manifest

    plans = [plan_mixture(pool, k, 0, seed=0) for k in (1, 11)]
    manifest = Manifest.read(write_manifest(tmp_path, plans, pool, MixtureConfig()))
    assert manifest.y().sum(axis=1).tolist() == [1.0, 8.0]
    assert manifest.mask().sum(axis=1).tolist() == [8, 8]


def test_a_clip_does_not_depend_on_who_makes_it_or_when(pool: NotePool, tmp_path: Path) -> None:
    config = MixtureConfig(per_level=3, levels=(1, 4), duration_s=0.2, seed=5)
    for name, numbers in (("there", config.numbers()), ("back", config.numbers()[::-1])):
        for number in numbers:
            MixtureMaker(pool, config, tmp_path / name)(number)
    files = sorted((tmp_path / "there" / "audio").iterdir())
    assert len(files) == 6
    assert all(file.read_bytes() == (tmp_path / "back" / "audio" / file.name).read_bytes() for file in files)


def test_what_is_there_is_not_made_again(pool: NotePool, tmp_path: Path) -> None:
    maker = MixtureMaker(pool, MixtureConfig(duration_s=0.1), tmp_path)
    path = tmp_path / "audio" / maker((1, 0))
    path.write_bytes(b"kept")
    maker((1, 0))
    assert path.read_bytes() == b"kept"


def test_a_folder_begun_otherwise_is_refused(pool: NotePool, tmp_path: Path) -> None:
    same_settings(tmp_path, mixture_settings(pool, MixtureConfig(seed=1)))
    same_settings(tmp_path, mixture_settings(pool, MixtureConfig(seed=1)))
    with pytest.raises(InstrunetError, match="other settings"):
        same_settings(tmp_path, mixture_settings(pool, MixtureConfig(seed=2)))


def test_a_bank_that_lacks_a_family_says_which() -> None:
    pool = nsynth_pool((family, f"{family}.wav") for family in NSYNTH_FAMILIES if family != "synth_lead")
    with pytest.raises(UsageError, match="synth_lead"):
        plan_mixture(pool, 11, 0, seed=0)


def test_a_folder_that_is_no_bank_is_named(tmp_path: Path) -> None:
    with pytest.raises(InstrunetError, match="no bank of notes"):
        open_pool(tmp_path)


def test_the_recorded_samples_supervise_all_twenty_tags(shared: Path) -> None:
    pool = open_pool(shared / "samples")
    assert len(pool.supervised) == 20
    assert "harp" in pool.families
