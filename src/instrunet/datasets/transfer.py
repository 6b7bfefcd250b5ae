"""Fetching one file over HTTP: checked, and resumed where an earlier attempt broke off."""

from __future__ import annotations

import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from instrunet.errors import InstrunetError

BLOCK = 1 << 20
TIMEOUT_S = 60.0
ATTEMPTS = 5
"""Connections that may break before a transfer is given up; each goes on where the last one stopped."""
Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class Remote:
    """A file to fetch.

    Attributes:
        name: what a part of a data set is called on the command line.
        md5: the publisher's checksum; None where none is published.
        folder: where it goes and is unpacked, relative to the data set's folder.
    """

    name: str
    url: str
    filename: str
    md5: str | None = None
    folder: str = ""


@dataclass(frozen=True)
class Fetched:
    """A file that is there and checked: ``digest`` is its MD5, ``was_there`` whether nothing had to be fetched."""

    path: Path
    digest: str
    was_there: bool


def fetch(remote: Remote, folder: Path, *, progress: Progress | None = None) -> Fetched:
    """Fetch a file whole, or not at all.

    What came before a break stays in ``NAME.part`` and is gone on from.

    Raises:
        InstrunetError: the server refuses, the connection keeps breaking, the disk is full, or the checksum is wrong.
    """
    if urlsplit(remote.url).scheme not in ("http", "https"):
        raise InstrunetError(f"{remote.url}: only http and https addresses are fetched")
    target = folder / remote.folder / remote.filename
    if target.exists():
        digest = md5_of(target)
        if remote.md5 in (None, digest):
            return Fetched(target, digest, was_there=True)
        raise InstrunetError(f"{target}: its MD5 is {digest}, the publisher's {remote.md5}; remove it to fetch it anew")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    _receive(remote.url, part, progress)
    digest = md5_of(part)
    if remote.md5 not in (None, digest):
        part.unlink()
        raise InstrunetError(f"{remote.url}: what came has the MD5 {digest}, not {remote.md5}; removed, try again")
    part.replace(target)
    return Fetched(target, digest, was_there=False)


def _receive(url: str, part: Path, progress: Progress | None) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        before = part.stat().st_size if part.exists() else 0
        try:
            if _receive_rest(url, part, progress):
                return
        except urllib.error.HTTPError as error:
            if error.code == 416 and before:  # nothing is left to send: the part is whole, or no longer fits
                return
            raise InstrunetError(f"{url}: the server says {error.code} {error.reason}") from error
        except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError) as error:
            if attempt == ATTEMPTS:
                reason = getattr(error, "reason", None) or error
                raise InstrunetError(
                    f"{url}: the connection broke ({reason}); run the command again to go on"
                ) from error
        except OSError as error:
            raise InstrunetError(f"{part}: cannot be written: {error.strerror or error}") from error
    raise InstrunetError(f"{url}: the connection kept breaking off; run the command again to go on")


def _receive_rest(url: str, part: Path, progress: Progress | None) -> bool:
    """Append what is lacking; True when the server sent all it had announced."""
    have = part.stat().st_size if part.exists() else 0
    headers = {"Range": f"bytes={have}-"} if have else {}
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # nosec B310 - fetch() takes http(s) only
        if answer.status != 206:
            have = 0  # the server cannot go on in the middle: begin anew
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length is not None else None
        with part.open("ab" if have else "wb") as file:
            while block := answer.read(BLOCK):
                file.write(block)
                have += len(block)
                if progress:
                    progress(have, total)
    return total is None or have >= total


def md5_of(path: Path) -> str:
    """MD5 of a file, the checksum that Zenodo publishes."""
    digest = hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
