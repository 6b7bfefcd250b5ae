"""``instrunet job``: how a job stands, and what failed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from instrunet.errors import UsageError

if TYPE_CHECKING:
    from instrunet.tagging.jobs.ledger import Ledger

commands = typer.Typer(help="Look at a tagging job: done, failed, quarantined, left.", no_args_is_help=True)
LedgerPath = Annotated[Path, typer.Argument(metavar="LEDGER", help="The .job file beside the output.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.add_typer(commands, name="job")


@commands.command()
def show(ledger: LedgerPath, as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Tell how a job stands: done, failed, quarantined, left, rate and time to go."""
    found = _opened(ledger)
    counts = found.counts()
    left, rate = counts[_state("waiting")], found.rate()
    facts = {
        **{state.value: n for state, n in counts.items()},
        "hours_done": round(found.hours_done(), 2),
        "files_per_s": round(rate, 2),
        "left_s": round(left / rate) if rate and left else 0,
    }
    if as_json:
        typer.echo(json.dumps(facts))
        return
    for name, value in facts.items():
        typer.echo(f"{name:12s} {value}")


@commands.command()
def failures(
    ledger: LedgerPath, out: Annotated[Path | None, typer.Option("--out", "-o", help="Write a CSV here.")] = None
) -> None:
    """List the files that failed or were quarantined, with the reason."""
    import csv

    from instrunet.files import written_whole

    rows = list(_opened(ledger).rows(_state("failed"), _state("quarantined")))
    if out is None:
        for row in rows:
            typer.echo(f"{row.state.value}\t{row.path}\t{row.reason}")
        return
    with written_whole(out) as beside, beside.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["file", "state", "attempts", "reason"])
        writer.writerows([row.path, row.state.value, row.attempts, row.reason] for row in rows)
    typer.echo(f"wrote {out}: {len(rows)} files")


def _state(name: str) -> Any:
    from instrunet.tagging.jobs.ledger import State

    return State(name)


def _opened(path: Path) -> Ledger:
    from instrunet.tagging.jobs.ledger import Ledger

    if not path.is_file():
        raise UsageError(f"{path}: there is no such job; the ledger lies beside the output and ends in .job")
    return Ledger(path)
