"""Where the files of a bundle lie: a folder or one .zip, read in memory and never unpacked."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath

from instrunet.bundles.errors import BundleError

MAX_FILE_BYTES = 4 * 1024**3
_PICKLE_SUFFIXES = {".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".joblib", ".npy", ".npz", ".h5", ".keras"}


class Place:
    """The files of a bundle, by name.

    Args:
        path: a folder, or a ``.zip`` whose files lie at its top or in one folder.

    Raises:
        BundleError: there is no such bundle, or it holds a pickle.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if is_pickle_name(path.name):
            raise BundleError(
                f"{path}: pickled weights can run any program on this machine and are never opened; "
                "export the model to ONNX and save it as a bundle"
            )
        if not path.exists():
            raise BundleError(f"{path}: there is no such bundle; `instrunet models list` shows what there is")
        self._zip = _opened(path) if path.is_file() else None
        self._prefix = _common_folder(self._zip) if self._zip else ""
        for name in self.names():
            if is_pickle_name(name) or self._starts_like_a_pickle(name):
                raise BundleError(
                    f"{path}: holds {name}, a pickle, which can run any program; such bundles are refused"
                )

    def names(self) -> list[str]:
        """All files, as paths relative to the bundle."""
        if self._zip is None:
            return sorted(p.relative_to(self.path).as_posix() for p in self.path.rglob("*") if p.is_file())
        found = (i.filename for i in self._zip.infolist() if not i.is_dir())
        return sorted(name.removeprefix(self._prefix) for name in found)

    def read(self, name: str) -> bytes:
        """The content of one file."""
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
            raise BundleError(f"{self.path}: {name} lies outside the bundle")
        try:
            if self._zip is None:
                return (self.path / name).read_bytes()
            if self._zip.getinfo(self._prefix + name).file_size > MAX_FILE_BYTES:
                raise BundleError(f"{self.path}: {name} unpacks to more than 4 GB, which no model of ours does")
            return self._zip.read(self._prefix + name)
        except (FileNotFoundError, KeyError):
            raise BundleError(f"{self.path}: {name} is missing") from None
        except (OSError, zipfile.BadZipFile, RuntimeError) as error:
            raise BundleError(f"{self.path}: {name} cannot be read: {error}") from error

    def _starts_like_a_pickle(self, name: str) -> bool:
        if name.endswith(".safetensors"):  # its first bytes are a length, any value
            return False
        head = self._head(name)
        # Protocols 2 to 5 begin so; torch's files begin like any zip, which has no place inside a bundle either.
        return (len(head) > 1 and head[0] == 0x80 and 2 <= head[1] <= 5) or head == b"PK\x03\x04"

    def _head(self, name: str) -> bytes:
        try:
            if self._zip is None:
                with (self.path / name).open("rb") as file:
                    return file.read(4)
            with self._zip.open(self._prefix + name) as member:
                return member.read(4)
        except (OSError, zipfile.BadZipFile, RuntimeError) as error:
            raise BundleError(f"{self.path}: {name} cannot be read: {error}") from error


def is_pickle_name(name: str) -> bool:
    """Whether a file of that name is a pickle, or a format that may hold one.

    >>> is_pickle_name("weights.PT"), is_pickle_name("model.onnx")
    (True, False)
    """
    return PurePosixPath(name).suffix.lower() in _PICKLE_SUFFIXES


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except zipfile.BadZipFile:
        raise BundleError(f"{path}: is neither a folder nor a .zip that can be opened") from None
    except OSError as error:
        raise BundleError(f"{path}: cannot be read: {error.strerror or error}") from error


def _common_folder(archive: zipfile.ZipFile) -> str:
    """The folder that bundle.json lies in, because many people zip the folder and not its content."""
    for name in archive.namelist():
        if PurePosixPath(name).name == "bundle.json" and len(PurePosixPath(name).parts) == 2:
            return name.removesuffix("bundle.json")
    return ""
