"""``instrunet data explore``, ``export`` and ``miniature``: look at a table, sort its audio, make a small one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from instrunet.apps.commands.data import Force, ManifestPath, Root, group

Folder = Annotated[Path, typer.Option("--out", "-o", help="The folder to write.")]


def register(_app: typer.Typer) -> None:
    """Nothing is left to add: the commands stand in the ``data`` group."""


@group.command()
def explore(
    manifest: ManifestPath,
    out: Folder,
    smoothing: Annotated[
        float, typer.Option(min=0.0, help="Imagined chance recordings in the lift; larger is more cautious.")
    ] = 1.0,
    force: Force = False,
) -> None:
    """Show who plays with whom, in which genre: a page, and every matrix as CSV and SVG."""
    from instrunet.datasets import Manifest
    from instrunet.insight import explore as look_into
    from instrunet.insight import write_exploration

    exploration = look_into(Manifest.read(manifest), smoothing=smoothing)
    page = write_exploration(exploration, out, force=force)
    typer.echo(f"{page}: {exploration.n_recordings:,} recordings, {len(exploration.genre_sizes)} genres")
    for note in exploration.notes:
        typer.echo(f"  note: {note}")


@group.command()
def export(
    manifest: ManifestPath,
    out: Folder,
    by_class: Annotated[bool, typer.Option("--by-class", help="Sort the audio into a folder a class.")] = False,
    mode: Annotated[str, typer.Option(help="copy, link, or excerpt (the clip itself, as WAV).")] = "copy",
    classes: Annotated[str, typer.Option(help="Only these, separated by commas.")] = "",
    dominant: Annotated[int, typer.Option(min=0, help="Only so many classes, the most frequent.")] = 0,
    vocabulary: Annotated[str, typer.Option(help="Sort by the words of another vocabulary.")] = "",
    mixtures: Annotated[bool, typer.Option("--mixtures", help="Clips with several classes go to each.")] = False,
    root: Root = None,
    force: Force = False,
) -> None:
    """Sort a manifest's audio into a folder a class; clips with several classes are left out unless asked for."""
    from instrunet.datasets import Manifest
    from instrunet.datasets.class_folders import SortingOptions, sort_by_class
    from instrunet.errors import InstrunetError, UsageError

    if not by_class:
        raise UsageError("say how to sort: instrunet data export MANIFEST --by-class -o FOLDER")
    table = Manifest.read(manifest, root=root)
    options = SortingOptions(
        mode=mode,
        classes=tuple(name.strip() for name in classes.split(",") if name.strip()),
        dominant=dominant,
        mixtures=mixtures,
        force=force,
    )
    done = sort_by_class(table.project(vocabulary) if vocabulary else table, out, options=options)
    for label, count in sorted(done.counts.items(), key=lambda item: -item[1]):
        typer.echo(f"{count:6,}  {label}")
    typer.echo(f"{sum(done.counts.values()):6,}  files in {out}; {done.left_out:,} clips left out")
    for failure in done.failures:
        typer.echo(failure, err=True)
    if done.failures:
        raise InstrunetError(f"{len(done.failures)} files could not be exported")


@group.command()
def miniature(
    name: Annotated[str, typer.Argument(help="irmas, openmic, medleydb, slakh, babyslakh, nsynth, medley_solos_db.")],
    out: Folder,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")] = 0,
    scale: Annotated[int, typer.Option(min=1, help="Multiplies the number of clips.")] = 1,
    force: Annotated[bool, typer.Option("--force", help="Write into a folder that is not empty.")] = False,
) -> None:
    """Make a tiny data set in exactly the layout of a real one, with synthesised audio whose truth is known."""
    from instrunet.synthesis.miniatures import write_miniature

    made = write_miniature(name, out, seed=seed, scale=scale, force=force)
    typer.echo(f"{made.folder}: {made.name} in small, {len(made.clips)} sound files, seed {made.seed}")
