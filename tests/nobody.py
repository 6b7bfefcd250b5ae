"""Losing the superuser's rights for a moment, so that a file without permission is one for these tests, too."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

NOBODY = 65534


@contextmanager
def folder_of_nobody() -> Iterator[Path]:
    """A folder that anyone may enter, and within the block no right to read what may not be read."""
    if os.name == "nt":
        pytest.skip("permissions are of another kind here")
    folder = Path(tempfile.mkdtemp(prefix="instrunet-test-", dir="/tmp"))
    folder.chmod(0o777)
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(NOBODY)
    try:
        yield folder
    finally:
        if was_root:
            os.seteuid(0)
        shutil.rmtree(folder)
