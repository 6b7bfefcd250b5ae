"""The field's data sets in small: each one's exact layout on disk, with synthesised audio whose truth is known."""

from instrunet.synthesis.miniatures.clips import Clip, Miniature
from instrunet.synthesis.miniatures.registry import MINIATURES, write_miniature

__all__ = ["MINIATURES", "Clip", "Miniature", "write_miniature"]
