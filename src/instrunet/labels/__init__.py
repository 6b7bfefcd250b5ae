"""The words: instruments, families, each data set's vocabulary and how they map. Standard library only."""

from __future__ import annotations

from instrunet.labels.errors import UnknownLabelError
from instrunet.labels.instruments import INSTRUMENT_IDS, INSTRUMENTS, Instrument, instrument
from instrunet.labels.projection import Projection, projection
from instrunet.labels.vocabularies import Vocabulary, vocabulary, vocabulary_names
from instrunet.labels.words import gm_family, known_words, macro_category, sources, to_canonical

__all__ = [
    "INSTRUMENTS",
    "INSTRUMENT_IDS",
    "Instrument",
    "Projection",
    "UnknownLabelError",
    "Vocabulary",
    "gm_family",
    "instrument",
    "known_words",
    "macro_category",
    "projection",
    "sources",
    "to_canonical",
    "vocabulary",
    "vocabulary_names",
]
