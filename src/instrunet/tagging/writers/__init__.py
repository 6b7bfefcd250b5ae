"""Tags on paper: tables, data files, label tracks and pictures."""

from __future__ import annotations

from instrunet.tagging.writers.delivery import Delivery
from instrunet.tagging.writers.formats import FORMATS, Format, format_named, format_of
from instrunet.tagging.writers.options import WriteOptions

__all__ = ["FORMATS", "Delivery", "Format", "WriteOptions", "format_named", "format_of"]
