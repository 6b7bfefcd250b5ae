"""OpenMIC's ``.npz`` without trusting its pickle: the keys are Python strings, and nothing else may be made of them."""

from __future__ import annotations

import pickle  # nosec B403 - for an unpickler that makes strings only
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from instrunet.errors import InstrunetError

_HARMLESS = {"_reconstruct", "ndarray", "dtype", "_frombuffer", "scalar"}


@dataclass(frozen=True)
class OpenmicArrays:
    """Keys, relevance (n_clips, 20) and which relevances were observed (n_clips, 20)."""

    keys: tuple[str, ...]
    relevance: NDArray[np.float64]
    observed: NDArray[np.bool_]


def read_openmic_npz(path: Path, n_labels: int) -> OpenmicArrays:
    """Read ``Y_true``, ``Y_mask`` and ``sample_key``.

    Raises:
        InstrunetError: the file is damaged, holds something else, or holds a pickle that is more than an array.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            relevance, observed, keys = (_array(archive, name) for name in ("Y_true", "Y_mask", "sample_key"))
    except (zipfile.BadZipFile, KeyError, ValueError, OSError, EOFError, pickle.UnpicklingError) as error:
        raise InstrunetError(f"{path}: not OpenMIC's arrays ({error})") from error
    if relevance.shape != (len(keys), n_labels) or observed.shape != relevance.shape:
        raise InstrunetError(
            f"{path}: Y_true {relevance.shape} and Y_mask {observed.shape} do not fit {len(keys)} keys"
        )
    return OpenmicArrays(tuple(str(key) for key in keys), relevance.astype(np.float64), observed.astype(np.bool_))


def _array(archive: zipfile.ZipFile, name: str) -> NDArray[Any]:
    with archive.open(f"{name}.npy") as file:
        version = np.lib.format.read_magic(file)
        read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read_header(file)
        if dtype.hasobject:
            return np.asarray(_StringsOnly(file).load())
        return np.frombuffer(file.read(), dtype).reshape(shape)


class _StringsOnly(pickle.Unpickler):
    def __init__(self, file: IO[bytes]) -> None:
        super().__init__(file)

    def find_class(self, module: str, name: str) -> Any:
        if module.split(".")[0] == "numpy" and name in _HARMLESS:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"it wants to make a {module}.{name}")
