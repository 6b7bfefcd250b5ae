"""The words of every data set, on the real label files, map or are explicitly unknown."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from instrunet.labels import (
    INSTRUMENT_IDS,
    UnknownLabelError,
    gm_family,
    known_words,
    macro_category,
    sources,
    to_canonical,
    vocabulary,
)

UNKNOWN_MEDLEYDB = {
    "Main System", "Unlabeled", "crowd", "dilruba", "erhu", "female speaker", "fx/processed sound", "guzheng",
    "liuqin", "male speaker", "melodica", "oud", "sampler", "scratches", "whistle", "woodwind section", "yangqin",
    "zhongruan",
}  # fmt: skip
NO_MACRO = {"Unlabeled", "crowd", "whistle"}


@pytest.fixture(scope="module")
def medleydb_names(shared: Path) -> set[str]:
    names: set[str] = set()
    for path in sorted((shared / "metadata" / "medleydb").glob("*.yaml")):
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        names.update(_instruments_of(document))
    return names


def _instruments_of(document: dict) -> Iterator[str]:
    for stem in (document.get("stems") or {}).values():
        for track in (stem, *(stem.get("raw") or {}).values()):
            found = track["instrument"]
            yield from found if isinstance(found, list) else [found]


@pytest.mark.parametrize("source", sources())
def test_each_table_speaks_canonical(source: str) -> None:
    for word in known_words(source):
        assert set(to_canonical(source, word)) <= set(INSTRUMENT_IDS), word


def test_all_101_medleydb_names(medleydb_names: set[str]) -> None:
    assert len(medleydb_names) == 101
    assert {name for name in medleydb_names if not to_canonical("medleydb", name)} == UNKNOWN_MEDLEYDB
    macros = {name: macro_category(name) for name in medleydb_names}
    assert {name for name, macro in macros.items() if macro is None} == NO_MACRO
    assert {macro for macro in macros.values() if macro} == set(vocabulary("medleydb17").labels)


def test_macro_and_canonical_agree(medleydb_names: set[str]) -> None:
    """Where a name maps to both, the macro-category covers the instrument; the two exceptions are published ones."""
    members = vocabulary("medleydb17").members
    odd = {
        name
        for name in medleydb_names
        if (macro := macro_category(name)) and not set(to_canonical("medleydb", name)) <= set(members[macro])
    }
    assert odd == {"lap steel guitar", "bass drum"}


def test_all_128_general_midi_programs() -> None:
    unknown = {p for p in range(128) if not to_canonical("gm", p)}
    assert unknown == {15, 55, 106, 107, 108, 109, 111, *range(120, 128)}
    assert [gm_family(p) for p in range(0, 128, 8)] == list(vocabulary("gm").labels[:16])
    with pytest.raises(UnknownLabelError):
        to_canonical("gm", 128)
    with pytest.raises(UnknownLabelError, match="0 to 127"):
        gm_family(-1)


def test_real_irmas_tags(shared: Path) -> None:
    with (shared / "metadata" / "irmas_train_files.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with (shared / "metadata" / "irmas_test_labels.csv").open(encoding="utf-8") as file:
        tests = [label for row in csv.DictReader(file) for label in row["labels"].split(";")]
    classes = {row["predominant"] for row in rows} | set(tests)
    assert classes == set(vocabulary("irmas").labels)
    assert all(len(to_canonical("irmas", word)) == 1 for word in classes)
    assert to_canonical("irmas", "dru") == ("drums",)
    assert to_canonical("irmas", "nod") == to_canonical("irmas", "---") == ()


def test_real_jamendo_tags(shared: Path) -> None:
    text = (shared / "metadata" / "jamendo_autotagging_instrument.tsv").read_text(encoding="utf-8")
    tags = {cell.removeprefix("instrument---") for cell in text.split() if cell.startswith("instrument---")}
    assert tags == set(vocabulary("jamendo").labels)


def test_the_words_of_the_sample_folders(shared: Path) -> None:
    with (shared / "samples" / "index.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        to_canonical("samples", row["instrument"])
        if row["instrument"] in {"drums", "percussion_other", "mallet_percussion"}:
            to_canonical("samples", "/".join(row["path"].split("/")[:2]))
    assert to_canonical("samples", "percussion_other/timpani") == ("timpani",)
    assert to_canonical("samples", "bagpipe") == ()


def test_slakh_and_nsynth_and_medley_solos_words() -> None:
    for word in ("Sound effects", "Sound Effects"):
        assert to_canonical("slakh", word) == ()
    assert to_canonical("slakh", "Drums") == ("drums",)
    assert to_canonical("nsynth", "keyboard") == ("piano",)
    assert to_canonical("nsynth", "synth_lead") == to_canonical("nsynth", "synth lead") == ("synthesizer",)
    assert to_canonical("medley_solos_db", "female singer") == ("voice",)


@pytest.mark.parametrize(
    ("word", "ids"),
    [
        ("Vocals", ("voice",)),
        ("sax", ("saxophone",)),
        ("E-Gtr", ("electric_guitar",)),
        ("electric_guitar", ("electric_guitar",)),
        ("Electric guitar", ("electric_guitar",)),
        ("Shakuhachi", ("flute",)),
        ("choir", ("voice",)),
        ("noise", ()),
    ],
)
def test_everyday_words(word: str, ids: tuple[str, ...]) -> None:
    assert to_canonical("freeform", word) == ids


@pytest.mark.parametrize("source", sources())
def test_a_word_no_table_holds_is_an_error_not_an_unknown(source: str) -> None:
    with pytest.raises(UnknownLabelError, match="'nonesuch'"):
        to_canonical(source, "nonesuch")


def test_a_source_nobody_knows() -> None:
    with pytest.raises(UnknownLabelError, match="source of labels"):
        to_canonical("imaginary", "piano")
    with pytest.raises(UnknownLabelError, match="MedleyDB instrument"):
        macro_category("nonesuch")
