"""``instrunet labels``: the vocabularies, and how the words of data sets map."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.table import Table

NAME_HELP = "A vocabulary; all of them are listed if left out."
SOURCE_HELP = "Show how the words of this data set map instead (irmas, openmic, medleydb, slakh, gm, …)."


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.command()(labels)


def labels(
    name: Annotated[str | None, typer.Argument(metavar="[VOCABULARY]", help=NAME_HELP)] = None,
    source: Annotated[str | None, typer.Option("--source", help=SOURCE_HELP)] = None,
    word: Annotated[str | None, typer.Option("--word", help="Only this word of the data set.")] = None,
) -> None:
    """List vocabularies and their labels, or how the words of a data set map to ours."""
    from rich.console import Console

    from instrunet.errors import UsageError

    if word is not None and source is None:
        raise UsageError("--word needs --source: the data set whose word it is")
    if source is not None:
        table = _words(source, word)
    else:
        table = _vocabularies() if name is None else _labels(name)
    Console().print(table)


def _table(*columns: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _vocabularies() -> Table:
    from instrunet.labels import vocabulary, vocabulary_names

    table = _table("vocabulary", "labels", "what it is")
    for name in vocabulary_names():
        table.add_row(name, str(len(vocabulary(name))), vocabulary(name).title)
    return table


def _labels(name: str) -> Table:
    from instrunet.labels import vocabulary

    table = _table("label", "instruments")
    for label, members in vocabulary(name).members.items():
        table.add_row(label, ", ".join(members) or "–")
    return table


def _words(source: str, word: str | None) -> Table:
    from instrunet.labels import known_words, to_canonical

    table = _table("word", "instruments")
    for one in [word] if word is not None else known_words(source):
        table.add_row(one, ", ".join(to_canonical(source, one)) or "unknown")
    return table
