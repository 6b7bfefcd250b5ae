"""One file an architecture: a config dataclass and the network beside it; adapters to outside models."""

from __future__ import annotations

from instrunet.models.registry import ARCHITECTURES, build

__all__ = ["ARCHITECTURES", "build"]
