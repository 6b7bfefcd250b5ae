"""From trained weights to the network of a bundle: convolutions and normalisations fused, weights halved."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from instrunet.models.fusion import Fusion
from instrunet.models.mobile import Mobile
from instrunet.training.errors import TrainingError

SMALLEST_HALVED = 64
"""Weights of fewer numbers stay in single precision: halving them saves nothing."""


class _Served(nn.Module):
    """What a bundle promises: ``clip`` and ``frames`` logits and the attention weights of the frames."""

    def __init__(self, net: Mobile) -> None:
        super().__init__()
        self.net = net

    def forward(self, mel: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        features = self.net.features(mel)
        frames = self.net.classify(features)
        attention = torch.softmax(self.net.attend(features), dim=-1)
        return (frames * attention).sum(-1), frames, attention


class _ServedFusion(nn.Module):
    """The same for a fusion with a head on YAMNet's embedding."""

    def __init__(self, fusion: Fusion) -> None:
        super().__init__()
        self.fusion, self.ours = fusion, _Served(fused(fusion.net))

    def forward(self, both: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        clip, frames, attention = self.ours(both[..., : -self.fusion.n_extra])
        said, share = self.fusion.said(both), self.fusion.share
        return (1 - share) * clip + share * said, (1 - share) * frames + share * said[..., None], attention


def fused(net: Mobile) -> Mobile:
    """A copy for inference in which every convolution has swallowed the normalisation after it."""
    net = deepcopy(net).eval()
    for module in list(net.modules()):
        if isinstance(module, nn.Sequential) and len(module) >= 2:
            first, second = module[0], module[1]
            if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
                module[0], module[1] = fuse_conv_bn_eval(first, second), nn.Identity()
    return net


def onnx_bytes(net: Mobile | Fusion, *, n_frames: int = 251, half: bool = True) -> bytes:
    """The network as ONNX: input ``mel`` (batch, 1, n_mels, n_frames), outputs ``clip``, ``frames``, ``attention``.

    A fusion's input has the columns of the embedding at its end.

    Batch and frames are free. With ``half`` the weights are stored in 16 bits and widened when the model is loaded, so
    that it computes in 32 bits on any processor.
    """
    import onnx

    ours = net.net if isinstance(net, Fusion) else net
    n_extra = net.n_extra if isinstance(net, Fusion) else 0
    example = torch.zeros(2, 1, ours.config.n_mels, n_frames + n_extra)
    batch, frames = torch.export.Dim("batch", min=1, max=4096), torch.export.Dim("n_frames", min=16, max=100_000)
    program = torch.onnx.export(
        _ServedFusion(net).eval() if isinstance(net, Fusion) else _Served(fused(net)).eval(),
        (example,),
        dynamo=True,
        input_names=["mel"],
        output_names=["clip", "frames", "attention"],
        dynamic_shapes=({0: batch, 3: frames},),
        optimize=True,
        verbose=False,
    )
    if program is None:
        raise RuntimeError("the exporter gave nothing")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        program.save(str(path))
        model = onnx.load(str(path))
    if half:
        halve(model)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def weights_bytes(net: Mobile) -> bytes:
    """The weights in 16 bits as safetensors, without the training-only output: what a later run may begin with."""
    from safetensors.torch import save

    state = {name: value for name, value in net.state_dict().items() if not name.startswith("imitate.")}
    halved = {k: v.half() if v.is_floating_point() else v for k, v in state.items()}
    return save({name: value.contiguous() for name, value in halved.items()})


def begin_with(net: Mobile, weights: str | Path) -> None:
    """Take over weights from a checkpoint (``.pt``) or from what `weights_bytes` wrote; the training-only output stays.

    Raises:
        TrainingError: they are not those of such a network.
    """
    from safetensors.torch import load_file

    path = Path(weights)
    try:
        state = load_file(path) if path.suffix == ".safetensors" else torch.load(path, weights_only=True)
        kept = {name: value for name, value in net.state_dict().items() if name.startswith("imitate.")}
        given = {name: value.float() if value.is_floating_point() else value for name, value in state.items()}
        net.load_state_dict(kept | given)
    except (RuntimeError, OSError, ValueError, AttributeError) as error:
        raise TrainingError(f"{path}: no weights that fit this network: {str(error).splitlines()[0]}") from error


def halve(model: Any) -> None:
    """Store the large weights of an ONNX model in 16 bits, each with a cast back behind it."""
    from onnx import TensorProto, helper, numpy_helper

    graph, casts = model.graph, []
    for tensor in graph.initializer:
        if tensor.data_type == TensorProto.FLOAT and np.prod(tensor.dims) >= SMALLEST_HALVED:
            name = tensor.name
            stored = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), f"{name}_half")
            tensor.CopyFrom(stored)
            casts.append(helper.make_node("Cast", [f"{name}_half"], [name], f"{name}_widen", to=TensorProto.FLOAT))
    for cast in reversed(casts):
        graph.node.insert(0, cast)
    del graph.value_info[:]
    del model.metadata_props[:]
    for node in graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
