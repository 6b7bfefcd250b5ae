"""``instrunet data …``: from a downloaded folder to one honest table, and what can be done with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from instrunet.datasets.manifest import Manifest

group = typer.Typer(help="The field's data sets: index, check, split, merge, explore.", no_args_is_help=True)
"""The ``data`` group; ``data_explore`` adds its commands to it."""

ManifestPath = Annotated[Path, typer.Argument(metavar="MANIFEST", help="A manifest, as 'data index' writes it.")]
OutPath = Annotated[Path, typer.Option("--out", "-o", help="The manifest to write.")]
Force = Annotated[bool, typer.Option("--force", help="Replace what is there.")]
Root = Annotated[Path | None, typer.Option("--root", help="Where the audio lies now.")]


def register(app: typer.Typer) -> None:
    """Add the group to the command line."""
    app.add_typer(group, name="data")


@group.command()
def index(
    name: Annotated[str, typer.Argument(help="irmas, openmic, medleydb, slakh, nsynth, …; 'list' shows them all.")],
    folder: Annotated[Path | None, typer.Argument(help="Where the data set lies; a CSV of your own: the file.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The manifest to write (.parquet).")] = None,
    vocabulary: Annotated[str, typer.Option(help="Words of the truth; by default the data set's own.")] = "",
    mix: Annotated[bool, typer.Option("--mix", help="Of a multitrack: the mixes.")] = False,
    stems: Annotated[bool, typer.Option("--stems", help="Of a multitrack: the stems.")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="Of a multitrack: the raw tracks.")] = False,
    clip_s: Annotated[float | None, typer.Option(min=0, help="Seconds a clip; 0 for whole recordings.")] = None,
    protocol: Annotated[str, typer.Option(help="A published way of reading the labels, by name.")] = "",
    without_audio: Annotated[
        bool, typer.Option("--without-audio", help="Index what the label files name, audio there or not.")
    ] = False,
    allow_unknown: Annotated[
        bool, typer.Option("--allow-unknown", help="Index on where a label has no known meaning.")
    ] = False,
    probe: Annotated[bool, typer.Option("--probe", help="Open headers to fill in missing durations.")] = False,
    force: Force = False,
) -> None:
    """Read a downloaded data set into a manifest: one row a clip."""
    from instrunet.datasets.manifest import refuse_overwriting
    from instrunet.datasets.parsing import IndexOptions
    from instrunet.datasets.registry import index as read_in
    from instrunet.errors import UsageError

    if name == "list":
        _list_datasets()
        return
    if folder is None or out is None:
        raise UsageError("say where the data set lies and where to write: instrunet data index NAME FOLDER -o FILE")
    refuse_overwriting(out, force=force)
    chosen = tuple(kind for kind, wanted in (("mix", mix), ("stem", stems), ("raw", raw)) if wanted)
    options = IndexOptions(
        vocabulary=vocabulary,
        sources=chosen or IndexOptions().sources,
        clip_s=clip_s,
        protocol=protocol,
        require_audio=not without_audio,
        allow_unknown=allow_unknown,
    )
    manifest = read_in(name, folder, options=options)
    if probe:
        from instrunet.datasets.durations import with_durations

        manifest = with_durations(manifest)
    manifest.write(out, force=force)
    _say_what_was_found(manifest, out)


def _list_datasets() -> None:
    from instrunet.datasets.registry import DATASETS

    for name, entry in DATASETS.items():
        typer.echo(f"{name:16} {entry.facts.title}: {entry.facts.layout}")
        typer.echo(f"{'':16} licence {entry.facts.licence}; {entry.facts.url}")


def _say_what_was_found(manifest: Manifest, out: Path) -> None:
    typer.echo(f"{out}: {len(manifest):,} clips, {len(manifest.labels)} labels of {manifest.vocabulary}")
    for entry in manifest.header.provenance:
        for what, count in entry.found.items():
            typer.echo(f"  {entry.dataset}: {count:,} {what}")
        for what, count in entry.missing.items():
            typer.echo(f"  {entry.dataset}: {count:,} {what} missing")
    for note in manifest.header.notes:
        typer.echo(f"  note: {note}")


@group.command()
def describe(
    manifest: ManifestPath,
    as_json: Annotated[bool, typer.Option("--json", help="The same as JSON.")] = False,
) -> None:
    """Show clips, hours, classes by split, labels a clip, licences."""
    import json

    from instrunet.datasets.description import describe as look_over
    from instrunet.datasets.manifest import Manifest

    description = look_over(Manifest.read(manifest))
    if as_json:
        typer.echo(json.dumps(description.to_dict(), ensure_ascii=False, indent=2))
        return
    for line in description.lines():
        typer.echo(line)
    show_table(description.class_rows())


def show_table(rows: list[dict[str, Any]]) -> None:
    """Print rows as a table: numbers to the right."""
    from rich.console import Console
    from rich.table import Table

    table = Table()
    for name in rows[0] if rows else ():
        table.add_column(name, justify="left" if name == "label" else "right")
    for row in rows:
        table.add_row(*(f"{value:,}" if isinstance(value, int) else str(value) for value in row.values()))
    console = Console()
    if not console.is_terminal:
        console = Console(width=160)
    console.print(table, markup=False)
