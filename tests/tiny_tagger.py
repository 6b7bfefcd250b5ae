"""A tagger whose answer is known: class k listens to one band of the front end and says how loud it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from instrunet.bundles import About, Aggregation, Bundle, TaggerSpec, save_bundle
from instrunet.features import LogMelConfig

FRONT_END = LogMelConfig(sample_rate_hz=8_000, n_fft=256, win_length=256, hop_length=80, n_mels=16, fmax_hz=4_000.0)
LABELS = ("flute", "violin", "drums")
BANDS = (2, 6, 13)
TONES_HZ = (440.0, 1_120.0, 3_000.0)
"""A tone that lies in the band of each label."""


def tiny_spec(**changes: Any) -> TaggerSpec:
    settings: dict[str, Any] = {
        "vocabulary": "instrunet",
        "labels": LABELS,
        "front_end": FRONT_END,
        "window_s": 1.0,
        "hop_s": 0.5,
        "outputs": ("clip", "frames"),
        "aggregation": Aggregation("max"),
    }
    return TaggerSpec(**{**settings, **changes})


def tiny_network(n_mels: int = 16, n_classes: int = 3, n_frames: int | None = None) -> bytes:
    """frames = 8 * level of the band - 4; clip = mean of frames; attention = 1."""
    pick = np.zeros((n_classes, n_mels), np.float32)
    for row, band in zip(range(n_classes), BANDS, strict=False):
        pick[row, band] = 8.0
    axes = numpy_helper.from_array(np.array([1], np.int64), "axis")
    nodes = [
        helper.make_node("Squeeze", ["mel", "axis"], ["levels"]),
        helper.make_node("MatMul", ["pick", "levels"], ["loud"]),
        helper.make_node("Sub", ["loud", "four"], ["frames"]),
        helper.make_node("ReduceMean", ["frames", "last"], ["clip"], keepdims=0),
        helper.make_node("Sub", ["frames", "frames"], ["nothing"]),
        helper.make_node("Exp", ["nothing"], ["attention"]),
    ]
    constants = [
        axes,
        numpy_helper.from_array(pick, "pick"),
        numpy_helper.from_array(np.array(4.0, np.float32), "four"),
        numpy_helper.from_array(np.array([2], np.int64), "last"),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("mel", TensorProto.FLOAT, ["batch", 1, n_mels, n_frames or "frames"])],
        [
            helper.make_tensor_value_info("clip", TensorProto.FLOAT, ["batch", n_classes]),
            helper.make_tensor_value_info("frames", TensorProto.FLOAT, ["batch", n_classes, n_frames or "frames"]),
            helper.make_tensor_value_info("attention", TensorProto.FLOAT, ["batch", n_classes, n_frames or "frames"]),
        ],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def save_tiny(path: Path, **changes: Any) -> Bundle:
    """A small bundle; changes go to its TaggerSpec."""
    about = About(name="tiny", licence="Apache-2.0", title="Three bands of a mel spectrogram")
    files: dict[str, bytes | str | Path] = {"model.onnx": tiny_network(), "CARD.md": "# tiny\n"}
    return save_bundle(path, about=about, spec=tiny_spec(**changes), files=files)
