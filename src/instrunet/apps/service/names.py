"""Names that strangers give to files."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

from instrunet.audio import shown


def clean_name(name: str) -> str:
    r"""The last part of whatever path a sender gives, in printable characters.

    >>> clean_name("../../etc/passwd"), clean_name("C:\\Music\\a.wav"), clean_name("")
    ('passwd', 'a.wav', 'upload')
    """
    last = PureWindowsPath(PurePosixPath(name.replace("\0", "")).name).name
    return shown(last.encode("utf-8", "replace"))[:200] or "upload"
