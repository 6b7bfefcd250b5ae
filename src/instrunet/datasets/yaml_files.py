"""Reading metadata in YAML, safely and fast."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from instrunet.errors import InstrunetError, MissingExtraError


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a table of facts.

    Raises:
        InstrunetError: the file is not YAML, or holds something else than a table.
    """
    try:
        import yaml
    except ImportError as error:
        raise MissingExtraError("data", "reading metadata in YAML") from error
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        # Both loaders are the safe ones: they make plain values only.
        facts = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # nosec B506 - a safe loader
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InstrunetError(f"{path}: not readable as YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(facts, dict):
        raise InstrunetError(f"{path}: holds no table of facts")
    return facts
