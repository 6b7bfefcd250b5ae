"""Where bytes come from: a path, or an open file such as standard input."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import BinaryIO

from instrunet.audio.sound import AudioError, shown

Source = str | os.PathLike[str] | BinaryIO


def name_of(source: Source) -> str:
    """The source as it is shown to people."""
    if isinstance(source, (str, os.PathLike)):
        return shown(source)
    name = getattr(source, "name", None)
    return shown(name) if isinstance(name, str) and not name.startswith("<") else "standard input"


def spooled(source: BinaryIO, name: str) -> str:
    """Copy an open file, which may be a pipe, to a temporary one that can be sought in."""
    handle, path = tempfile.mkstemp(prefix="instrunet-")
    try:
        with os.fdopen(handle, "wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
    except OSError as error:
        Path(path).unlink(missing_ok=True)
        raise AudioError(f"{name}: cannot be read: {error.strerror or error}") from None
    return path
