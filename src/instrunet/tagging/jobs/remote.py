"""Recordings and tables in buckets: looked up, fetched one at a time and delivered through fsspec."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from instrunet.audio import AUDIO_SUFFIXES, AudioError
from instrunet.errors import InstrunetError, MissingExtraError, UsageError
from instrunet.tagging.jobs.ledger import Fingerprint

PROTOCOLS = ("s3", "gs", "gcs", "az", "abfs", "sftp", "memory")
WHOLE_AT_ONCE = ("s3", "gs", "gcs", "az", "abfs")
"""Stores in which an object appears only when it is complete."""

MOST_BYTES = 8 << 30
PIECE_BYTES = 1 << 20


def is_remote(name: str) -> bool:
    """Whether a name is a URL rather than a path.

    >>> is_remote("s3://bucket/songs/"), is_remote("songs/a.wav"), is_remote("C:/songs")
    (True, False, False)
    """
    return re.match(r"[a-zA-Z][a-zA-Z0-9+.-]+://", name) is not None


def localised(name: str) -> str:
    """A ``file://`` URL as the path that it means; anything else as it is.

    >>> localised("file:///music/a%20b.wav"), localised("s3://bucket/a.wav")
    ('/music/a b.wav', 's3://bucket/a.wav')
    """
    if not name.lower().startswith("file://"):
        return name
    from urllib.parse import unquote

    return unquote(name[len("file://") :])


def find_remote(urls: Iterable[str]) -> list[str]:
    """The audio behind URLs of files, folders (searched throughout) or patterns, each once and in order.

    As with local files, what leads to nothing stays in the list, so that fetching it says what is wrong.

    Raises:
        UsageError: the protocol is none that may be used.
        InstrunetError: the store cannot be reached.
    """
    found: dict[str, None] = {}
    for url in urls:
        store, place = _opened(url)
        with _told(url):
            if "*" in place or "?" in place:
                names = store.glob(place)
            elif not url.endswith("/") and store.isfile(place):
                names = [place]
            else:
                names = _inside(store, place)
        for name in sorted(names) or [place]:
            found.setdefault(store.unstrip_protocol(name))
    return list(found)


def look_at(url: str) -> Fingerprint | None:
    """What tells whether an object has changed: its size, its time and its tag; ``None`` if it is not there."""
    store, place = _opened(url)
    try:
        facts = store.info(place)
    except Exception:  # noqa: BLE001 - a store may raise anything; fetching the file will put it into words
        return None
    changed = next((facts[key] for key in ("LastModified", "mtime", "updated", "created") if facts.get(key)), 0)
    seconds = changed.timestamp() if isinstance(changed, datetime) else float(changed)
    tag = next((facts[key] for key in ("ETag", "etag", "md5Hash") if facts.get(key)), None)
    content = None if tag is None else hashlib.sha256(str(tag).encode()).hexdigest()
    return Fingerprint(int(facts.get("size") or 0), int(seconds * 1e9), content)


@contextmanager
def fetched(
    url: str, *, beat: Callable[[], None] = lambda: None, most_bytes: int = MOST_BYTES
) -> Iterator[Path]:  # fmt: skip
    """Copy an object to a temporary file, piece by piece; it is gone at the end of the block.

    Args:
        url: The object.
        beat: Called after every piece, as a sign of life.
        most_bytes: A larger object is refused, at the latest when so much of it has come.

    Raises:
        AudioError: it is not there, cannot be read, or is too large.
    """
    store, place = _opened(url)
    suffix = os.path.splitext(place)[1]
    handle, name = tempfile.mkstemp(prefix="instrunet-", suffix=suffix if suffix.lower() in AUDIO_SUFFIXES else "")
    try:
        with os.fdopen(handle, "wb") as file, _told(url), store.open(place, "rb") as source:
            n_bytes = 0
            while piece := source.read(PIECE_BYTES):
                n_bytes += len(piece)
                if n_bytes > most_bytes:
                    raise AudioError(f"{url}: is larger than the {most_bytes >> 20} MB that are fetched; cut it up")
                file.write(piece)
                beat()
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def deliver(path: Path, url: str) -> None:
    """Put a local file into a store, so that nobody sees half of it.

    Raises:
        InstrunetError: the store cannot be written to.
    """
    store, place = _opened(url)
    with _told(url):
        if url.partition("://")[0].lower() in WHOLE_AT_ONCE:
            store.put_file(os.fspath(path), place)
            return
        store.makedirs(place.rpartition("/")[0], exist_ok=True)
        store.put_file(os.fspath(path), place + ".part")
        store.mv(place + ".part", place)


def _inside(store: Any, place: str) -> list[str]:
    try:
        names = store.find(place)
    except FileNotFoundError:
        return []
    return [name for name in names if _is_audio(name)]


def _is_audio(name: str) -> bool:
    last = name.rpartition("/")[2]
    return not last.startswith(".") and os.path.splitext(last)[1].lower() in AUDIO_SUFFIXES


def _opened(url: str) -> tuple[Any, str]:
    protocol = url.partition("://")[0].lower()
    if protocol not in PROTOCOLS or "::" in url:
        raise UsageError(f"{url}: only {', '.join(p + '://' for p in PROTOCOLS)} can be read and written")
    try:
        import fsspec

        return fsspec.core.url_to_fs(url)
    except ImportError as error:
        raise MissingExtraError("remote", f"reaching {protocol}://") from error


@contextmanager
def _told(url: str) -> Iterator[None]:
    """What a store raises, as one sentence that names the object."""
    try:
        yield
    except InstrunetError:
        raise
    except FileNotFoundError as error:
        raise AudioError(f"{url}: no such file in the store; check the name") from error
    except Exception as error:
        raise AudioError(f"{url}: cannot be reached ({error}); check the name and your credentials") from error
