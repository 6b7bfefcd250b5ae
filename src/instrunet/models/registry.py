"""The architectures by name: ``build("medleydb_cnn", n_classes=17)``."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from instrunet.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from torch import nn

ARCHITECTURES: Mapping[str, str] = {
    "cbam_cnn": "CbamCnn",
    "embedding_head": "EmbeddingHead",
    "feedforward": "Feedforward",
    "medleydb_cnn": "MedleydbCnn",
    "mel_image_cnn": "MelImageCnn",
    "mobile": "Mobile",
    "mscrnn": "Mscrnn",
    "passt": "Passt",
    "single_label_cnn": "SingleLabelCnn",
    "slakh_instrunet": "SlakhInstrunet",
}
"""Name -> class; the module ``instrunet.models.<name>`` holds ``<Class>`` and ``<Class>Config``."""


def build(name: str, **config: Any) -> nn.Module:
    """Build an untrained network.

    Args:
        name: one of ``ARCHITECTURES``.
        **config: fields of the architecture's config dataclass; lists become tuples, as TOML and JSON write them.

    Raises:
        UsageError: the name, or a field of the config, does not exist.
        MissingExtraError: torch is not installed.

    >>> from instrunet.models.blocks import parameter_count
    >>> parameter_count(build("medleydb_cnn", n_classes=17))
    528145
    """
    network, config_class = _classes(name)
    known = {f.name for f in fields(config_class)}
    for key in config:
        if key not in known:
            raise UsageError(f"model {name!r} has no setting {key!r}{did_you_mean(key, known)}")
    ready = {key: tuple(value) if isinstance(value, list) else value for key, value in config.items()}
    built: nn.Module = network(config_class(**ready))
    return built


def _classes(name: str) -> tuple[Any, Any]:
    if name not in ARCHITECTURES:
        raise UsageError(f"there is no model {name!r}{did_you_mean(name, ARCHITECTURES)}")
    try:
        module = importlib.import_module(f"instrunet.models.{name}")
    except ModuleNotFoundError as error:
        if error.name == "torch":
            raise MissingExtraError("train", "building a network") from error
        raise
    return getattr(module, ARCHITECTURES[name]), getattr(module, f"{ARCHITECTURES[name]}Config")


def did_you_mean(word: str, known: Any) -> str:
    """Return the end of an error sentence: the nearest known word, or all of them.

    >>> did_you_mean("chanels", ["channels", "dropout"])
    '; did you mean "channels"?'
    """
    near = difflib.get_close_matches(word, list(known), n=1)
    return f'; did you mean "{near[0]}"?' if near else f"; known: {', '.join(sorted(known))}"
