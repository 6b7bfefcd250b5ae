"""The canonical instruments are those of the design, once each, with what a renderer needs."""

from __future__ import annotations

import pytest

from instrunet.errors import UsageError
from instrunet.labels import INSTRUMENT_IDS, INSTRUMENTS, UnknownLabelError, instrument


def test_36_instruments_each_once() -> None:
    assert len(INSTRUMENT_IDS) == len(set(INSTRUMENT_IDS)) == 36
    assert INSTRUMENT_IDS[0] == "voice"
    assert INSTRUMENT_IDS[-1] == "mallet_percussion"


@pytest.mark.parametrize(("alias", "id_"), [("choir", "voice"), ("piccolo", "flute"), ("english_horn", "oboe")])
def test_aliases(alias: str, id_: str) -> None:
    assert instrument(alias).id == id_


def test_ranges_and_programs_are_midi() -> None:
    for entry in INSTRUMENTS:
        assert 0 <= entry.midi_low < entry.midi_high <= 127, entry
        assert all(0 <= program <= 127 for program in entry.gm_programs)
        assert entry.name
        assert entry.family
    claimed = [program for entry in INSTRUMENTS for program in entry.gm_programs]
    assert len(claimed) == len(set(claimed)), "a program belongs to one instrument"


def test_only_what_general_midi_lacks_has_no_program() -> None:
    assert {e.id for e in INSTRUMENTS if not e.gm_programs} == {"mandolin", "ukulele"}


def test_an_unknown_instrument_is_a_usage_error_with_a_suggestion() -> None:
    with pytest.raises(UnknownLabelError, match="did you mean violin") as caught:
        instrument("violn")
    assert isinstance(caught.value, UsageError)
