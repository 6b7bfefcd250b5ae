"""Which instruments play in this recording, and when?

Three names are enough for most programs: :func:`tag`, :class:`Tagger` and :class:`Tags`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Tagger", "Tags", "tag"]

if TYPE_CHECKING:
    from instrunet.tagging import Tagger, Tags, tag


def __getattr__(name: str) -> Any:
    """Import the public names on first use, so that ``import instrunet`` costs next to nothing."""
    if name in __all__:
        return getattr(importlib.import_module("instrunet.tagging"), name)
    raise AttributeError(f"module 'instrunet' has no attribute {name!r}")
