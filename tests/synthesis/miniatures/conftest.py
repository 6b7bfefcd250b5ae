"""Each miniature is written once for all tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from instrunet.synthesis.miniatures import Miniature, write_miniature


@pytest.fixture(scope="session")
def miniature(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Miniature]:
    """Give the miniature of a name, made with seed 7 when first asked for."""
    made: dict[str, Miniature] = {}

    def get(name: str) -> Miniature:
        if name not in made:
            made[name] = write_miniature(name, tmp_path_factory.mktemp("mini") / name, seed=7)
        return made[name]

    return get
