"""What every loader of the registry promises, tried on the miniatures, whose truth is known."""

from __future__ import annotations

from pathlib import Path

import pytest

from instrunet.datasets.manifest import Manifest
from instrunet.datasets.parsing import IndexOptions
from instrunet.datasets.registry import DATASETS, index
from instrunet.errors import InstrunetError, UsageError
from instrunet.labels import vocabulary_names
from instrunet.synthesis.miniatures import Miniature, write_miniature

OF_MINIATURE = {"babyslakh": "slakh"}
SMALL = ("irmas", "openmic", "medleydb", "slakh", "babyslakh", "nsynth", "medley_solos_db")


@pytest.fixture(scope="session")
def miniatures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Miniature]:
    folder = tmp_path_factory.mktemp("miniatures")
    return {
        name: write_miniature(name, folder / name, seed=7) for name in SMALL if OF_MINIATURE.get(name, name) in DATASETS
    }


@pytest.fixture(scope="session", params=SMALL)
def pair(request: pytest.FixtureRequest, miniatures: dict[str, Miniature]) -> tuple[Miniature, Manifest]:
    mini = miniatures[request.param]
    name = OF_MINIATURE.get(request.param, request.param)
    options = IndexOptions(clip_s=0, sources=("mix", "stem", "raw"))
    return mini, index(name, mini.folder, options=options)


@pytest.mark.parametrize("name", DATASETS)
def test_the_facts_are_whole(name: str) -> None:
    facts = DATASETS[name].facts
    assert facts.name == name
    assert all((facts.title, facts.licence, facts.layout, facts.group, facts.loader_version))
    assert set(facts.vocabularies) <= set(vocabulary_names())


def test_every_clip_is_there_with_its_own_words(pair: tuple[Miniature, Manifest]) -> None:
    mini, manifest = pair
    words = {
        path.relative_to(mini.folder).as_posix(): set(row)
        for path, row in zip(manifest.paths(), manifest.column("labels_original"), strict=True)
    }
    assert words == {clip.path: set(clip.labels) for clip in mini.clips}


def test_ids_paths_and_columns(pair: tuple[Miniature, Manifest]) -> None:
    _, manifest = pair
    assert len(set(manifest.column("id"))) == len(manifest)
    assert all(path.is_file() for path in manifest.paths())
    assert not any(Path(path).is_absolute() or "\\" in path for path in manifest.column("path"))
    assert all(manifest.column("group"))
    assert set(manifest.column("split")) <= {"train", "validation", "test", "omitted", None}
    y = manifest.y()
    assert ((y >= 0) & (y <= 1)).all()
    assert (y[~manifest.mask()] == 0).all()


def test_the_splits_are_the_published_ones(pair: tuple[Miniature, Manifest]) -> None:
    mini, manifest = pair
    splits = {
        path.relative_to(mini.folder).as_posix(): split or ""
        for path, split in zip(manifest.paths(), manifest.column("split"), strict=True)
    }
    assert splits == {clip.path: clip.split for clip in mini.clips}


def test_licence_and_citation_come_along(pair: tuple[Miniature, Manifest], tmp_path: Path) -> None:
    _, manifest = pair
    (entry,) = Manifest.read(manifest.write(tmp_path / "m.parquet")).header.provenance
    facts = DATASETS[entry.dataset].facts
    assert (entry.licence, entry.citation, entry.loader_version) == (
        facts.licence,
        facts.citation,
        facts.loader_version,
    )
    assert entry.found


@pytest.mark.parametrize("wanted", ["instrunet", "openmic"])
def test_truth_can_be_said_in_other_words_without_inventing_absence(
    pair: tuple[Miniature, Manifest], wanted: str
) -> None:
    _, manifest = pair
    projected = manifest.project(wanted)
    assert projected.vocabulary == wanted
    assert projected.column("id") == manifest.column("id")
    assert (projected.y()[~projected.mask()] == 0).all()
    assert projected.mask().any()


@pytest.mark.parametrize("name", [name for name in DATASETS if name not in {"folder", "csv", "ranges", "jams"}])
def test_a_wrong_folder_is_one_sentence_that_says_what_was_expected(name: str, tmp_path: Path) -> None:
    (tmp_path / "holiday photos").mkdir()
    with pytest.raises(InstrunetError, match="does not look like"):
        index(name, tmp_path)


@pytest.mark.parametrize("name", DATASETS)
def test_a_folder_that_is_not_there_and_an_unknown_protocol(name: str, tmp_path: Path) -> None:
    with pytest.raises(InstrunetError):
        index(name, tmp_path / "nowhere")
    with pytest.raises(UsageError, match="no protocol"):
        index(name, tmp_path, options=IndexOptions(protocol="guess"))


def test_a_partial_download_indexes_what_is_there(miniatures: dict[str, Miniature], tmp_path: Path) -> None:
    import shutil

    for name in ("openmic", "nsynth", "medley_solos_db"):
        shutil.copytree(miniatures[name].folder, tmp_path / name)
        gone = tmp_path / name / miniatures[name].clips[0].path
        gone.unlink()
        manifest = index(name, tmp_path / name)
        assert len(manifest) == len(miniatures[name].clips) - 1
        assert manifest.header.provenance[0].missing["audio files"] == 1
        whole = index(name, tmp_path / name, options=IndexOptions(require_audio=False))
        assert len(whole) == len(miniatures[name].clips)
