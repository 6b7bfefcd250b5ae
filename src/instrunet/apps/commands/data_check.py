"""``instrunet data check`` and ``download``: is everything there, and how to get it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from instrunet.apps.commands.data import Force, ManifestPath, Root, group

if TYPE_CHECKING:
    from rich.progress import Progress

    from instrunet.datasets.check import CheckReport
    from instrunet.datasets.transfer import Remote

SHOWN = 20


def register(_app: typer.Typer) -> None:
    """Nothing is left to add: the commands stand in the ``data`` group."""


@group.command()
def check(
    manifest: ManifestPath,
    report: Annotated[Path | None, typer.Option("--report", help="Write every finding here, as JSON.")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes that listen.")] = 2,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget what an earlier check heard.")] = False,
    root: Root = None,
    force: Force = False,
) -> None:
    """Listen to every clip: missing, unreadable, silent, twice there, contradictory, or in two splits.

    What was heard is kept beside the manifest, so that an interrupted check goes on and a repeated one is quick.
    """
    from instrunet.datasets.check import check as listen_to
    from instrunet.datasets.manifest import Manifest, refuse_overwriting
    from instrunet.errors import InstrunetError
    from instrunet.files import written_whole

    if report is not None:
        refuse_overwriting(report, force=force)
    journal = manifest.with_suffix(".check.jsonl")
    if fresh:
        journal.unlink(missing_ok=True)
    table = Manifest.read(manifest, root=root)
    with _progress() as bar:
        task = bar.add_task("listening", total=len(table))
        found = listen_to(
            table,
            journal=journal,
            n_workers=workers,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    if report is not None:
        with written_whole(report) as beside:
            beside.write_text(json.dumps(found.to_dict(), ensure_ascii=False, indent=1), encoding="utf-8")
    _show_findings(found)
    if found.problems:
        raise InstrunetError(f"{len(found.problems):,} findings in {manifest}")


def _show_findings(found: CheckReport) -> None:
    again = f", {found.n_resumed:,} known from before" if found.n_resumed else ""
    read = f"{found.seconds_read / 60:.1f} minutes of audio in {found.seconds_taken:.1f} s"
    typer.echo(f"{found.n_clips:,} clips{again}; {read}")
    for kind, count in found.counts.items():
        typer.echo(f"{count:8,}  {kind}")
        for problem in [entry for entry in found.problems if entry.kind == kind][:SHOWN]:
            typer.echo(f"          {problem.detail}")
        if count > SHOWN:
            typer.echo(f"          … and {count - SHOWN:,} more; --report FILE lists all")


@group.command()
def download(
    name: Annotated[str, typer.Argument(help="irmas, openmic, slakh, nsynth or medley_solos_db.")],
    folder: Annotated[Path, typer.Argument(help="Where to put it.")],
    part: Annotated[list[str] | None, typer.Option("--part", help="Only this part; may be said again.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show addresses, checksums and licence only.")] = False,
    keep: Annotated[bool, typer.Option("--keep/--remove", help="Keep the archives after unpacking.")] = True,
) -> None:
    """Download a data set where its licence allows it: named, checked, gone on from where it broke off."""
    from instrunet.datasets.download import chosen_remotes
    from instrunet.datasets.download import download as get_all
    from instrunet.datasets.registry import dataset

    facts = dataset(name).facts
    wanted = chosen_remotes(name, part or ())
    typer.echo(f"{facts.title}: licence {facts.licence}\nplease cite: {facts.citation}")
    for remote in wanted:
        typer.echo(_announced(remote))
    if dry_run:
        return
    with _progress() as bar:
        tasks = {remote.name: bar.add_task(remote.filename, total=None) for remote in wanted}
        done = get_all(
            wanted,
            folder,
            keep_archives=keep,
            progress=lambda which, n, total: bar.update(tasks[which], completed=n, total=total),
        )
    for entry in done:
        state = "checked" if entry.checked else "nothing to compare with; recorded, and compared from now on"
        typer.echo(f"{entry.path}: MD5 {entry.md5} ({state})" + (", was there" if entry.was_there else ""))
    typer.echo(f"next: instrunet data index {name} {folder} -o {name}.parquet")


def _announced(remote: Remote) -> str:
    return f"  {remote.name}: {remote.url} (MD5 {remote.md5 or 'not published'})"


@contextmanager
def _progress() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        yield bar
