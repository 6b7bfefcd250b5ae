"""What the user should know about a result that came out, but may not be right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

STEADY = 0.4
COVERED = 0.3
ENOUGH_S = 3.0


def of_length(facts: Mapping[str, Any]) -> list[str]:
    """Say where a recording was cut off.

    >>> of_length({"cut": True, "longest_s": 1200.0})
    ['only the first 20 minutes were taken; choose others with --start']
    """
    if not facts.get("cut"):
        return []
    return [f"only the first {facts['longest_s'] / 60:.0f} minutes were taken; choose others with --start"]


def of_notes(facts: Mapping[str, Any]) -> list[str]:
    """Say where an instrument sounds for long and hardly a steady note was heard.

    >>> of_notes({"covered_s": {"voice": 1.0}, "playing_s": {"voice": 12.0}})
    ['voice: sounds for 12 s, but steady notes cover only 1 s of it: speech, noise or very free playing?']
    """
    found = []
    for name, playing_s in facts.get("playing_s", {}).items():
        covered_s = facts.get("covered_s", {}).get(name, playing_s)
        if playing_s >= ENOUGH_S and covered_s < COVERED * playing_s:
            found.append(
                f"{name}: sounds for {playing_s:.0f} s, but steady notes cover only {covered_s:.0f} s of it: "
                "speech, noise or very free playing?"
            )
    return found


def of_bars(facts: Mapping[str, Any]) -> list[str]:
    """Say where no steady tempo was found.

    >>> of_bars({"tempo_confidence": 0.1, "constant_tempo": True})
    ['no steady tempo was found (sure: 10 %): the bars are only roughly right']
    >>> of_bars({"tempo_confidence": 0.9, "constant_tempo": True})
    []
    """
    if facts["tempo_confidence"] < STEADY:
        return [
            f"no steady tempo was found (sure: {100 * facts['tempo_confidence']:.0f} %): "
            "the bars are only roughly right"
        ]
    if not facts["constant_tempo"]:
        return ["the tempo moves: the bars follow the playing and may slip"]
    return []
