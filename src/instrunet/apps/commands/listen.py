"""``instrunet listen``: the microphone, live in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from instrunet.apps.live.session import LiveSession
    from instrunet.tagging import Tagger

OUT_HELP = "Write what was heard when: .csv, .json, .jams or .jsonl."


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.command()(listen)


def listen(
    simulate: Annotated[Path | None, typer.Option(metavar="FILE", help="Hear a file in real time instead.")] = None,
    device: Annotated[str | None, typer.Option(help="Input device: its number or a part of its name.")] = None,
    devices: Annotated[bool, typer.Option("--devices", help="List the input devices and stop.")] = False,
    model: Annotated[str, typer.Option(help="A model inside the package, or the path of a bundle.")] = "default",
    vocabulary: Annotated[str | None, typer.Option(help="Words of the answer: instrunet, irmas, openmic, …")] = None,
    threshold: Annotated[str, typer.Option(help="A number, or 'tuned': those of the model.")] = "tuned",
    window: Annotated[float | None, typer.Option(help="Seconds heard at a time; those of the model.")] = None,
    every: Annotated[float, typer.Option(help="Seconds between answers.")] = 0.5,
    rows: Annotated[int, typer.Option(min=1, help="Bars to show.")] = 10,
    out: Annotated[Path | None, typer.Option("--out", "-o", help=OUT_HELP)] = None,
) -> None:
    """Show which instruments play right now; ctrl-C ends it."""
    from instrunet.apps.live.session import LiveSession, live_bundle
    from instrunet.apps.live.sources import devices as input_devices
    from instrunet.apps.live.sources import from_device, from_file
    from instrunet.bundles import Bundle
    from instrunet.tagging import Tagger

    if devices:
        for line in input_devices() or ["there is no input device"]:
            typer.echo(line)
        return
    bundle = live_bundle(Bundle.load(model), window_s=window, hop_s=every)
    tagger = Tagger(bundle, vocabulary=vocabulary, threshold=threshold, threads=1)
    if simulate is not None:
        rate_hz, blocks = tagger.sample_rate_hz, from_file(simulate, sample_rate_hz=tagger.sample_rate_hz)
    else:
        rate_hz, blocks = from_device(int(device) if device and device.isdigit() else device)
    session = LiveSession(tagger, sample_rate_hz=rate_hz)
    try:
        _show(session, tagger, blocks, rows)
    except KeyboardInterrupt:
        pass
    _end(session, simulate, out, every)


def _show(session: LiveSession, tagger: Tagger, blocks: Any, rows: int) -> None:
    import numpy as np
    from rich.console import Console
    from rich.live import Live

    from instrunet.apps.live.bars import Bars

    n_classes = len(tagger.spec.labels)
    bars = Bars(session.labels, tagger.wording.thresholds(np.zeros(n_classes, np.float32)), n_rows=rows)
    console = Console()
    with Live(bars.draw(None), console=console, auto_refresh=False, transient=True) as live:
        for moment in session.moments(blocks):
            bars.take(moment)
            live.update(bars.draw(moment), refresh=True)


def _end(session: LiveSession, simulate: Path | None, out: Path | None, every_s: float) -> None:
    import sys
    from dataclasses import replace

    from instrunet.tagging.writers import Delivery, WriteOptions

    if session.heard_s == 0:
        return
    tags = replace(session.finish(), path=str(simulate or "microphone"))
    delivery = Delivery.plan(None if out else "table", out, n_files=1, folder_run=False)
    for path in delivery.deliver([tags], WriteOptions(timeline=True), sys.stdout):
        typer.echo(f"wrote {path}", err=True)
    typer.echo(f"{session.heard_s:.1f} s heard; listening took {100 * session.load:.0f} % of one core", err=True)
    if session.lags_s:
        lags = sorted(session.lags_s)
        typer.echo(
            f"answers were there {lags[len(lags) // 2]:.2f} s after the sound (median; the slowest {lags[-1]:.2f} s), "
            f"{len(lags)} in all, one every {every_s:g} s",
            err=True,
        )
