from __future__ import annotations

from instrunet.bundles import Bundle


def test_the_model_in_the_box_has_a_card() -> None:
    card = Bundle.load("default").card
    assert len(card) > 200
    for told in ("trained", "docs/data-card.md", "docs/model-card.md", "Licence"):
        assert told in card
