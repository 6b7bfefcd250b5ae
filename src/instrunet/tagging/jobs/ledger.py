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
from itertools import islice, takewhile
from pathlib import Path
from typing import Any

from instrunet.errors import InstrunetError

FORMAT_VERSION = 2
PAGE = 500
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS files (
    path TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER, content TEXT, model TEXT, options TEXT,
    state TEXT NOT NULL, reason TEXT, attempts INTEGER NOT NULL DEFAULT 0, worker TEXT,
    duration_s REAL, finished_at REAL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS results (path TEXT PRIMARY KEY, result TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS by_state ON files (state);
CREATE INDEX IF NOT EXISTS by_time ON files (finished_at);
CREATE TEMP TABLE wanted (path TEXT PRIMARY KEY, size INTEGER, mtime_ns INTEGER, content TEXT) WITHOUT ROWID;
"""
_TAKE_IN = """
INSERT INTO files (path, size, mtime_ns, content, model, options, state)
SELECT w.path, w.size, w.mtime_ns, w.content, :model, :options, 'waiting'
FROM wanted w LEFT JOIN files f ON f.path = w.path
WHERE f.path IS NULL OR f.model IS NOT :model OR f.options IS NOT :options
   OR NOT (f.state = 'done' OR (f.state IN ('failed', 'quarantined') AND NOT :retry_failed))
   OR NOT CASE WHEN f.content IS NOT NULL AND w.content IS NOT NULL THEN f.content = w.content
               ELSE f.size IS w.size AND f.mtime_ns IS w.mtime_ns END
ON CONFLICT (path) DO UPDATE SET size = excluded.size, mtime_ns = excluded.mtime_ns, content = excluded.content,
   model = excluded.model, options = excluded.options, state = excluded.state, reason = NULL, duration_s = NULL,
   finished_at = NULL
"""
_ROW = """
SELECT f.path, f.state, f.reason, f.attempts, f.worker, f.duration_s, r.result
FROM {source} LEFT JOIN results r ON r.path = f.path WHERE {condition} ORDER BY f.path
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
class Work:
    """What was done to a file: digests of the model and of the options that change a result."""

    model: str = ""
    options: str = ""


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
    >>> with Ledger(Path(tempfile.mkdtemp()) / "tags.job", work=Work("model-1")) as ledger:
    ...     first = ledger.take_in([("a.wav", Fingerprint(10, 1))])
    ...     ledger.settle([Outcome("a.wav", State.DONE, result={"detected": ["piano"]})])
    ...     again = ledger.take_in([("a.wav", Fingerprint(10, 1))])
    >>> first, again
    (1, 0)
    """

    def __init__(self, path: str | os.PathLike[str], *, work: Work | None = None) -> None:
        """Open or begin a ledger.

        Args:
            path: The file; its folder must exist.
            work: The model and the options; files done under others are done again. Not needed to look at a ledger.

        Raises:
            InstrunetError: the file is no ledger, or cannot be written.
        """
        self.path = Path(path)
        self.work = work or Work()
        try:
            self._db = sqlite3.connect(self.path, timeout=30.0, isolation_level=None, check_same_thread=False)
            version = self._version()
            if version == FORMAT_VERSION:
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute("PRAGMA synchronous=NORMAL")
                self._db.executescript(_SCHEMA)
                self._db.execute("INSERT OR IGNORE INTO meta VALUES ('format_version', ?)", (str(version),))
        except sqlite3.Error as error:
            raise InstrunetError(f"{self.path}: cannot be used as the ledger of a job: {error}") from error
        if version != FORMAT_VERSION:
            raise InstrunetError(f"{self.path}: was written by another version of instrunet; choose another --out")

    def _version(self) -> int:
        if not self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone():
            return FORMAT_VERSION
        found = self._db.execute("SELECT value FROM meta WHERE key = 'format_version'").fetchone()
        return int(found[0]) if found else FORMAT_VERSION

    def __enter__(self) -> Ledger:
        """Use the ledger in a ``with`` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def take_in(self, files: Iterable[tuple[str, Fingerprint | None]], *, retry_failed: bool = False) -> int:
        """Note the files of this run, read as they come; how many are to be done.

        To be done is what is new, changed, unfinished, or was done by other work; :meth:`waiting` gives it.

        Args:
            files: Paths with their fingerprints; ``None`` where a file could not even be looked at.
            retry_failed: Take failed and quarantined files up again, too.
        """
        self._db.execute("DELETE FROM wanted")
        rest = iter(files)
        while page := list(islice(rest, 20 * PAGE)):
            rows = [(_stored(p), *((s.size, s.mtime_ns, s.content) if s else (None, None, None))) for p, s in page]
            with self._transaction():
                self._db.executemany("INSERT OR IGNORE INTO wanted VALUES (?, ?, ?, ?)", rows)
        facts = {"model": self.work.model, "options": self.work.options, "retry_failed": retry_failed}
        with self._transaction():
            self._db.execute(_TAKE_IN, facts)
            self._db.execute(
                "DELETE FROM results WHERE path IN (SELECT path FROM files WHERE state = 'waiting' AND attempts > 0)"
            )
        return self.counts_wanted()[State.WAITING]

    def waiting(self) -> Iterator[str]:
        """The files of this run that are to be done, in the order of their paths, looked up as they are asked for."""
        last: str | bytes = ""
        query = (
            "SELECT w.path FROM wanted w CROSS JOIN files f ON f.path = w.path "
            "WHERE w.path > ? AND f.state = 'waiting' ORDER BY w.path LIMIT ?"
        )
        while page := self._db.execute(query, (last, PAGE)).fetchall():
            for (path,) in page:
                yield os.fsdecode(path)
            last = page[-1][0]

    def settled(self, *, after: str | None = None) -> list[Row]:
        """The next rows of this run in the order of their paths, up to the first file that is not done yet.

        Args:
            after: The path after which to begin; some hundred rows are given at once.
        """
        source = "wanted w CROSS JOIN files f ON f.path = w.path"
        query = _ROW.format(source=source, condition="w.path > ?").replace("ORDER BY f.path", "ORDER BY w.path LIMIT ?")
        found = self._db.execute(query, ("" if after is None else _stored(after), PAGE))
        rows = [_row(values) for values in takewhile(lambda values: values[1] != State.WAITING, found)]
        found.close()
        return rows

    def settle(self, outcomes: Iterable[Outcome]) -> None:
        """Write how files ended, all of them or none."""
        now = time.time()
        outcomes = list(outcomes)
        rows = [(o.state, _shown(o.reason), o.worker, o.duration_s, now, _stored(o.path)) for o in outcomes]
        results = [(_stored(o.path), json.dumps(o.result, separators=(",", ":"))) for o in outcomes if o.result]
        with self._transaction():
            self._db.executemany(
                "UPDATE files SET state = ?, reason = ?, worker = ?, duration_s = ?, finished_at = ?, "
                "attempts = attempts + 1 WHERE path = ?",
                rows,
            )
            self._db.executemany("INSERT OR REPLACE INTO results VALUES (?, ?)", results)

    def counts(self) -> dict[State, int]:
        """How many files are in each state."""
        return _counted(self._db.execute("SELECT state, COUNT(*) FROM files GROUP BY state"))

    def counts_wanted(self) -> dict[State, int]:
        """How many files of this run are in each state."""
        query = "SELECT f.state, COUNT(*) FROM wanted w CROSS JOIN files f ON f.path = w.path GROUP BY f.state"
        return _counted(self._db.execute(query))

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

    def rows(self, *states: State, wanted: bool = False) -> Iterator[Row]:
        """The rows in the order of their paths, all or those in some states, all or those of this run."""
        marks = ", ".join("?" * len(states))
        condition = f"f.state IN ({marks})" if states else "1"
        source = "wanted w CROSS JOIN files f ON f.path = w.path" if wanted else "files f"
        for values in self._db.execute(_ROW.format(source=source, condition=condition), states):
            yield _row(values)

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


def _row(values: tuple[Any, ...]) -> Row:
    path, state, reason, attempts, worker, duration_s, result = values
    body = None if result is None else json.loads(result)
    return Row(os.fsdecode(path), State(state), reason, attempts, worker, duration_s, body)


def _counted(pairs: Iterable[tuple[str, int]]) -> dict[State, int]:
    found = dict(pairs)
    return {state: int(found.get(state, 0)) for state in State}
