"""From a trained network to a bundle: one ONNX graph from log-mel to logits, checked against torch first."""

from __future__ import annotations

import contextlib
import io
import logging
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from instrunet.audio import PREPARATIONS
from instrunet.bundles import About, Bundle, TaggerSpec, save_bundle
from instrunet.features import MelImageConfig
from instrunet.features.mel_image import scaling
from instrunet.training.errors import TrainingError
from instrunet.training.feature_store import View
from instrunet.training.onnx_graph import without_traces
from instrunet.training.recipe import Recipe
from instrunet.training.validation import clip_logits

MOST_DIFFERENCE = 1e-3


class MelImage(nn.Module):
    """The mel image inside the graph: decibels below the peak (batch, 1, mels, frames) -> picture in 0..1."""

    rows: Tensor
    columns: Tensor

    def __init__(self, n_mels: int, n_frames: int, config: MelImageConfig) -> None:
        super().__init__()
        self.top_db = float(config.mel.top_db or 80.0)
        self.register_buffer("rows", torch.tensor(scaling(n_mels, config.height), dtype=torch.float32))
        self.register_buffer("columns", torch.tensor(scaling(n_frames, config.width).T.copy(), dtype=torch.float32))

    def forward(self, mel: Tensor) -> Tensor:
        """A silent clip, whose bands are all at the peak, is all 0, as in ``instrunet.features.mel_image``."""
        sounding = (mel.amin(dim=(1, 2, 3), keepdim=True) < 0).to(mel.dtype)
        return sounding * (self.rows @ (mel / self.top_db + 1.0) @ self.columns).clamp(0.0, 1.0)


class Served(nn.Module):
    """A network as a bundle holds it: log-mel in, logits out whose sigmoid is the probability of each class."""

    def __init__(self, network: nn.Module, *, image: MelImage | None = None, single_label: bool = False) -> None:
        super().__init__()
        self.network = network
        self.image = image
        self.single_label = single_label

    def forward(self, mel: Tensor) -> Tensor:
        """(batch, 1, mels, frames) -> (batch, classes)."""
        logits = clip_logits(self.network(self.image(mel) if self.image is not None else mel))
        if not self.single_label:
            return logits
        log_p = logits.log_softmax(dim=1)
        return log_p - torch.log1p(-log_p.exp().clamp(max=1 - 1e-6))


def served(network: nn.Module, view: View, *, single_label: bool) -> Served:
    """Wrap a network for its front end."""
    image = None
    if view.front_end == "mel-image":
        config = MelImageConfig()
        n_frames = config.mel.n_frames(round(view.clip_s * config.mel.sample_rate_hz))
        image = MelImage(config.mel.n_mels, n_frames, config)
    return Served(network, image=image, single_label=single_label).eval()


def to_onnx(network: nn.Module, shape: tuple[int, int]) -> bytes:
    """Export with a free batch size, and compare the result with torch on noise.

    Raises:
        TrainingError: ONNX Runtime computes something else than torch.
    """
    import onnxruntime

    network = network.cpu().eval()
    example = torch.randn(2, 1, *shape, generator=torch.Generator().manual_seed(0))
    batch = torch.export.Dim("batch", min=1, max=4096)
    with _quiet():
        program = torch.onnx.export(
            network,
            (example,),
            dynamo=True,
            input_names=["mel"],
            output_names=["clip"],
            dynamic_shapes=({0: batch},),
            verbose=False,
        )
    if program is None:
        raise TrainingError("the network could not be exported to ONNX")
    content = without_traces(program.model_proto.SerializeToString())
    other = torch.randn(3, 1, *shape, generator=torch.Generator().manual_seed(1))
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    with torch.inference_mode():
        wanted = network(other).numpy()
    got = session.run(["clip"], {"mel": other.numpy()})[0]
    largest = float(np.abs(wanted - got).max())
    if not largest <= MOST_DIFFERENCE * max(1.0, float(np.abs(wanted).max())):
        raise TrainingError(f"the exported network differs from torch by {largest:.2g}; it is not kept")
    return content


def to_int8(onnx: bytes, calibration: NDArray[np.float32]) -> bytes:
    """Quantise weights and activations to 8 bits, ranges measured on ``calibration`` (clips, mels, frames)."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Clips(CalibrationDataReader):
        def __init__(self) -> None:
            self.rows = iter(calibration)

        def get_next(self) -> dict[str, Any] | None:
            row = next(self.rows, None)
            return None if row is None else {"mel": np.asarray(row, np.float32)[None, None]}

    with tempfile.TemporaryDirectory() as scratch, _quiet():
        plain, ready, small = (Path(scratch) / name for name in ("plain.onnx", "ready.onnx", "small.onnx"))
        plain.write_bytes(onnx)
        quant_pre_process(plain, ready, skip_symbolic_shape=True)
        quantize_static(
            ready,
            small,
            Clips(),
            quant_format=QuantFormat.QDQ,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            op_types_to_quantize=["Conv", "MatMul", "Gemm"],
        )
        return small.read_bytes()


@dataclass(frozen=True)
class Learned:
    """What a run found out beside its weights: the head's labels, a threshold for each, the numbers to quote."""

    labels: tuple[str, ...]
    thresholds: tuple[float, ...]
    metrics: Mapping[str, Any] = field(default_factory=dict)


def bundle_of(recipe: Recipe, onnx: bytes, learned: Learned, target: Path, *, weights: Path | None = None) -> Bundle:
    """Write the tagger of a recipe; ``weights`` go along for training to go on from."""
    view = view_of(recipe)
    spec = TaggerSpec(
        vocabulary=recipe.data.vocabulary,
        labels=learned.labels,
        front_end=view.front,
        window_s=recipe.data.clip_s,
        hop_s=recipe.data.clip_s / 2,
        trim_db=PREPARATIONS[view.preparation].trim_db if view.preparation else None,
        thresholds=tuple(float(np.clip(t, 0.01, 1.0)) for t in learned.thresholds),
    )
    about = About(
        name=recipe.name,
        licence="unstated: the licences of the training data apply",
        title=recipe.title,
        recipe=recipe.to_dict(),
        metrics=dict(learned.metrics),
    )
    files: dict[str, bytes | str | Path] = {"model.onnx": onnx}
    if weights is not None:
        files["weights.safetensors"] = weights
    return save_bundle(target, about=about, spec=spec, files=files)


def view_of(recipe: Recipe, *, weights: str = "") -> View:
    """How the recipe's network sees a clip."""
    data = recipe.data
    return View(data.front_end, data.clip_s, data.preparation, weights)


@contextlib.contextmanager
def _quiet() -> Any:
    """The exporter and the quantiser talk a lot; only errors are of interest."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            logging.disable(before)
