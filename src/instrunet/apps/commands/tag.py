"""``instrunet tag``: which instruments play, and when."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
