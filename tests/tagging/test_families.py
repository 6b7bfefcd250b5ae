from __future__ import annotations

import numpy as np
import pytest

from instrunet.tagging.families import families
from instrunet.tagging.tags import InstrumentTag, Tags

CURVE = np.zeros(3, np.float32)


def heard(detected=(), **confidences):
    return tuple(InstrumentTag(name, p, name in detected, 0.5, CURVE) for name, p in confidences.items())


def test_members_of_a_family_add_up():
    (found,) = families(heard(clarinet=0.3, oboe=0.2, piano=0.3))
    assert found.name == "woodwinds"
    assert found.confidence == pytest.approx(1 - 0.7 * 0.8)


def test_a_family_with_a_detected_member_is_not_named():
    assert families(heard(detected=["violin"], violin=0.9, cello=0.45, viola=0.4)) == ()


def test_a_lone_member_or_a_word_that_is_no_instrument_makes_no_family():
    assert families(heard(voice=0.49)) == ()
    assert families(heard(Strings=0.45, Reed=0.45)) == ()


def test_the_likeliest_comes_first_and_json_has_both():
    tags = Tags("a.wav", 0.3, "instrunet", "m", heard(flute=0.4, oboe=0.1, violin=0.45, cello=0.45), CURVE)
    assert [family.name for family in tags.perhaps] == ["bowed strings", "woodwinds"]
    assert tags.to_dict()["perhaps"][0] == {"family": "bowed strings", "confidence": 0.6975}
