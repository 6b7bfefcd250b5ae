"""Downloading a data set where its licence allows it: mirdata knows the addresses and checksums of most."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from instrunet.datasets.archives import is_archive, unpack
from instrunet.datasets.registry import dataset
from instrunet.datasets.transfer import Fetched, Remote, fetch
from instrunet.errors import InstrunetError, MissingExtraError, UsageError
from instrunet.files import written_whole

RECORD = ".downloads.json"
"""What was fetched: address, MD5, and whether it was unpacked; a second run does nothing twice."""
_MAGENTA = "http://download.magenta.tensorflow.org/datasets/nsynth"
_OWN_ADDRESSES = {
    "nsynth": tuple(
        Remote(part, f"{_MAGENTA}/nsynth-{part}.jsonwav.tar.gz", f"nsynth-{part}.jsonwav.tar.gz")
        for part in ("train", "valid", "test")
    )
}
_ON_REQUEST = {
    "medleydb": "https://zenodo.org/record/1649325 (version 1) and https://zenodo.org/record/1715175 (version 2)"
}
_USUAL_PARTS = {"slakh": ("2100-redux",)}
Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Download:
    """One part after a download: where it lies, its MD5, and whether the publisher's checksum could be compared."""

    part: str
    path: Path
    md5: str
    checked: bool
    was_there: bool


def remotes(name: str) -> tuple[Remote, ...]:
    """The files of a data set: parts, addresses, checksums.

    Raises:
        InstrunetError: the data set is given on request only, or nobody publishes an address.
    """
    facts = dataset(name).facts
    if name in _ON_REQUEST:
        raise InstrunetError(
            f"{facts.title} is given out on request: {_ON_REQUEST[name]}; unpack it and index the folder"
        )
    if name in _OWN_ADDRESSES:
        return _OWN_ADDRESSES[name]
    if facts.mirdata is None:
        raise InstrunetError(
            f"{facts.title} cannot be downloaded from here" + (f"; see {facts.url}" if facts.url else "")
        )
    return _of_mirdata(facts.mirdata)


def _of_mirdata(loader: str) -> tuple[Remote, ...]:
    import importlib

    try:
        module = importlib.import_module(f"mirdata.datasets.{loader}")
    except ImportError as error:
        raise MissingExtraError("data", "downloading data sets") from error
    return tuple(
        Remote(part, entry.url, entry.filename, entry.checksum, entry.destination_dir or "")
        for part, entry in module.REMOTES.items()
    )


def chosen_remotes(name: str, parts: Sequence[str] = ()) -> tuple[Remote, ...]:
    """The parts that were asked for, or those that are usually wanted.

    Raises:
        UsageError: there is no such part.
    """
    known = {remote.name: remote for remote in remotes(name)}
    wanted = tuple(parts) or _USUAL_PARTS.get(name, tuple(known))
    strange = [part for part in wanted if part not in known]
    if strange:
        raise UsageError(f"{name} has no part {', '.join(strange)}; it has {', '.join(known)}")
    return tuple(known[part] for part in wanted)


def download(
    wanted: Sequence[Remote], folder: Path, *, keep_archives: bool = True, progress: Progress | None = None
) -> list[Download]:
    """Fetch, check and unpack files; what an earlier run finished is not done again.

    A checksum that nobody publishes is recorded at the first download and compared from then on.

    Raises:
        InstrunetError: see :func:`instrunet.datasets.transfer.fetch` and :func:`instrunet.datasets.archives.unpack`.
    """
    record = _read_record(folder)
    done = []
    for remote in wanted:
        before = record.get(remote.url, {})
        path = folder / remote.folder / remote.filename
        if before.get("unpacked") and not path.exists():
            done.append(Download(remote.name, path, before["md5"], remote.md5 is not None, was_there=True))
            continue
        expected = remote.md5 or before.get("md5")
        tell = _telling(progress, remote.name)
        fetched = fetch(_with_md5(remote, expected), folder, progress=tell)
        _finish(fetched, remote, folder, record, keep=keep_archives)
        done.append(Download(remote.name, fetched.path, fetched.digest, expected is not None, fetched.was_there))
    return done


def _finish(fetched: Fetched, remote: Remote, folder: Path, record: dict[str, dict[str, str]], *, keep: bool) -> None:
    before = record.get(remote.url, {})
    archive = is_archive(fetched.path)
    if archive and before.get("unpacked") != fetched.digest:
        unpack(fetched.path, fetched.path.parent)
    record[remote.url] = {"md5": fetched.digest, "unpacked": fetched.digest if archive else ""}
    with written_whole(folder / RECORD) as beside:
        beside.write_text(json.dumps(record, indent=1))
    if archive and not keep:
        fetched.path.unlink()


def _read_record(folder: Path) -> dict[str, dict[str, str]]:
    path = folder / RECORD
    try:
        return dict(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}
    except ValueError as error:
        raise InstrunetError(f"{path}: damaged; remove it to begin anew") from error


def _with_md5(remote: Remote, md5: str | None) -> Remote:
    return Remote(remote.name, remote.url, remote.filename, md5, remote.folder)


def _telling(progress: Progress | None, part: str) -> Callable[[int, int | None], None] | None:
    if progress is None:
        return None
    return lambda done, total: progress(part, done, total)
