"""``instrunet data split`` and ``merge``: who is trained on, and several tables in one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from instrunet.apps.commands.data import Force, ManifestPath, OutPath, group, show_table

if TYPE_CHECKING:
    from instrunet.datasets.manifest import Manifest
    from instrunet.datasets.splitting import SplitReport

PUBLISHED = "published"


def register(_app: typer.Typer) -> None:
    """Nothing is left to add: the commands stand in the ``data`` group."""


@group.command()
def split(
    manifest: ManifestPath,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="By default MANIFEST.split.parquet.")] = None,
    fractions: Annotated[
        tuple[float, float, float], typer.Option(help="Shares of train, validation, test; 0 for no validation.")
    ] = (0.8, 0.1, 0.1),
    official: Annotated[bool, typer.Option("--official", help="Keep the published splits and measure them.")] = False,
    stratify: Annotated[bool, typer.Option("--stratify", help="Balance the labels iteratively.")] = False,
    by_group: Annotated[bool, typer.Option("--by-group", help="Keep every group whole (always so, see below).")] = True,
    protocol: Annotated[
        str, typer.Option(help="'published': clip by clip, as published work did it; the leak is measured.")
    ] = "",
    seed: Annotated[int, typer.Option(help="The same seed gives the same splits.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
    force: Force = False,
) -> None:
    """Split a manifest into training, validation and test, and tell how far each class is from its share.

    Groups (songs, artists, instruments) never cross a split, unless --protocol published repeats work that let them.
    """
    from instrunet.datasets.manifest import Manifest, refuse_overwriting
    from instrunet.datasets.splitting import SplitPlan, report_split
    from instrunet.datasets.splitting import split as split_up
    from instrunet.errors import UsageError

    target = out or manifest.with_name(f"{manifest.stem}.split.parquet")
    refuse_overwriting(target, force=force)
    if protocol not in ("", PUBLISHED):
        raise UsageError(f"no protocol {protocol!r}; there is {PUBLISHED!r}")
    table = Manifest.read(manifest)
    if official:
        _require_splits(table, manifest)
        done, report = table, report_split(table)
    else:
        shares = tuple(share for share in fractions if share) if not fractions[1] else fractions
        grouped = by_group and protocol != PUBLISHED
        plan = SplitPlan(shares, stratify=stratify or protocol == PUBLISHED, by_group=grouped, seed=seed)
        done = split_up(table, plan)
        report = report_split(done, shares)
    done.write(target, force=force)
    if as_json:
        typer.echo(json.dumps(report.to_dict(), ensure_ascii=False, indent=2))
    else:
        _show_report(report, target)


def _require_splits(table: Manifest, path: Path) -> None:
    from instrunet.errors import UsageError

    if not any(table.column("split")):
        raise UsageError(f"{path}: this data set has no official split; say --fractions")


def _show_report(report: SplitReport, target: Path) -> None:
    shares = ", ".join(f"{name} {share:.1%}" for name, share in zip(report.names, report.clip_shares, strict=True))
    typer.echo(f"{target}: {shares}")
    rows: list[dict[str, object]] = []
    for entry in report.labels:
        counted = {name: f"{share:.1%}" for name, share in zip(report.names, entry.shares, strict=True)}
        rows.append({"label": entry.label, "positive": entry.n_positive, **counted, "off by": f"{entry.deviation:.1%}"})
    show_table(rows)
    typer.echo(f"mean distance of a class from its share: {report.mean_deviation:.2%}")
    typer.echo(report.leak.said())


@group.command()
def merge(
    manifests: Annotated[list[Path], typer.Argument(metavar="MANIFEST...", help="The manifests to put together.")],
    out: OutPath,
    vocabulary: Annotated[str, typer.Option(help="Words of the result; by default the first published ones.")] = "",
    force: Force = False,
) -> None:
    """Put manifests together: each is said in one vocabulary first; what cannot be said there is masked."""
    from instrunet.datasets.manifest import Manifest, refuse_overwriting
    from instrunet.datasets.merging import merge as put_together

    refuse_overwriting(out, force=force)
    merged = put_together([Manifest.read(path) for path in manifests], vocabulary=vocabulary)
    merged.write(out, force=force)
    typer.echo(f"{out}: {len(merged):,} clips in the words of {merged.vocabulary}, paths relative to {merged.root}")
