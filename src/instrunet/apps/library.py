"""Library runs for the command line: what is to be tagged, how it is told, and where the tables go."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from instrunet.errors import InstrunetError, UsageError

if TYPE_CHECKING:
    from instrunet.tagging import Failure, Tags
    from instrunet.tagging.jobs.job import JobOptions, Progress


@dataclass(frozen=True)
class JobRequest:
    """What the user asked of a library run.

    Attributes:
        ledger: The ledger's file.
        options: How the work is done.
        resume: Whether there must be a job to go on with.
        progress: ``bar``, ``jsonl`` or ``none``.
    """

    ledger: Path
    options: JobOptions
    resume: bool
    progress: str


@dataclass(frozen=True)
class Outlet:
    """Where ``--out`` leads: a path, or a store that is written to when the local files are whole.

    Attributes:
        local: The path to write to; ``None`` if nothing was said.
        url: The store, if it is one.
        scratch: The folder that is uploaded to the place of ``url``.
    """

    local: Path | None
    url: str | None = None
    scratch: Path | None = None

    @classmethod
    def of(cls, out: str | None) -> Outlet:
        """Understand what the user said; a URL that ends in a slash is a folder."""
        from instrunet.tagging.jobs import remote

        if out is None:
            return cls(None)
        out = remote.localised(out)
        if not remote.is_remote(out):
            return cls(Path(out))
        scratch = Path(tempfile.mkdtemp(prefix="instrunet-"))
        above, _, name = out.rpartition("/")
        local = scratch / name if name else scratch
        return cls(local, above, scratch)

    def settled(self, written: list[Path]) -> list[str]:
        """Deliver what was written, and name it as the user knows it."""
        if self.url is None or self.scratch is None:
            return [str(path) for path in written]
        from instrunet.tagging.jobs.remote import deliver

        names = [f"{self.url}/{path.relative_to(self.scratch).as_posix()}" for path in written]
        for path, name in zip(written, names, strict=True):
            deliver(path, name)
        return names


def libraries_among(paths: Iterable[str]) -> list[str]:
    """Which names are folders or stores: what lies in them is tagged as a job."""
    from instrunet.tagging.jobs import remote

    return [path for path in map(remote.localised, paths) if remote.is_remote(path) or Path(path).is_dir()]


def each(paths: Iterable[str], *, follow_links: bool = False) -> Iterator[str]:
    """The recordings behind files, folders, patterns and URLs, as they are found."""
    from instrunet.audio import each_audio
    from instrunet.tagging.jobs import remote

    for path in map(remote.localised, paths):
        if remote.is_remote(path):
            yield from remote.find_remote([path])
        else:
            yield from map(os.fspath, each_audio([path], follow_links=follow_links))


class LibraryRun:
    """A job on its way: its results as they come, and afterwards what failed.

    Args:
        files: The recordings; read once.
        request: What the user asked for.
    """

    def __init__(self, files: Iterable[str], request: JobRequest) -> None:
        from instrunet.tagging.jobs.job import work_of
        from instrunet.tagging.jobs.ledger import Ledger

        if request.resume and not request.ledger.exists():
            raise UsageError(f"there is no job to resume: {request.ledger} does not exist")
        try:
            request.ledger.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InstrunetError(f"{request.ledger.parent}: cannot be written: {error.strerror or error}") from error
        work = work_of(request.options.settings)
        self._files, self._request = files, request
        self._ledger = Ledger(request.ledger, work=work)

    def results(self) -> Iterator[Tags]:
        """The tagged recordings in the order of their paths, each as soon as those before it are settled."""
        from instrunet.tagging.jobs.job import run_in_order
        from instrunet.tagging.jobs.results import finished

        with progress_told(self._request.progress) as notify:
            yield from finished(run_in_order(self._ledger, self._files, self._request.options, notify=notify))

    def failures(self) -> Iterator[Failure]:
        """What failed, in this run or before it, of the recordings of this run."""
        from instrunet.tagging.jobs.ledger import State
        from instrunet.tagging.jobs.results import failures

        yield from failures(self._ledger.rows(State.FAILED, State.QUARANTINED, wanted=True))

    def close(self) -> None:
        """Close the ledger."""
        self._ledger.close()


def watch(
    look: Callable[[], list[str]], run: Callable[[list[str]], object], *, every_s: float, stop: Callable[[], bool]
) -> None:
    """Run whenever files have come and settled, with all that are there, until told to stop or interrupted."""
    from instrunet.tagging.jobs.watching import arrivals

    there: dict[str, None] = {}
    try:
        for batch in arrivals(lambda: [Path(file) for file in look()], every_s=every_s, stop=stop):
            there.update(dict.fromkeys(os.fspath(path) for path in batch))
            run(sorted(file for file in there if os.path.exists(file)))
    except KeyboardInterrupt:
        typer.echo("instrunet: the watch has ended", err=True)


@contextmanager
def progress_told(kind: str) -> Iterator[Callable[[Progress], None] | None]:
    """A bar on the terminal, JSON lines on the error stream, or nothing."""
    if kind == "jsonl":
        yield lambda progress: print(json.dumps(progress.to_dict()), file=sys.stderr, flush=True)  # noqa: T201
        return
    if kind == "none":
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    bar: Any = None
    task: Any = None

    def notify(progress: Any) -> None:
        nonlocal bar, task
        if bar is None and console.is_terminal:
            columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"), TimeRemainingColumn())
            bar = Progress(*columns, console=console, transient=True, redirect_stdout=sys.stdout.isatty())
            task = bar.add_task("", total=progress.total)
            bar.start()
        if progress.reason:
            console.print(f"instrunet: {progress.reason}", style="red")
        if bar is not None:
            said = f"{progress.files_per_s:.1f} files/s, {progress.times_real_time:.0f} × real time"
            failed = progress.failed + progress.quarantined
            bar.update(task, completed=progress.done, description=said + (f", {failed} failed" if failed else ""))

    try:
        yield notify
    finally:
        if bar is not None:
            bar.stop()
