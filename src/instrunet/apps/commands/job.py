"""Folder runs as jobs, and ``instrunet job``: how a job stands, and what failed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from instrunet.errors import InstrunetError, UsageError

if TYPE_CHECKING:
    from instrunet.tagging import Failure, Tags
    from instrunet.tagging.jobs.job import JobOptions, Progress
    from instrunet.tagging.jobs.ledger import Ledger

commands = typer.Typer(help="Look at a tagging job: done, failed, quarantined, left.", no_args_is_help=True)
LedgerPath = Annotated[Path, typer.Argument(metavar="LEDGER", help="The .job file beside the output.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.add_typer(commands, name="job")


@dataclass(frozen=True)
class JobRequest:
    """What the user asked of a folder run.

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


def run_folder(files: list[Path], request: JobRequest) -> tuple[Iterator[Tags], list[Failure]]:
    """Tag files as a job; the results of these files by path, and what failed."""
    from instrunet.tagging.jobs.job import run_job, work_digest
    from instrunet.tagging.jobs.ledger import Ledger
    from instrunet.tagging.jobs.results import failures, finished

    if request.resume and not request.ledger.exists():
        raise UsageError(f"there is no job to resume: {request.ledger} does not exist")
    try:
        request.ledger.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InstrunetError(f"{request.ledger.parent}: cannot be written: {error.strerror or error}") from error
    ledger = Ledger(request.ledger, work=work_digest(request.options.settings))
    wanted = {str(file) for file in files if request.options.shard.holds(str(file))}
    with _progress(request.progress) as notify:
        run_job(ledger, files, request.options, notify=notify)
    failed = [failure for failure in failures(ledger) if failure.path in wanted]

    def results() -> Iterator[Tags]:
        with ledger:
            yield from (tags for tags in finished(ledger) if tags.path in wanted)

    return results(), failed


@contextmanager
def _progress(kind: str) -> Iterator[Callable[[Progress], None] | None]:
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
            bar = Progress(*columns, console=console, transient=True)
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


@commands.command()
def show(ledger: LedgerPath, as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Tell how a job stands: done, failed, quarantined, left, rate and time to go."""
    found = _opened(ledger)
    counts = found.counts()
    left, rate = counts[_state("waiting")], found.rate()
    facts = {
        **{state.value: n for state, n in counts.items()},
        "hours_done": round(found.hours_done(), 2),
        "files_per_s": round(rate, 2),
        "left_s": round(left / rate) if rate and left else 0,
    }
    if as_json:
        typer.echo(json.dumps(facts))
        return
    for name, value in facts.items():
        typer.echo(f"{name:12s} {value}")


@commands.command()
def failures(
    ledger: LedgerPath, out: Annotated[Path | None, typer.Option("--out", "-o", help="Write a CSV here.")] = None
) -> None:
    """List the files that failed or were quarantined, with the reason."""
    import csv

    from instrunet.files import written_whole

    rows = list(_opened(ledger).rows(_state("failed"), _state("quarantined")))
    if out is None:
        for row in rows:
            typer.echo(f"{row.state.value}\t{row.path}\t{row.reason}")
        return
    with written_whole(out) as beside, beside.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "state", "attempts", "reason"])
        writer.writerows([row.path, row.state.value, row.attempts, row.reason] for row in rows)
    typer.echo(f"wrote {out}: {len(rows)} files")


def _state(name: str) -> Any:
    from instrunet.tagging.jobs.ledger import State

    return State(name)


def _opened(path: Path) -> Ledger:
    from instrunet.tagging.jobs.ledger import Ledger

    if not path.is_file():
        raise UsageError(f"{path}: there is no such job; the ledger lies beside the output and ends in .job")
    return Ledger(path, work="")
