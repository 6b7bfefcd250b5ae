"""Conversion of the published PaSST checkpoints, tried on one of their layout that we make ourselves."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from torch import Tensor

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from safetensors import safe_open  # noqa: E402

from instrunet.models.passt import Passt  # noqa: E402
from instrunet.models.passt_weights import CHECKPOINTS, convert, converted, load_pretrained  # noqa: E402
from instrunet.models.weights import WeightsError, sha256_of  # noqa: E402

WIDTH, DEPTH, ROWS, COLUMNS, CLASSES = 64, 2, 3, 6, 5


def published_state() -> dict[str, Tensor]:
    """Tensors named and shaped as the published files have them, of a small width."""
    torch.manual_seed(1)
    shapes: dict[str, tuple[int, ...]] = {
        "cls_token": (1, 1, WIDTH),
        "dist_token": (1, 1, WIDTH),
        "new_pos_embed": (1, 2, WIDTH),
        "freq_new_pos_embed": (1, WIDTH, ROWS, 1),
        "time_new_pos_embed": (1, WIDTH, 1, COLUMNS),
        "patch_embed.proj.weight": (WIDTH, 1, 16, 16),
        "patch_embed.proj.bias": (WIDTH,),
        "norm.weight": (WIDTH,),
        "norm.bias": (WIDTH,),
        "head.0.weight": (WIDTH,),
        "head.0.bias": (WIDTH,),
        "head.1.weight": (CLASSES, WIDTH),
        "head.1.bias": (CLASSES,),
        "head_dist.weight": (CLASSES, WIDTH),
        "head_dist.bias": (CLASSES,),
    }
    for i in range(DEPTH):
        for name, shape in {
            "norm1": (WIDTH, WIDTH), "norm2": (WIDTH, WIDTH), "attn.qkv": (3 * WIDTH, WIDTH),
            "attn.proj": (WIDTH, WIDTH), "mlp.fc1": (4 * WIDTH, WIDTH), "mlp.fc2": (WIDTH, 4 * WIDTH),
        }.items():  # fmt: skip
            shapes[f"blocks.{i}.{name}.weight"] = shape if "norm" not in name else (WIDTH,)
            shapes[f"blocks.{i}.{name}.bias"] = shape[:1]
    return {key: 0.1 * torch.randn(shape) for key, shape in shapes.items()}


def slow_twin(state: dict[str, Tensor], mel: Tensor) -> Tensor:
    """The published forward pass, written out plainly on the published names."""
    f = torch.nn.functional
    x = f.conv2d(mel, state["patch_embed.proj.weight"], state["patch_embed.proj.bias"], stride=10)
    x = x + state["time_new_pos_embed"][..., : x.shape[-1]] + state["freq_new_pos_embed"]
    x = x.flatten(2).transpose(1, 2)
    first = state["cls_token"] + state["new_pos_embed"][:, :1]
    second = state["dist_token"] + state["new_pos_embed"][:, 1:]
    x = torch.cat((first.expand(len(x), -1, -1), second.expand(len(x), -1, -1), x), dim=1)

    def norm(y: Tensor, name: str, eps: float = 1e-6) -> Tensor:
        return f.layer_norm(y, (WIDTH,), state[f"{name}.weight"], state[f"{name}.bias"], eps)

    def dense(y: Tensor, name: str) -> Tensor:
        return y @ state[f"{name}.weight"].T + state[f"{name}.bias"]

    for i in range(DEPTH):
        qkv = dense(norm(x, f"blocks.{i}.norm1"), f"blocks.{i}.attn.qkv")
        q, k, v = qkv[..., :WIDTH], qkv[..., WIDTH : 2 * WIDTH], qkv[..., 2 * WIDTH :]  # one head of 64
        attention = (q @ k.transpose(1, 2) / WIDTH**0.5).softmax(-1)
        x = x + dense(attention @ v, f"blocks.{i}.attn.proj")
        x = x + dense(f.gelu(dense(norm(x, f"blocks.{i}.norm2"), f"blocks.{i}.mlp.fc1")), f"blocks.{i}.mlp.fc2")
    x = norm(x, "norm")
    return dense(norm((x[:, 0] + x[:, 1]) / 2, "head.0", 1e-5), "head.1")


def test_converted_weights_compute_what_the_published_ones_do(tmp_path: Path) -> None:
    checkpoint = tmp_path / "public.pt"
    torch.save(published_state(), checkpoint)
    result = convert(checkpoint, tmp_path / "ours.safetensors")
    assert (result.config.n_classes, result.config.depth, result.config.heads) == (CLASSES, DEPTH, 1)
    network = Passt(result.config).eval()
    assert load_pretrained(network, result.path) == ()
    mel = torch.randn(2, 1, result.config.n_mels, 56)
    with torch.inference_mode():
        torch.testing.assert_close(network(mel), slow_twin(published_state(), mel), atol=1e-5, rtol=1e-5)


def test_the_source_digest_is_recorded(tmp_path: Path) -> None:
    checkpoint = tmp_path / "public.pt"
    torch.save(published_state(), checkpoint)
    result = convert(checkpoint, tmp_path / "ours.safetensors")
    with safe_open(result.path, "pt") as stream:
        metadata = stream.metadata()
    assert metadata["source_sha256"] == result.source_sha256 == sha256_of(checkpoint)
    assert json.loads(metadata["config"])["width"] == WIDTH


def test_another_head_keeps_its_own_weights(tmp_path: Path) -> None:
    checkpoint = tmp_path / "public.pt"
    torch.save(published_state(), checkpoint)
    result = convert(checkpoint, tmp_path / "ours.safetensors")
    settings = replace(result.config, n_classes=9, n_frames=46)
    assert load_pretrained(Passt(settings), result.path) == ("head.1.bias", "head.1.weight")
    with pytest.raises(WeightsError, match="does not fit"):
        load_pretrained(Passt(replace(settings, width=32)), result.path)


def test_pickled_code_is_never_run(tmp_path: Path) -> None:
    class Sly:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (str(tmp_path / "ran"),))

    checkpoint = tmp_path / "public.pt"
    torch.save({"cls_token": Sly()}, checkpoint)
    with pytest.raises(WeightsError, match="not a plain file of tensors"):
        convert(checkpoint, tmp_path / "ours.safetensors")
    assert not (tmp_path / "ran").exists()


def test_wrong_files_and_names_are_sentences(tmp_path: Path) -> None:
    checkpoint = tmp_path / "other.pt"
    torch.save({"weight": torch.zeros(2)}, checkpoint)
    with pytest.raises(WeightsError, match="not a PaSST checkpoint"):
        convert(checkpoint, tmp_path / "ours.safetensors")
    with pytest.raises(WeightsError, match="no public PaSST checkpoint"):
        converted("passt_xl")
    name = next(iter(CHECKPOINTS))
    with pytest.raises(WeightsError, match="not the PaSST-S"):
        converted(name, path=checkpoint)
