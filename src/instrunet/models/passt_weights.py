"""The public PaSST checkpoints, read once without running any pickled code and kept as safetensors."""

from __future__ import annotations

import json
import os
import pickle  # nosec B403 - for its error only; nothing is unpickled
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

from instrunet.errors import MissingExtraError
from instrunet.files import written_whole
from instrunet.models.passt import Passt, PasstConfig
from instrunet.models.weights import PublicWeights, WeightsError, obtain, sha256_of

_RELEASES = "https://github.com/kkoutini/PaSST/releases/download"

CHECKPOINTS: dict[str, PublicWeights] = {
    "passt_s_swa_p16_128_ap476": PublicWeights(
        "PaSST-S (AudioSet)",
        f"{_RELEASES}/v0.0.1-audioset/passt-s-f128-p16-s10-ap.476-swa.pt",
        "Apache-2.0",
        "302903fa8c4aee817b11dc982da0b29aaf8d11a3e722420476d0a12c9db70c2c",
    ),
    "openmic2008_passt_u_f128_p16_s10_ap85_swa": PublicWeights(
        "PaSST (OpenMIC)",
        f"{_RELEASES}/v0.0.4-openmic/openmic2008.passt-u-f128-p16-s10-ap.85-swa.pt",
        "Apache-2.0",
    ),
}
"""Published name -> file. The AudioSet digest is the one that other projects record for this release."""

_RENAMED = (
    (r"^patch_embed\.proj\.", "patches."),
    (r"^new_pos_embed$", "token_position"),
    (r"^freq_new_pos_embed$", "frequency_position"),
    (r"^time_new_pos_embed$", "time_position"),
    (r"^(blocks\.\d+)\.norm1\.", r"\1.norm_attention."),
    (r"^(blocks\.\d+)\.attn\.qkv\.", r"\1.qkv."),
    (r"^(blocks\.\d+)\.attn\.proj\.", r"\1.out."),
    (r"^(blocks\.\d+)\.norm2\.", r"\1.norm_mlp."),
    (r"^(blocks\.\d+)\.mlp\.fc1\.", r"\1.mlp.0."),
    (r"^(blocks\.\d+)\.mlp\.fc2\.", r"\1.mlp.2."),
)
_UNUSED = ("head_dist.",)  # the distillation head plays no part in the published forward pass


@dataclass(frozen=True)
class ConvertedWeights:
    """Where the safetensors file lies, what it was made from, and the network that it fits."""

    path: Path
    source_sha256: str
    config: PasstConfig


def converted(
    name: str, *, path: str | os.PathLike[str] | None = None, folder: str | os.PathLike[str] | None = None
) -> ConvertedWeights:
    """Return a published checkpoint as safetensors, fetching and converting it on first use.

    Args:
        name: a key of ``CHECKPOINTS``.
        path: the checkpoint, where the user has it already.
        folder: where the safetensors file goes; by default beside the checkpoint.
    """
    if name not in CHECKPOINTS:
        raise WeightsError(f"there is no public PaSST checkpoint {name!r}; known: {', '.join(CHECKPOINTS)}")
    source = obtain(CHECKPOINTS[name], path=path)
    return convert(source, Path(folder or source.parent) / f"{name}.safetensors")


def convert(checkpoint: Path, target: Path) -> ConvertedWeights:
    """Read a published checkpoint with ``weights_only=True`` and write our names as safetensors, digest recorded.

    Raises:
        WeightsError: the file is no PaSST checkpoint, or holds more than tensors.
    """
    try:
        from safetensors.torch import save_file
    except ImportError as error:
        raise MissingExtraError("train", "writing safetensors") from error
    try:
        published = torch.load(checkpoint, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError) as error:
        raise WeightsError(f"{checkpoint}: not a plain file of tensors; it is not read") from error
    ours = renamed(published)
    config = config_of(ours, checkpoint)
    digest = sha256_of(checkpoint)
    record = {"source_sha256": digest, "config": json.dumps(asdict(config))}
    with written_whole(target) as beside:
        save_file({key: value.contiguous() for key, value in ours.items()}, beside, metadata=record)
    return ConvertedWeights(target, digest, config)


def renamed(published: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Give each published tensor our name; the two class tokens become one tensor of two rows."""
    ours: dict[str, Tensor] = {}
    for key, value in published.items():
        if key in ("cls_token", "dist_token") or key.startswith(_UNUSED):
            continue
        for pattern, replacement in _RENAMED:
            key = re.sub(pattern, replacement, key)
        ours[key] = value.float()
    if "cls_token" in published and "dist_token" in published:
        ours["tokens"] = torch.cat((published["cls_token"], published["dist_token"]), dim=1).float()
    return ours


def config_of(ours: Mapping[str, Tensor], source: Path) -> PasstConfig:
    """Read the sizes off the tensors (heads are 64 wide, as in every published PaSST)."""
    try:
        width, _, patch, _ = ours["patches.weight"].shape
        rows, columns = ours["frequency_position"].shape[2], ours["time_position"].shape[3]
        depth = 1 + max(int(key.split(".")[1]) for key in ours if key.startswith("blocks."))
        n_classes = len(ours["head.1.bias"])
    except (KeyError, ValueError) as error:
        raise WeightsError(f"{source}: not a PaSST checkpoint: {error} is missing") from error
    stride = 10
    frames, mels = (columns - 1) * stride + patch, (rows - 1) * stride + patch
    heads = max(1, width // 64)
    # 998 frames and 128 mels leave a rest of two that no patch covers
    return PasstConfig(
        n_classes=n_classes, n_mels=mels + 2 if rows == 12 else mels, n_frames=frames + 2 if columns == 99 else frames,
        patch=patch, stride=stride, width=width, depth=depth, heads=heads,
    )  # fmt: skip


def load_pretrained(network: Passt, weights: Path) -> tuple[str, ...]:
    """Copy converted weights into a network; what does not fit its head is left as it was.

    A network with fewer time positions takes the first ones. Returns the names that were not copied.
    """
    from safetensors.torch import load_file

    state, own = load_file(weights), network.state_dict()
    columns = own["time_position"].shape[-1]
    if state["time_position"].shape[-1] > columns:
        state["time_position"] = state["time_position"][..., :columns].contiguous()
    fitting = {key: value for key, value in state.items() if key in own and own[key].shape == value.shape}
    missing = tuple(sorted(set(own) - set(fitting)))
    if any(not key.startswith("head.") for key in missing):
        raise WeightsError(f"{weights}: the checkpoint does not fit this PaSST: {', '.join(missing[:3])} differ")
    network.load_state_dict(fitting, strict=False)
    return missing
