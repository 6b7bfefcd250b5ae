"""Weights that other people trained: named, fetched on the user's machine, checked by SHA-256, kept in a cache."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from instrunet.errors import InstrunetError
from instrunet.files import written_whole

_LOG = logging.getLogger(__name__)
_TIMEOUT_S = 60


class WeightsError(InstrunetError):
    """Weights are absent, cannot be fetched, or are not the ones that were named."""


@dataclass(frozen=True)
class PublicWeights:
    """One published file of weights.

    ``sha256`` is None where no trustworthy digest is known; then the digest of the first download is written beside the
    file and every later use is checked against it.
    """

    name: str
    url: str
    licence: str
    sha256: str | None = None

    @property
    def file_name(self) -> str:
        """The last part of the address."""
        return self.url.rsplit("/", 1)[-1]


def cache_folder() -> Path:
    """Where fetched weights live: ``$INSTRUNET_CACHE``, or ``instrunet`` in the user's cache folder."""
    named = os.environ.get("INSTRUNET_CACHE")
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return (Path(named) if named else Path(base) / "instrunet") / "weights"


def local_copy(weights: PublicWeights) -> Path | None:
    """The file in the folder that ``$INSTRUNET_WEIGHTS`` names, for machines without a network, or None."""
    folder = os.environ.get("INSTRUNET_WEIGHTS")
    copy = Path(folder).expanduser() / weights.file_name if folder else None
    return copy if copy is not None and copy.is_file() else None


def sha256_of(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 of a file as hexadecimal text."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def obtain(weights: PublicWeights, *, path: str | os.PathLike[str] | None = None, fetch: bool = True) -> Path:
    """Return a local file that holds ``weights``: the one at ``path``, a local copy, or the cached download.

    Args:
        weights: what is wanted.
        path: a copy that the user already has; it is checked like a download.
        fetch: False forbids the network; then only ``path`` or the cache can answer.

    Raises:
        WeightsError: the file is missing, the download failed, or the digest differs.
    """
    path = path if path is not None else local_copy(weights)
    if path is not None:
        local = Path(path).expanduser()
        if not local.is_file():
            raise WeightsError(f"{local}: no such file; give the path of the {weights.name} weights ({weights.url})")
        _check(weights, local)
        return local
    kept = cache_folder() / weights.file_name
    if not kept.is_file():
        if not fetch:
            raise WeightsError(f"the {weights.name} weights are not in {kept.parent}; fetch them from {weights.url}")
        _download(weights, kept)
    _check(weights, kept)
    return kept


def _check(weights: PublicWeights, path: Path) -> None:
    record = path.with_name(path.name + ".sha256")
    expected = weights.sha256 or (record.read_text(encoding="utf-8").strip() if record.is_file() else None)
    if expected is None:
        return
    found = sha256_of(path)
    if found != expected:
        raise WeightsError(
            f"{path}: these are not the {weights.name} weights (sha256 {found[:12]}…, expected {expected[:12]}…); "
            "remove the file and fetch it again"
        )


def _download(weights: PublicWeights, target: Path) -> None:
    if not weights.url.startswith("https://"):
        raise WeightsError(f"{weights.url}: only https addresses are fetched")
    _LOG.warning("fetching %s (%s) from %s", weights.name, weights.licence, weights.url)
    try:
        with (
            urllib.request.urlopen(weights.url, timeout=_TIMEOUT_S) as answer,  # nosec B310
            written_whole(target) as beside,
            beside.open("wb") as stream,
        ):
            shutil.copyfileobj(answer, stream)
    except (urllib.error.URLError, TimeoutError) as error:
        raise WeightsError(
            f"{weights.url}: cannot be fetched ({error}); download it elsewhere and set INSTRUNET_WEIGHTS to its folder"
        ) from error
    if weights.sha256 is None:
        digest = sha256_of(target)
        with written_whole(target.with_name(target.name + ".sha256")) as beside:
            beside.write_text(digest + "\n", encoding="utf-8")
        _LOG.warning("recorded sha256 %s for %s at this first download", digest, target)
