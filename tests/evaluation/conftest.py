"""Random trials of a known shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray


@dataclass(frozen=True)
class Drawn:
    """Scores that lean towards the truth, rounded so that some tie."""

    scores: NDArray[np.float64]
    y: NDArray[np.float64]
    mask: NDArray[np.float64]

    @property
    def whole(self) -> NDArray[np.float64]:
        return np.ones_like(self.mask)


@pytest.fixture
def drawn(rng: np.random.Generator) -> Drawn:
    y = (rng.random((200, 6)) < 0.3).astype(float)
    scores = np.round(1 / (1 + np.exp(-(rng.normal(size=y.shape) + 2 * y - 1))), 2)
    return Drawn(scores, y, (rng.random(y.shape) < 0.7).astype(float))
