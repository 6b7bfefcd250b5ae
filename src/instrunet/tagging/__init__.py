"""The product: array to Tags, file to Tags, folder to rows; and the writers."""

from __future__ import annotations

from instrunet.tagging.live import StreamTagger
from instrunet.tagging.tagger import Failure, Tagger, tag
from instrunet.tagging.tags import InstrumentTag, Range, Scores, Tags

__all__ = ["Failure", "InstrumentTag", "Range", "Scores", "StreamTagger", "Tagger", "Tags", "tag"]
