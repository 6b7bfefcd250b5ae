"""Weights from one network to another: everything that fits is taken over, the rest begins anew."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from instrunet.training.errors import TrainingError


def transplant(weights: Mapping[str, Tensor], network: nn.Module) -> tuple[str, ...]:
    """Copy every tensor whose name and shape fit, but never the last layer; return what was not copied.

    >>> from torch import nn
    >>> one, other = (nn.Sequential(nn.Linear(2, 3), nn.Linear(3, n)) for n in (4, 5))
    >>> transplant(one.state_dict(), other)
    ('1.bias', '1.weight')

    Raises:
        TrainingError: less than half of the tensors fit: the weights are those of another architecture.
    """
    own = network.state_dict()
    last = _last_layer(network)
    wanted = [name for name in own if name.rpartition(".")[0] != last]
    fitting = {name: value for name, value in weights.items() if name in wanted and own[name].shape == value.shape}
    if len(fitting) < len(wanted) / 2:
        raise TrainingError(
            f"{len(fitting) or 'none'} of the {len(wanted)} tensors that {type(network).__name__} wants fit: "
            "the weights are of another architecture"
        )
    network.load_state_dict(fitting, strict=False)
    return tuple(sorted(set(own) - set(fitting)))


def begin_from(network: nn.Module, source: str) -> tuple[str, ...]:
    """Begin from ``passt:NAME[=FILE]``, a ``.safetensors`` file, or a bundle or run folder that holds one."""
    from safetensors.torch import load_file

    if source.startswith("passt:"):
        return _from_passt(network, source.removeprefix("passt:"))
    path = Path(source)
    candidates = [path, path / "weights.safetensors", path / "checkpoints" / "best.safetensors"]
    found = next((c for c in candidates if c.is_file() and c.suffix == ".safetensors"), None)
    if found is None:
        raise TrainingError(f"{source}: no .safetensors weights are there to begin from")
    return transplant(load_file(found), network)


def _from_passt(network: nn.Module, named: str) -> tuple[str, ...]:
    from instrunet.models.passt import Passt
    from instrunet.models.passt_weights import converted, load_pretrained

    if not isinstance(network, Passt):
        raise TrainingError(f"PaSST weights do not fit {type(network).__name__}")
    name, _, file = named.partition("=")
    return load_pretrained(network, converted(name, path=file or None).path)


def _last_layer(network: nn.Module) -> str:
    """The module that makes the logits: the last one that has weights of its own."""
    return [
        name for name, module in network.named_modules() if next(module.parameters(recurse=False), None) is not None
    ][-1]
