"""Write the reference of the command line from the commands themselves, whenever the site is built."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer

MARK = "<!-- every command -->"


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace the mark by what the commands say of themselves."""
    if MARK not in markdown:
        return markdown
    from instrunet.apps.cli import app

    root = typer.main.get_command(app)
    return markdown.replace(MARK, "\n\n".join(described("instrunet", root, level=2)))


def described(path: str, command: Any, *, level: int) -> Iterator[str]:
    """Describe a command and those below it, a section each."""
    yield f"{'#' * min(level, 4)} `{path}`"
    yield (command.help or "").strip()
    below = getattr(command, "commands", {})
    if not below:
        yield f"```text\n{usage(path, command)}\n```"
        rows = [row(p) for p in command.params if not getattr(p, "hidden", False)]
        if rows:
            yield "| Option | Meaning |\n|---|---|\n" + "\n".join(rows)
    for name, child in below.items():
        if not child.hidden:
            yield from described(f"{path} {name}", child, level=level + 1)


def usage(path: str, command: Any) -> str:
    """Give the line that a user types."""
    context = command.context_class(command, info_name=path)
    return str(command.get_usage(context)).removeprefix("Usage: ")


def row(parameter: Any) -> str:
    """Give a table row: how it is written, and what it means."""
    written = " ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    if parameter.param_type_name == "argument":
        written = f"`{parameter.metavar or parameter.name.upper()}`"
    said = (getattr(parameter, "help", None) or "").replace("|", "\\|")
    default = parameter.default
    plain = isinstance(default, int | float | str) and not isinstance(default, bool) and default != ""
    shown = plain and not parameter.required
    return f"| {written} | {said}{f' (default: {default})' if shown else ''} |"
