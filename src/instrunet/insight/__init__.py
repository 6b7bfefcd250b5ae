"""Co-occurrence and genre analysis of a manifest: who plays with whom, in which music."""

from instrunet.insight.association import Association, co_occurrence, genre_occurrence
from instrunet.insight.exploration import Exploration, explore
from instrunet.insight.occurrences import Occurrences, grouped, original
from instrunet.insight.report import write_exploration

__all__ = [
    "Association",
    "Exploration",
    "Occurrences",
    "co_occurrence",
    "explore",
    "genre_occurrence",
    "grouped",
    "original",
    "write_exploration",
]
