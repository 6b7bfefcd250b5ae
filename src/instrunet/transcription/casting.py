"""Who plays: the user's own words for instruments, and the order of parts on a page."""

from __future__ import annotations

from instrunet.errors import InstrunetError, UsageError
from instrunet.labels import INSTRUMENT_IDS, to_canonical

SCORE_ORDER = (
    "flute", "oboe", "clarinet", "bassoon", "saxophone", "harmonica", "french_horn", "trumpet", "trombone", "tuba",
    "brass_section", "voice", "violin", "viola", "cello", "string_section", "mandolin", "banjo", "ukulele", "sitar",
    "acoustic_guitar", "electric_guitar", "harp", "mallet_percussion", "accordion", "harpsichord", "piano",
    "electric_piano", "organ", "synthesizer", "double_bass", "electric_bass", "timpani", "hand_percussion", "cymbals",
    "drums",
)  # fmt: skip
"""From the top of the page to the bottom."""


def named_instruments(words: str) -> tuple[str, ...]:
    """Read ``piano,violin`` (canonical ids or everyday words) into canonical ids.

    >>> named_instruments("piano, sax")
    ('piano', 'saxophone')

    Raises:
        UsageError: a word names no instrument.
    """
    found: list[str] = []
    for word in (w.strip() for w in words.split(",") if w.strip()):
        if word in INSTRUMENT_IDS:
            found.append(word)
            continue
        try:
            meant = to_canonical("freeform", word)
        except InstrunetError:
            meant = ()
        if not meant:
            raise UsageError(f"{word!r} names no instrument; `instrunet labels` lists them")
        found.append(meant[0])
    if not found:
        raise UsageError("no instrument was named")
    return tuple(dict.fromkeys(found))
