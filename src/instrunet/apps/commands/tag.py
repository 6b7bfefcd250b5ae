"""``instrunet tag``: which instruments play, and when."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from instrunet.apps.commands.job import JobRequest, run_folder

if TYPE_CHECKING:
    from instrunet.tagging import Failure, Tags
    from instrunet.tagging.jobs.job import JobOptions
    from instrunet.tagging.jobs.pool import WorkerSettings
    from instrunet.tagging.writers import Delivery, WriteOptions

Paths = Annotated[
    list[str], typer.Argument(metavar="PATH…", help="Files, folders (searched throughout), patterns, or - for stdin.")
]
FORMAT_HELP = "table, csv, wide-csv, json, jsonl, jams, audacity, parquet or png; by default what --out is called."
OUT_HELP = "Where to write: a file, or a folder for one file a recording."


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.command()(tag)


def tag(
    paths: Paths,
    model: Annotated[str, typer.Option(help="A model inside the package, or the path of a bundle.")] = "default",
    vocabulary: Annotated[str | None, typer.Option(help="Words of the answer: instrunet, irmas, openmic, …")] = None,
    threshold: Annotated[str, typer.Option(help="A number, or 'tuned': those of the model.")] = "tuned",
    top: Annotated[int | None, typer.Option(min=1, help="Name this many, detected or not.")] = None,
    timeline: Annotated[bool, typer.Option("--timeline", help="Show how each comes and goes.")] = False,
    format_name: Annotated[str | None, typer.Option("--format", "-f", metavar="FORMAT", help=FORMAT_HELP)] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help=OUT_HELP)] = None,
    start: Annotated[float, typer.Option(min=0, help="Begin so many seconds into each recording.")] = 0.0,
    duration: Annotated[float | None, typer.Option(min=0, help="Listen to so many seconds of each.")] = None,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="Threads, or workers; all cores.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the job of this output; it must exist.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Take failed files up again, too.")] = False,
    shard: Annotated[str, typer.Option(help="Do a part only, e.g. 3/16: the files are shared out by name.")] = "1/1",
    by_content: Annotated[bool, typer.Option("--by-content", help="Tell changed files by their content.")] = False,
    progress: Annotated[str, typer.Option(help="bar, jsonl or none; on the error stream.")] = "bar",
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print nothing but errors and what was asked for.")
    ] = False,
) -> None:
    """Tell which instruments play in recordings, and when."""
    from instrunet.audio import find_audio
    from instrunet.tagging import Tagger
    from instrunet.tagging.writers import Delivery, WriteOptions

    files = find_audio(paths)
    folders = [Path(path) for path in paths if Path(path).is_dir()]
    options = WriteOptions(top=top, timeline=timeline, root=folders[0] if len(paths) == len(folders) == 1 else None)
    delivery = Delivery.plan(format_name, out, n_files=len(files), folder_run=bool(folders))
    if folders or resume or retry_failed or shard != "1/1":
        settings = _job_settings(
            model, vocabulary, threshold, start, duration, timeline or delivery.format.name == "png"
        )
        job = _job_options(settings, jobs, shard, retry_failed, by_content)
        request = JobRequest(_ledger_of(delivery), job, resume, "none" if quiet else progress)
        done, failures = run_folder([Path(file) for file in files], request)
        if not quiet and delivery.place is not None:
            done = _told(done, options)
        _report(delivery.deliver(done, options, sys.stdout), delivery, quiet)
        if failures:
            if quiet or progress != "bar":
                _complain(failures)
            raise typer.Exit(1)
        return
    tagger = Tagger(model, vocabulary=vocabulary, threshold=threshold, threads=jobs)
    sources = [sys.stdin.buffer if str(file) == "-" else file for file in files]
    results = tagger.tag_files(sources, start_s=start, duration_s=duration)
    failed: list[Failure] = []
    good = _good(results, failed, len(files), quiet)
    if not quiet and delivery.place is not None:
        good = _told(good, options)
    _report(delivery.deliver(good, options, sys.stdout), delivery, quiet)
    if failed:
        raise typer.Exit(1)


def _wants_curves(timeline: bool, delivery: Delivery) -> bool:
    return timeline or delivery.format.name == "png"


def _ledger_of(delivery: Delivery) -> Path:
    """The ledger lies beside the output; what is only printed needs none to come back to."""
    if delivery.place is None:
        import tempfile

        return Path(tempfile.mkdtemp(prefix="instrunet-")) / "tags.job"
    return (
        delivery.place / "tags.job" if delivery.into_folder else delivery.place.with_name(delivery.place.name + ".job")
    )


def _job_settings(
    model: str, vocabulary: str | None, threshold: str, start: float, duration: float | None, activity: bool
) -> WorkerSettings:
    from instrunet.tagging.jobs.pool import WorkerSettings

    return WorkerSettings(model, vocabulary, threshold, start, duration, activity)


def _job_options(
    settings: WorkerSettings, jobs: int | None, shard: str, retry_failed: bool, by_content: bool
) -> JobOptions:
    import os

    from instrunet.tagging.jobs.job import JobOptions
    from instrunet.tagging.jobs.sharding import Shard

    workers = jobs or os.cpu_count() or 1
    return JobOptions(workers, settings, shard=Shard.parse(shard), retry_failed=retry_failed, hash_content=by_content)


def _complain(failures: Iterable[Failure]) -> None:
    for failure in failures:
        typer.echo(f"instrunet: {failure.message}", err=True)


def _good(results: Iterable[Tags | Failure], failed: list[Failure], n: int, quiet: bool) -> Iterator[Tags]:
    """The recordings that could be tagged; a line on stderr for each that could not, and progress on a terminal."""
    from instrunet.tagging import Failure

    with _progress(n, quiet) as (console, advance):
        for result in results:
            advance()
            if isinstance(result, Failure):
                failed.append(result)
                console.print(f"instrunet: {result.message}", style="red")
            else:
                yield result


class _progress:
    """A progress bar on the error stream, if that is a terminal and there is more than one file."""

    def __init__(self, n: int, quiet: bool) -> None:
        from rich.console import Console

        self._console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
        self._bar: Any = None
        if n > 1 and not quiet and self._console.is_terminal:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

            columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=self._console, transient=True)
            self._task = self._bar.add_task("", total=n)

    def __enter__(self) -> tuple[Any, Any]:
        if self._bar:
            self._bar.start()
        return self._console, self._advance

    def _advance(self) -> None:
        if self._bar:
            self._bar.advance(self._task)

    def __exit__(self, *_: object) -> None:
        if self._bar:
            self._bar.stop()


def _told(results: Iterable[Tags], options: WriteOptions) -> Iterator[Tags]:
    """The same recordings, each with a line on the terminal."""
    from instrunet.tagging.writers.table import one_line

    for tags in results:
        typer.echo(one_line(tags, options))
        yield tags


def _report(written: list[Path], delivery: Delivery, quiet: bool) -> None:
    if quiet or not written:
        return
    if len(written) == 1:
        typer.echo(f"wrote {written[0]}", err=True)
    else:
        typer.echo(f"wrote {len(written)} {delivery.format.name} files into {delivery.place}", err=True)
