"""``instrunet tag``: which instruments play, and when."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from instrunet.apps import library
from instrunet.errors import UsageError

if TYPE_CHECKING:
    from instrunet.tagging import Failure, Tags
    from instrunet.tagging.jobs.job import JobOptions
    from instrunet.tagging.jobs.settings import WorkerSettings
    from instrunet.tagging.writers import Delivery, WriteOptions

Paths = Annotated[
    list[str],
    typer.Argument(metavar="PATH…", help="Files, folders (searched throughout), patterns, s3://… or - for stdin."),
]
FORMAT_HELP = "table, csv, wide-csv, json, jsonl, jams, audacity, parquet or png; by default what --out is called."
OUT_HELP = "Where to write: a file, or a folder for one file a recording; s3://… too."


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
    out: Annotated[str | None, typer.Option("--out", "-o", help=OUT_HELP)] = None,
    start: Annotated[float, typer.Option(min=0, help="Begin so many seconds into each recording.")] = 0.0,
    duration: Annotated[float | None, typer.Option(min=0, help="Listen to so many seconds of each.")] = None,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="Threads, or workers; all cores.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the job of this output; it must exist.")] = False,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Take failed files up again, too.")] = False,
    shard: Annotated[str, typer.Option(help="Do a part only, e.g. 3/16: the files are shared out by name.")] = "1/1",
    by_content: Annotated[bool, typer.Option("--by-content", help="Tell changed files by their content.")] = False,
    follow_links: Annotated[
        bool, typer.Option("--follow-links", help="Follow symbolic links that lead out of a folder, too.")
    ] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Stay, and tag files as they arrive; ctrl-C ends it.")] = False,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds between looks, with --watch.")] = 5.0,
    engine: Annotated[str, typer.Option(help="local, or ray: the workers of a cluster.")] = "local",
    address: Annotated[str | None, typer.Option(help="Of the Ray cluster, e.g. auto.")] = None,
    ray_models: Annotated[int, typer.Option(min=0, help="Ray: so many actors run the network for all others.")] = 0,
    ray_gpus: Annotated[float, typer.Option(min=0, help="Ray: GPUs of each of those; parts are possible.")] = 0.0,
    progress: Annotated[str, typer.Option(help="bar, jsonl or none; on the error stream.")] = "bar",
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Print nothing but errors and what was asked for.")
    ] = False,
) -> None:
    """Tell which instruments play in recordings, and when."""
    from instrunet.tagging import Tagger
    from instrunet.tagging.writers import Delivery, WriteOptions

    outlet = library.Outlet.of(out)
    libraries = library.libraries_among(paths)
    is_job = bool(libraries or resume or retry_failed or shard != "1/1" or watch or engine != "local" or outlet.url)
    files = [] if is_job else list(dict.fromkeys(library.each(paths, follow_links=follow_links)))
    n_files = len(files) or 2 - (len(paths) == 1 and not libraries and Path(paths[0]).is_file())
    root = Path(libraries[0]) if len(paths) == len(libraries) == 1 else None
    options = WriteOptions(top=top, timeline=timeline, root=root)
    delivery = Delivery.plan(format_name, outlet.local, n_files=n_files, folder_run=bool(libraries))
    run = _Run(delivery, outlet, options, quiet)
    if is_job:
        settings = _job_settings(model, vocabulary, threshold, start, duration, _wants_curves(timeline, delivery))
        job = _job_options(settings, jobs, shard, retry_failed, by_content)
        job = replace(job, crew=_crew(engine, address, ray_models, ray_gpus))
        request = library.JobRequest(_ledger_of(delivery, outlet), job, resume, "none" if quiet else progress)
        if watch:
            look = partial(_found, paths, follow_links)
            library.watch(look, lambda now: run.job(now, request), every_s=every, stop=lambda: False)
        elif run.job(library.each(paths, follow_links=follow_links), request):
            raise typer.Exit(1)
        return
    tagger = Tagger(model, vocabulary=vocabulary, threshold=threshold, threads=jobs)
    sources = [sys.stdin.buffer if str(file) == "-" else file for file in files]
    results = tagger.tag_files(sources, start_s=start, duration_s=duration)
    failed: list[Failure] = []
    good = _good(results, failed, len(files), quiet)
    run.deliver(good)
    if failed:
        raise typer.Exit(1)


@dataclass(frozen=True)
class _Run:
    """What happens to results: they are told, written and, where asked, sent away."""

    delivery: Delivery
    outlet: library.Outlet
    options: WriteOptions
    quiet: bool

    def job(self, files: Iterable[str], request: library.JobRequest) -> bool:
        """Tag as a job; whether anything failed."""
        job = library.LibraryRun(files, request)
        try:
            self.deliver(job.results(), slow=True)
            return _complain(job.failures(), aloud=request.progress != "bar")
        finally:
            job.close()

    def deliver(self, results: Iterator[Tags], *, slow: bool = False) -> None:
        if not self.quiet and self.delivery.place is not None:
            results = _told(results, self.options)
        written = self.outlet.settled(self.delivery.deliver(results, self.options, sys.stdout, slow=slow))
        _report(written, self.delivery, self.quiet)


def _found(paths: list[str], follow_links: bool) -> list[str]:
    if "://" in "".join(library.libraries_among(paths)):
        raise UsageError("--watch looks at local folders; run the job on the store again now and then instead")
    return list(dict.fromkeys(library.each(paths, follow_links=follow_links)))


def _crew(engine: str, address: str | None, n_models: int, gpus: float) -> Callable[..., Any]:
    from instrunet.tagging.jobs.pool import WorkerPool

    if engine not in ("local", "ray"):
        raise UsageError(f"--engine {engine}: there are local and ray")
    if gpus and not n_models:
        raise UsageError("--ray-gpus: say with --ray-models how many actors are to share them")
    if engine == "local":
        if address is not None or n_models:
            raise UsageError("--address, --ray-models and --ray-gpus go with --engine ray")
        return WorkerPool
    from instrunet.tagging.jobs.ray_engine import RayCrew, RayPlace

    return partial(RayCrew, place=RayPlace(address, n_models, gpus))


def _wants_curves(timeline: bool, delivery: Delivery) -> bool:
    return timeline or delivery.format.name == "png"


def _ledger_of(delivery: Delivery, outlet: library.Outlet) -> Path:
    """The ledger lies beside the output, or here if that is in a store; what is only printed has none to keep."""
    if outlet.url is not None and delivery.place is not None:
        return Path("tags.job" if delivery.into_folder else f"{delivery.place.name}.job")
    if delivery.place is None:
        import tempfile

        return Path(tempfile.mkdtemp(prefix="instrunet-")) / "tags.job"
    return (
        delivery.place / "tags.job" if delivery.into_folder else delivery.place.with_name(delivery.place.name + ".job")
    )


def _job_settings(
    model: str, vocabulary: str | None, threshold: str, start: float, duration: float | None, activity: bool
) -> WorkerSettings:
    from instrunet.tagging.jobs.settings import WorkerSettings

    return WorkerSettings(model, vocabulary, threshold, start, duration, activity)


def _job_options(
    settings: WorkerSettings, jobs: int | None, shard: str, retry_failed: bool, by_content: bool
) -> JobOptions:
    import os

    from instrunet.tagging.jobs.job import JobOptions
    from instrunet.tagging.jobs.sharding import Shard

    workers = jobs or os.cpu_count() or 1
    return JobOptions(workers, settings, shard=Shard.parse(shard), retry_failed=retry_failed, hash_content=by_content)


def _complain(failures: Iterable[Failure], *, aloud: bool) -> bool:
    """Say what failed, unless that was said as it happened; whether anything did."""
    any_failed = False
    for failure in failures:
        any_failed = True
        if aloud:
            typer.echo(f"instrunet: {failure.message}", err=True)
    return any_failed


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


def _report(written: list[str], delivery: Delivery, quiet: bool) -> None:
    if quiet or not written:
        return
    if len(written) == 1:
        typer.echo(f"wrote {written[0]}", err=True)
    else:
        typer.echo(f"wrote {len(written)} {delivery.format.name} files into {delivery.place}", err=True)
