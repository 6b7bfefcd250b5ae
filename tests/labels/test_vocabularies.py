"""Every vocabulary is totally mapped and has its published size and order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from instrunet.labels import INSTRUMENT_IDS, UnknownLabelError, vocabulary, vocabulary_names

SIZES = {
    "instrunet": 36,
    "irmas": 11,
    "irmas10+others": 11,
    "openmic": 20,
    "medleydb17": 17,
    "slakh": 16,
    "nsynth": 11,
    "gm": 17,
    "medley_solos": 8,
    "jamendo": 41,
}
NOTHING_CANONICAL = {
    "medleydb17": {"electronic fx", "system"},
    "slakh": {"Sound Effects"},
    "gm": {"Sound Effects"},
    "jamendo": {"beat", "bell", "computer", "orchestra", "sampler"},
}


def test_the_ten_vocabularies() -> None:
    assert {name: len(vocabulary(name)) for name in vocabulary_names()} == SIZES


@pytest.mark.parametrize("name", SIZES)
def test_totally_mapped(name: str) -> None:
    entry = vocabulary(name)
    assert len(set(entry.labels)) == len(entry.labels)
    assert set(entry.members) == set(entry.core) == set(entry.labels)
    assert {label for label in entry.labels if not entry.members[label]} == NOTHING_CANONICAL.get(name, set())
    for label in entry.labels:
        members, core = entry.members[label], entry.core[label]
        assert set(members) <= set(INSTRUMENT_IDS), label
        assert set(core) <= set(members)
        assert bool(core) == bool(members), "a label with members means at least one of them"


def test_ours_is_the_identity() -> None:
    ours = vocabulary("instrunet")
    assert ours.labels == INSTRUMENT_IDS
    assert all(ours.members[label] == (label,) for label in ours.labels)


def test_others_holds_exactly_what_the_ten_do_not() -> None:
    entry = vocabulary("irmas10+others")
    ten = {word for label in entry.labels[:-1] for word in entry.members[label]}
    assert entry.labels[-1] == "others"
    assert ten | set(entry.members["others"]) == set(INSTRUMENT_IDS)
    assert not ten & set(entry.members["others"])


def test_openmic_is_the_published_class_map(shared: Path) -> None:
    published = json.loads((shared / "metadata" / "openmic_class-map.json").read_text())
    assert list(vocabulary("openmic").labels) == sorted(published, key=published.__getitem__)


def test_the_17_macro_categories() -> None:
    assert ", ".join(vocabulary("medleydb17").labels) == (
        "acoustic guitars, bass, brass, drums, electric guitars, electronic fx, electronic keys, folk guitars, "
        "free reed, harps, percussion, piano, pitched percussion, strings, system, voice, woodwinds"
    )


def test_unknown_names_are_told() -> None:
    with pytest.raises(UnknownLabelError, match="did you mean openmic"):
        vocabulary("openmick")
    with pytest.raises(UnknownLabelError, match="label of irmas"):
        vocabulary("irmas").index("zzz")
