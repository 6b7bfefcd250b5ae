"""Unpacking what was downloaded, inside its folder and nowhere else."""

from __future__ import annotations

import shutil
import tarfile
import zipfile
from pathlib import Path

from instrunet.errors import InstrunetError


def is_archive(path: Path) -> bool:
    """Whether a file's name says that it is an archive.

    >>> is_archive(Path("a.tar.gz")), is_archive(Path("a.csv"))
    (True, False)
    """
    return path.name.lower().endswith((".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2"))


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a zip or tar archive.

    Raises:
        InstrunetError: the archive is damaged, or a member would land outside the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        if zipfile.is_zipfile(archive):
            _unpack_zip(archive, folder)
        else:
            with tarfile.open(archive) as tar:
                tar.extractall(folder, filter="data")  # the data filter refuses what leads outside
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError) as error:
        raise InstrunetError(f"{archive}: cannot be unpacked: {error}") from error


def _unpack_zip(archive: Path, folder: Path) -> None:
    root = folder.resolve()
    with zipfile.ZipFile(archive) as members:
        for member in members.infolist():
            target = (root / _name(member)).resolve()
            if not target.is_relative_to(root):
                raise InstrunetError(f"{archive}: {member.filename!r} would land outside {folder}; not unpacked")
            if member.is_dir():
                target.mkdir(parents=True, exist_ok=True)
                continue
            target.parent.mkdir(parents=True, exist_ok=True)
            with members.open(member) as source, target.open("wb") as sink:
                shutil.copyfileobj(source, sink)


def _name(member: zipfile.ZipInfo) -> str:
    """The member's name; archives like IRMAS' hold UTF-8 without saying so, which reads as cp437."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return member.filename
