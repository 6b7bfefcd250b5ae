"""``instrunet embed``: what was heard, written into the audio files themselves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from instrunet.errors import UsageError

if TYPE_CHECKING:
    from instrunet.tagging import Tags
    from instrunet.tagging.jobs.embedding import Change

Source = Annotated[
    Path | None,
    typer.Argument(metavar="[LEDGER|PATH]", help="The .job of a library run; or a file or folder to tag first."),
]  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.command()(embed)


def embed(
    source: Source = None,
    write: Annotated[bool, typer.Option("--write", help="Do it; without this only say what would be done.")] = False,
    journal: Annotated[Path, typer.Option(help="Where each change is noted, so that it can be undone.")] = Path(
        "instrunet_tags.journal"
    ),
    undo: Annotated[Path | None, typer.Option(metavar="JOURNAL", help="Put back what was there before.")] = None,
    model: Annotated[str, typer.Option(help="For files and folders: the model that listens.")] = "default",
) -> None:
    """Write an INSTRUMENTS tag into audio files (ID3, Vorbis comment or MP4); a dry run unless --write is given."""
    from instrunet.tagging.jobs import embedding

    if (source is None) == (undo is None):
        raise UsageError("embed: name the ledger of a job, a file or a folder; or --undo JOURNAL")
    if undo is not None:
        changes: Iterable[Change] = embedding.undo(undo)
    else:
        assert source is not None
        changes = embedding.plan(_results(source, model))
        if write:
            changes = embedding.apply(changes, journal)
    counts = _told(changes)
    if undo is not None:
        typer.echo(f"{counts['changed']} files put back")
    elif write:
        typer.echo(f"{counts['changed']} files changed; instrunet embed --undo {journal} puts them back")
    else:
        typer.echo(f"{counts['changed']} files would change; nothing was written: add --write to do it")
    if counts["error"]:
        raise typer.Exit(1)


def _results(source: Path, model: str) -> Iterator[Tags]:
    if source.suffix == ".job":
        from instrunet.tagging.jobs.ledger import Ledger, State
        from instrunet.tagging.jobs.results import finished

        if not source.is_file():
            raise UsageError(f"{source}: there is no such job; the ledger lies beside the output and ends in .job")
        with Ledger(source) as ledger:
            yield from finished(ledger.rows(State.DONE))
        return
    from instrunet.audio import find_audio
    from instrunet.tagging import Tagger, Tags

    for result in Tagger(model).tag_files(find_audio([source])):
        if isinstance(result, Tags):
            yield result
        else:
            typer.echo(f"instrunet: {result.message}", err=True)


def _told(changes: Iterable[Change]) -> Counter[str]:
    """A line a change; how many there were, and how many went wrong."""
    counts: Counter[str] = Counter()
    for change in changes:
        if change.error is not None:
            counts["error"] += 1
            typer.echo(f"instrunet: {change.error}", err=True)
        elif change.is_change:
            counts["changed"] += 1
            typer.echo(f"{change.path}: {change.before or 'no tag'} -> {change.after or 'no tag'}")
    return counts
