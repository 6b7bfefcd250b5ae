from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from instrunet.errors import InstrunetError, UsageError
from instrunet.synthesis.bank import NoteBank, NoteRow, write_bank
from instrunet.synthesis.corpus import CorpusRecipe, ShardMaker, bank_jobs, banks_beside
from instrunet.synthesis.store import StemStore
from instrunet.synthesis.workers import each_made
from tests.synth import tone


def _recipe(folder: Path, text: str) -> CorpusRecipe:
    (folder / "recipe.toml").write_text(text)
    return CorpusRecipe.read(folder / "recipe.toml")


def test_a_recipe_is_read_and_an_unknown_key_named(tmp_path: Path) -> None:
    assert _recipe(tmp_path, 'seed = 3\nonly = ["recorded"]').only == ("recorded",)
    with pytest.raises(UsageError, match="shrads"):
        _recipe(tmp_path, "shrads = 3")
    with pytest.raises(UsageError, match="not a recipe"):
        CorpusRecipe.read(tmp_path / "none.toml")


def test_banks_of_every_kind_are_planned(tmp_path: Path) -> None:
    (tmp_path / "f.sf2").write_bytes(b"")
    jobs = bank_jobs(
        CorpusRecipe(soundfonts=(str(tmp_path / "f.sf2"),), stops=str(tmp_path), modelled=1), tmp_path, tmp_path / "out"
    )
    assert [job.kind for job in jobs] == ["samples", "soundfont", "stops", "model"]
    with pytest.raises(InstrunetError, match=r"gone\.sf2"):
        bank_jobs(CorpusRecipe(soundfonts=("gone.sf2",)), tmp_path, tmp_path)


def test_a_bank_of_another_recipe_is_found(tmp_path: Path) -> None:
    assert banks_beside(tmp_path) == set()
    for name in ("whole", "half"):
        (tmp_path / "banks" / name).mkdir(parents=True)
    (tmp_path / "banks" / "whole" / "notes.jsonl").write_text("")
    assert banks_beside(tmp_path) == {str(tmp_path / "banks" / "whole")}


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> str:
    rows = [(NoteRow("flute", "a", "p", "", 60.0, 0.8, 0, 0, True, "CC0"), tone(262, 0.5, partials=4))]
    return str(write_bank(tmp_path_factory.mktemp("bank"), rows))


def test_a_shard_is_the_same_bytes_whenever_it_is_made(bank: str, tmp_path: Path) -> None:
    recipe = CorpusRecipe(samples="", voices="", rooms="", modelled=0, rounds=1, noises=2)
    for name, numbers in (("there", [0, 1]), ("back", [1, 0])):
        maker = ShardMaker(recipe, str(tmp_path), (bank,), str(tmp_path / name))
        assert list(each_made(maker, numbers, workers=1)) == [f"shard-{n:04d}" for n in numbers]
    for path in sorted((tmp_path / "there").iterdir()):
        assert path.read_bytes() == (tmp_path / "back" / path.name).read_bytes()
    store = StemStore(tmp_path / "there")
    assert [stem.instrument for stem in store.stems[:3]] == ["flute", "", ""]
    assert np.any(store.pcm(0))


def test_a_whole_shard_is_not_made_again(bank: str, tmp_path: Path) -> None:
    maker = ShardMaker(CorpusRecipe(voices="", rooms="", noises=0, rounds=1), str(tmp_path), (bank,), str(tmp_path))
    (tmp_path / "shard-0000.json").write_text("kept")
    maker(0)
    assert (tmp_path / "shard-0000.json").read_text() == "kept"


@pytest.mark.slow
def test_two_workers_make_the_same_shards_as_one(bank: str, tmp_path: Path) -> None:
    recipe = CorpusRecipe(samples="", voices="", rooms="", modelled=0, rounds=1, noises=1, pieces=1)
    for name, workers in (("one", 1), ("two", 2)):
        maker = ShardMaker(recipe, str(tmp_path), (bank,), str(tmp_path / name))
        assert len(list(each_made(maker, range(3), workers=workers))) == 3
    for path in sorted((tmp_path / "one").iterdir()):
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_a_full_disk_stops_a_shard_cleanly_and_it_is_made_later(bank: str, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    maker = ShardMaker(
        CorpusRecipe(voices="", rooms="", noises=1, rounds=1), str(tmp_path), (bank,), str(tmp_path / "s")
    )
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
    try:
        with pytest.raises(InstrunetError, match="cannot be written"):
            maker(0)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list((tmp_path / "s").iterdir()) == []
    maker(0)
    assert len(StemStore(tmp_path / "s")) == 2


def test_half_a_shard_is_not_read(bank: str, tmp_path: Path) -> None:
    maker = ShardMaker(
        CorpusRecipe(voices="", rooms="", noises=0, rounds=1), str(tmp_path), (bank,), str(tmp_path / "s")
    )
    maker(0)
    (tmp_path / "s" / ".part-abc.json").write_text("[{")
    assert len(StemStore(tmp_path / "s")) == 1


def test_a_bank_without_a_note_does_no_harm(bank: str, tmp_path: Path) -> None:
    empty = write_bank(tmp_path / "empty", [])
    assert len(NoteBank.open(bank, empty)) == 1
