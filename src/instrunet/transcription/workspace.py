"""The output folder of a run: every stage leaves its files and a receipt, and is skipped when nothing has changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from instrunet.errors import InstrunetError
from instrunet.files import written_whole

RECEIPTS = ".stages"


@dataclass(frozen=True)
class Receipt:
    """What a stage did.

    Attributes:
        stage: Its name.
        key: Digest of everything that the result depends on.
        files: What it wrote, relative to the folder, with SHA-256.
        facts: What it found out, as plain values.
    """

    stage: str
    key: str
    files: Mapping[str, str]
    facts: Mapping[str, Any]


class Workspace:
    """A folder with stages.

    >>> import tempfile
    >>> space = Workspace(Path(tempfile.mkdtemp()))
    >>> calls = []
    >>> def work():
    ...     calls.append(1)
    ...     return [], {"answer": 42}
    >>> [space.stage("count", {"x": 1}, work).facts["answer"] for _ in range(2)], len(calls)
    ([42, 42], 1)
    """

    def __init__(self, folder: Path, *, notify: Callable[[str, str], None] | None = None) -> None:
        self.folder = folder
        self._notify = notify or (lambda stage, state: None)
        self._settled: dict[str, Receipt] = {}

    def stage(
        self, name: str, depends_on: Mapping[str, Any], work: Callable[[], tuple[list[Path], dict[str, Any]]]
    ) -> Receipt:
        """Do the work of a stage, unless its receipt tells of the same inputs and its files still stand."""
        key = _digest(json.dumps([name, depends_on], sort_keys=True, default=str).encode())
        settled = self._settled.get(name)
        if settled is not None and settled.key == key:
            return settled
        known = self.receipt(name)
        if known is not None and known.key == key and self._stands(known):
            self._notify(name, "unchanged")
            self._settled[name] = known
            return known
        self._notify(name, "running")
        files, facts = work()
        listed = {path.relative_to(self.folder).as_posix(): content_digest(path) for path in files}
        if known is not None:
            self._sweep(set(known.files) - set(listed))
        receipt = Receipt(name, key, listed, facts)
        with written_whole(self._place(name)) as beside:
            beside.write_text(json.dumps({"key": key, "files": listed, "facts": facts}, indent=1), encoding="utf-8")
        self._settled[name] = receipt
        self._notify(name, "done")
        return receipt

    def progress(self, name: str, done_s: float) -> None:
        """Tell how far a stage is, in seconds of the recording."""
        self._notify(name, f"running, {int(done_s) // 60}:{int(done_s) % 60:02d} done")

    def receipt(self, name: str) -> Receipt | None:
        """What a stage left, if it ran."""
        try:
            body = json.loads(self._place(name).read_text(encoding="utf-8"))
            return Receipt(name, body["key"], body["files"], body["facts"])
        except (OSError, ValueError, KeyError):
            return None

    def settled(self, name: str) -> Receipt | None:
        """What a stage left, if it ran or was found unchanged in this run."""
        return self._settled.get(name)

    def _place(self, name: str) -> Path:
        return self.folder / RECEIPTS / f"{name}.json"

    def _sweep(self, names: Iterable[str]) -> None:
        """Remove what an earlier run of a stage left and this one did not write again."""
        for name in names:
            path = self.folder / name
            if self.folder.resolve() in path.resolve().parents:
                path.unlink(missing_ok=True)

    def _stands(self, receipt: Receipt) -> bool:
        for name, digest in receipt.files.items():
            path = self.folder / name
            if not path.is_file() or content_digest(path) != digest:
                return False
        return True


def content_digest(path: Path) -> str:
    """SHA-256 of a file, read in pieces."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as handle:
            for piece in iter(lambda: handle.read(1 << 20), b""):
                digest.update(piece)
    except OSError as error:
        raise InstrunetError(f"{path}: cannot be read: {error.strerror or error}") from error
    return digest.hexdigest()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
