"""``instrunet models``: which there are, what they are worth, and whether they are intact."""

from __future__ import annotations

from typing import Annotated

import typer

group = typer.Typer(help="Trained models: list, show the card, verify hashes.", no_args_is_help=True)
Names = Annotated[list[str] | None, typer.Argument(metavar="[NAME…]", help="Names or paths; all inside the package.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="A model inside the package, or the path of a bundle.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.add_typer(group, name="models")


@group.command("list")
def list_models() -> None:
    """List the models inside the package."""
    from rich.console import Console
    from rich.table import Table

    from instrunet.bundles import Bundle, bundled_models

    table = Table(box=None, pad_edge=False)
    for column in ("name", "kind", "labels", "licence", "what it is"):
        table.add_column(column)
    for name in bundled_models():
        bundle = Bundle.load(name)
        n_labels = str(len(bundle.body.get("labels", ())))
        table.add_row(name, bundle.kind, n_labels, bundle.about.licence, bundle.about.title)
    Console().print(table)


@group.command()
def show(name: Name = "default") -> None:
    """Show the card of a model: how it was made, how good it is, what may be done with it."""
    from rich.console import Console
    from rich.markdown import Markdown

    from instrunet.bundles import Bundle

    bundle = Bundle.load(name)
    console = Console()
    console.print(Markdown(bundle.card) if bundle.card else f"{bundle.name} ({bundle.kind}) has no card")
    console.print(f"\n{bundle.path}", highlight=False, soft_wrap=True)
    for file, digest in bundle.files.items():
        console.print(f"  {digest}  {file}", highlight=False, soft_wrap=True)


@group.command()
def verify(names: Names = None) -> None:
    """Check every file of models against its SHA-256, and that network, labels and front end fit together."""
    from instrunet.bundles import Bundle, bundled_models
    from instrunet.bundles.network import Network
    from instrunet.errors import InstrunetError

    failed = False
    for name in names or list(bundled_models()):
        try:
            bundle = Bundle.load(name)
            if bundle.kind == "tagger":
                Network(bundle, threads=1)
            typer.echo(f"{name}: intact, {len(bundle.files)} files")
        except InstrunetError as error:
            failed = True
            typer.echo(f"instrunet: {error}", err=True)
    if failed:
        raise typer.Exit(1)


@group.command()
def fetch(
    name: Annotated[str, typer.Argument(help="What to fetch: basic-pitch (the network that hears notes).")],
    wheel: Annotated[str | None, typer.Option(help="A wheel that is already here, instead of a download.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Fetch again, even if it is here.")] = False,
) -> None:
    """Fetch another project's network once: named, checked by SHA-256, cached."""
    from pathlib import Path

    from instrunet.errors import UsageError
    from instrunet.transcription import basic_pitch

    if name != "basic-pitch":
        raise UsageError(f"{name!r} cannot be fetched; there is: basic-pitch")
    place = basic_pitch.install(Path(wheel)) if wheel else basic_pitch.fetch(force=force)
    typer.echo(f"{place}: {basic_pitch.LICENCE}, SHA-256 {basic_pitch.SHA256}")
