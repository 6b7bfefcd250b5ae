"""The ledger of a job: one row a file in SQLite, so that nothing is lost, done twice or forgotten.

A result and the state of its file are committed together, in small batches. A process that is killed loses at most the
files in flight; they are simply still ``waiting`` when the job goes on.
"""

from __future__ import annotations

import enum
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from instrunet.errors import InstrunetError

FORMAT_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS files (
    path TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER, content TEXT, work TEXT,
    state TEXT NOT NULL, reason TEXT, attempts INTEGER NOT NULL DEFAULT 0, worker TEXT,
    duration_s REAL, finished_at REAL, result TEXT
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS by_state ON files (state);
"""


class State(enum.StrEnum):
    """What became of a file."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    QUARANTINED = "quarantined"


@dataclass(frozen=True)
class Fingerprint:
    """What tells whether a file has changed since: size and time, and a digest where one was asked for."""

    size: int
    mtime_ns: int
    content: str | None = None

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> Fingerprint:
        """Look at a file on this machine."""
        found = os.stat(path)
        return cls(found.st_size, found.st_mtime_ns)


@dataclass(frozen=True)
class Row:
    """One file of the job."""

    path: str
    state: State
    reason: str | None
    attempts: int
    worker: str | None
    duration_s: float | None
    result: Mapping[str, Any] | None


@dataclass(frozen=True)
class Outcome:
    """How one file ended: done with a result, failed or quarantined with a reason."""

    path: str
    state: State
    reason: str | None = None
    worker: str | None = None
    duration_s: float | None = None
    result: Mapping[str, Any] | None = None


class Ledger:
    """The rows of a job; one process writes, any number may read.

    >>> import tempfile
    >>> with Ledger(Path(tempfile.mkdtemp()) / "tags.job", work="model-1") as ledger:
    ...     waiting = ledger.take_in([("a.wav", Fingerprint(10, 1))])
    ...     ledger.settle([Outcome("a.wav", State.DONE, result={"detected": ["piano"]})])
    ...     again = ledger.take_in([("a.wav", Fingerprint(10, 1))])
    >>> waiting, again
    (['a.wav'], [])
    """

    def __init__(self, path: str | os.PathLike[str], *, work: str) -> None:
        """Open or begin a ledger.

        Args:
            path: The file; its folder must exist.
            work: Digest of the model and of the options that change results; files done under another are done again.

        Raises:
            InstrunetError: the file is no ledger, or cannot be written.
        """
        self.path = Path(path)
        self.work = work
        try:
            self._db = sqlite3.connect(self.path, timeout=30.0, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.executescript(_SCHEMA)
            self._db.execute("INSERT OR IGNORE INTO meta VALUES ('format_version', ?)", (str(FORMAT_VERSION),))
            (version,) = self._db.execute("SELECT value FROM meta WHERE key = 'format_version'").fetchone()
        except sqlite3.Error as error:
            raise InstrunetError(f"{self.path}: cannot be used as the ledger of a job: {error}") from error
        if int(version) != FORMAT_VERSION:
            raise InstrunetError(f"{self.path}: was written by another version of instrunet; choose another --out")

    def __enter__(self) -> Ledger:
        """Use the ledger in a ``with`` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def take_in(self, files: Iterable[tuple[str, Fingerprint | None]], *, retry_failed: bool = False) -> list[str]:
        """Note files and give those that are to be done: new, changed, unfinished, or done by other work.

        Args:
            files: Paths with their fingerprints; ``None`` where a file could not even be looked at.
            retry_failed: Take failed and quarantined files up again, too.
        """
        known = {
            os.fsdecode(path): (size, mtime_ns, content, work, state)
            for path, size, mtime_ns, content, work, state in self._db.execute(
                "SELECT path, size, mtime_ns, content, work, state FROM files"
            )
        }
        waiting: list[str] = []
        fresh: list[tuple[Any, ...]] = []
        for path, seen in files:
            now = (seen.size, seen.mtime_ns, seen.content) if seen else (None, None, None)
            before = known.get(path)
            if before is not None and self._still_true(before, now, retry_failed):
                continue
            waiting.append(path)
            fresh.append((_stored(path), *now, self.work, State.WAITING))
        with self._transaction():
            self._db.executemany(
                "INSERT INTO files (path, size, mtime_ns, content, work, state) VALUES (?, ?, ?, ?, ?, ?) "
                "ON CONFLICT (path) DO UPDATE SET size = excluded.size, mtime_ns = excluded.mtime_ns, "
                "content = excluded.content, work = excluded.work, state = excluded.state, "
                "reason = NULL, result = NULL",
                fresh,
            )
        return waiting

    def _still_true(self, before: tuple[Any, ...], now: tuple[Any, ...], retry_failed: bool) -> bool:
        size, mtime_ns, content, work, state = before
        unchanged = content == now[2] if content and now[2] else (size, mtime_ns) == now[:2]
        settled = state == State.DONE or (not retry_failed and state in (State.FAILED, State.QUARANTINED))
        return bool(unchanged and work == self.work and settled)

    def settle(self, outcomes: Iterable[Outcome]) -> None:
        """Write how files ended, all of them or none."""
        now = time.time()
        rows = [
            (o.state, _shown(o.reason), o.worker, o.duration_s, now, _packed(o.result), _stored(o.path))
            for o in outcomes
        ]
        with self._transaction():
            self._db.executemany(
                "UPDATE files SET state = ?, reason = ?, worker = ?, duration_s = ?, finished_at = ?, result = ?, "
                "attempts = attempts + 1 WHERE path = ?",
                rows,
            )

    def counts(self) -> dict[State, int]:
        """How many files are in each state."""
        found = dict(self._db.execute("SELECT state, COUNT(*) FROM files GROUP BY state"))
        return {state: int(found.get(state, 0)) for state in State}

    def hours_done(self) -> float:
        """Hours of sound that were tagged."""
        (total,) = self._db.execute("SELECT TOTAL(duration_s) FROM files WHERE state = ?", (State.DONE,)).fetchone()
        return float(total) / 3600

    def rate(self, *, over_s: float = 60.0) -> float:
        """Files finished a second over the last stretch of work."""
        (last,) = self._db.execute("SELECT MAX(finished_at) FROM files").fetchone()
        if last is None:
            return 0.0
        found = self._db.execute(
            "SELECT COUNT(*), MIN(finished_at) FROM files WHERE finished_at >= ?", (last - over_s,)
        ).fetchone()
        return float(found[0] / max(last - found[1], 0.5))

    def rows(self, *states: State) -> Iterator[Row]:
        """The rows in the order of their paths, all or those in some states."""
        marks = ", ".join("?" * len(states))
        where = f"WHERE state IN ({marks})" if states else ""
        query = f"SELECT path, state, reason, attempts, worker, duration_s, result FROM files {where} ORDER BY path"  # nosec B608
        for path, state, reason, attempts, worker, duration_s, result in self._db.execute(query, states):
            body = None if result is None else json.loads(result)
            yield Row(os.fsdecode(path), State(state), reason, attempts, worker, duration_s, body)

    def remember(self, key: str, value: Any) -> None:
        """Keep a fact about the job (its options, say)."""
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(value)))

    def recall(self, key: str) -> Any:
        """Give a remembered fact, ``None`` if there is none."""
        found = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if found is None else json.loads(found[0])

    def _transaction(self) -> _Transaction:
        return _Transaction(self._db, self.path)


class _Transaction:
    """All or nothing; a full disk is one sentence."""

    def __init__(self, db: sqlite3.Connection, path: Path) -> None:
        self._db, self._path = db, path

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        try:
            self._db.execute("COMMIT" if kind is None else "ROLLBACK")
        except sqlite3.Error as failure:
            raise InstrunetError(f"{self._path}: the ledger cannot be written: {failure}") from failure
        if isinstance(error, sqlite3.Error):
            raise InstrunetError(f"{self._path}: the ledger cannot be written: {error}") from error


def _stored(path: str) -> str | bytes:
    """A path as SQLite can keep it: text, or its bytes where a file's name is no valid UTF-8."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return os.fsencode(path)
    return path


def _shown(words: str | None) -> str | None:
    return words if words is None else words.encode("utf-8", "backslashreplace").decode("utf-8")


def _packed(result: Mapping[str, Any] | None) -> str | None:
    return None if result is None else json.dumps(result, separators=(",", ":"))
