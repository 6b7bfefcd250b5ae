"""The one door to pyarrow, so that its absence is one clear sentence."""

from __future__ import annotations

from typing import Any

from instrunet.errors import MissingExtraError


def arrow() -> Any:
    """Give the pyarrow module, with its ``parquet`` and ``compute`` parts loaded.

    Raises:
        MissingExtraError: pyarrow is not installed.
    """
    try:
        import pyarrow
        import pyarrow.compute
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError("data", "working with manifests") from error
    return pyarrow
