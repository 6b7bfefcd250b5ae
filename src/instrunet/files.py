"""Writing files so that nobody ever sees half of one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from instrunet.errors import InstrunetError


@contextmanager
def written_whole(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary path beside ``path``; on success it replaces ``path``, on failure it is removed.

    The temporary name keeps the suffix, because writers choose their format by it.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with written_whole(folder / "a.txt") as beside:
    ...     _ = beside.write_text("whole")
    >>> [p.name for p in folder.iterdir()]
    ['a.txt']

    Raises:
        InstrunetError: the folder cannot be written to, or the disk is full.
    """
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".part-", suffix=target.suffix, dir=target.parent)
    except OSError as error:
        raise InstrunetError(f"{target}: cannot be written: {error.strerror or error}") from error
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        beside.chmod(0o666 & ~_umask())
        beside.replace(target)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise InstrunetError(f"{target}: cannot be written: {error.strerror or error}") from error
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


@contextmanager
def grown_whole(path: str | os.PathLike[str]) -> Iterator[Path]:
    """As :func:`written_whole`, for files that take hours to write.

    The temporary name is always the same, so what a killed process left behind is taken over by the next one, and two
    processes that would write the same file at once are told apart. If nothing was written, nothing is put in place.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with grown_whole(folder / "a.txt") as beside:
    ...     _ = beside.write_text("whole")
    >>> [p.name for p in folder.iterdir()]
    ['a.txt']

    Raises:
        InstrunetError: the folder cannot be written to, the disk is full, or another process is at it.
    """
    target = Path(path)
    beside = target.with_name(f".growing-{target.name}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(beside, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise InstrunetError(f"{target}: cannot be written: {error.strerror or error}") from error
    if not _claimed(handle):
        os.close(handle)
        raise InstrunetError(f"{target}: another process is writing it; wait for it, or choose another name")
    try:
        os.truncate(handle, 0)
        yield beside
        is_empty = os.fstat(handle).st_size == 0
        os.close(handle)
        handle = -1
        if is_empty:
            beside.unlink(missing_ok=True)
        else:
            beside.replace(target)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise InstrunetError(f"{target}: cannot be written: {error.strerror or error}") from error
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    finally:
        if handle >= 0:
            os.close(handle)


def _claimed(handle: int) -> bool:
    """Lock an open file against other processes, where the system and its disk can do that."""
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
