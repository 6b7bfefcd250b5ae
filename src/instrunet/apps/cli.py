"""The command line: every command is a parse and one call into the package."""

from __future__ import annotations

import importlib
import os
import sys
from importlib.metadata import version
from typing import Annotated, Any

import typer

from instrunet.errors import InstrunetError, UsageError

COMMAND_MODULES = (
    "tag",
    "models",
    "labels",
    "doctor",
    "data",
    "data_check",
    "data_split",
    "data_explore",
    "score",
    "job",
    "embed",
    "train",
    "synth",
    "serve",
    "app",
    "listen",
)
"""Modules of ``instrunet.apps.commands`` in the order of ``--help``; each has ``register(app)`` and imports lightly."""

_Misuse: Any = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")
"""The base of typer's complaints; which module it lies in differs from version to version."""

app = typer.Typer(
    help="Which instruments play in this recording, and when?",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"instrunet {version('instrunet')}")
        raise typer.Exit


@app.callback()
def _root(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and stop."),
    ] = False,
) -> None:
    pass


for _module in COMMAND_MODULES:
    importlib.import_module(f"instrunet.apps.commands.{_module}").register(app)


def main() -> None:
    """Run the command line; mistakes of use exit with 2, failures with 1, ctrl-C with 130."""
    try:
        code = app(standalone_mode=False)
    except _Misuse as error:
        error.show()
        sys.exit(error.exit_code)
    except UsageError as error:
        typer.echo(f"instrunet: {error}", err=True)
        sys.exit(2)
    except InstrunetError as error:
        typer.echo(f"instrunet: {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except (KeyboardInterrupt, typer.Abort):
        typer.echo("instrunet: interrupted", err=True)
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
