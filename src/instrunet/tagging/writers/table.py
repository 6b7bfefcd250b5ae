"""A readable table: instrument, confidence, when it plays; and with a timeline, how it comes and goes."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import TYPE_CHECKING, TextIO

import numpy as np
from numpy.typing import NDArray

from instrunet.tagging.tags import InstrumentTag, Range, Tags
from instrunet.tagging.writers.options import WriteOptions

if TYPE_CHECKING:
    from rich.table import Table

BAR_CELLS = 10
OTHER_CELLS = 62
"""What a row of the table takes besides its timeline."""
_EIGHTHS = " ▏▎▍▌▋▊▉█"
_LEVELS = " ▁▂▃▄▅▆▇█"


def write_table(results: Iterable[Tags], file: TextIO, options: WriteOptions) -> None:
    """One table a recording."""
    from rich.console import Console
    from rich.text import Text

    console = Console(file=file, highlight=False, soft_wrap=False)
    for tags in results:
        console.print(Text(f"{options.name(tags)}  {clock(tags.duration_s)}", style="bold"))
        if options.chosen(tags):
            console.print(_table(tags, options, max(12, min(60, console.width - OTHER_CELLS))))
        else:
            console.print(Text(nothing(tags)))
        for remark in (*tags.remarks, *_unknown(tags)):
            console.print(Text(f"note: {remark}", style="dim"), soft_wrap=True)
        console.print()
        file.flush()


def _unknown(tags: Tags) -> tuple[str, ...]:
    """One sentence if there are words that the model cannot tell of."""
    if not tags.unknown:
        return ()
    n = len(tags.unknown)
    named = ", ".join(tags.unknown) if n <= 8 else f"{', '.join(tags.unknown[:8])} and {n - 8} more"
    return (f"unknown to this model, not absent: {named}",)


def one_line(tags: Tags, options: WriteOptions) -> str:
    """A recording in a line.

    >>> from instrunet.tagging.tags import Tags
    >>> one_line(Tags("a.wav", 1.0, "instrunet", "m", (), np.zeros(1, np.float32)), WriteOptions())
    'a.wav: nothing recognised'
    """
    found = ", ".join(f"{tag.label} {tag.confidence:.2f}" for tag in options.chosen(tags))
    return f"{options.name(tags)}: {found or 'nothing recognised'}"


def nothing(tags: Tags) -> str:
    """What to say when no instrument was detected."""
    if not tags.ranked or tags.ranked[0].confidence < 0.01:
        return "  no instrument recognised"
    best = tags.ranked[0]
    near = f"{best.label} at {best.confidence:.2f} of {best.threshold:.2f}"
    return f"  no instrument reaches its threshold; nearest is {near}{perhaps(tags)}"


def perhaps(tags: Tags) -> str:
    """The families that are likely although no member is detected, if there are any."""
    named = ", ".join(f"{family.name} {family.confidence:.2f}" for family in tags.perhaps)
    return f"; perhaps {named}" if named else ""


def _table(tags: Tags, options: WriteOptions, timeline_cells: int) -> Table:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("instrument", no_wrap=True)
    table.add_column("confidence", no_wrap=True)
    if options.timeline:
        end = clock(tags.start_s + tags.duration_s)
        table.add_column(f"{clock(tags.start_s)}{end:>{timeline_cells - len(clock(tags.start_s))}}", no_wrap=True)
    table.add_column("plays", overflow="fold", min_width=17)
    for tag in options.chosen(tags):
        cells = [tag.label.replace("_", " "), f"{bar(tag.confidence)} {tag.confidence:.2f}"]
        if options.timeline:
            cells.append(sparkline(tag.activity, timeline_cells))
        cells.append(when(tag, tags))
        table.add_row(*(Text(cell) for cell in cells), style="" if tag.detected else "dim")
    return table


def bar(confidence: float, cells: int = BAR_CELLS) -> str:
    """A bar of eighths.

    >>> bar(0.55, 4)
    '██▎ '
    """
    eighths = round(confidence * cells * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (_EIGHTHS[rest] if rest else "")).ljust(cells)


def sparkline(curve: NDArray[np.floating], cells: int) -> str:
    """A curve in a line: the mean of each stretch, as a height.

    >>> sparkline(np.array([0.0, 0.5, 1.0]), 3)
    ' ▄█'
    """
    edges = np.linspace(0, len(curve), cells + 1)
    means = [float(np.mean(curve[int(a) : max(int(a) + 1, int(b))])) for a, b in pairwise(edges)]
    return "".join(_LEVELS[round(min(max(m, 0.0), 1.0) * 8)] for m in means)


def when(tag: InstrumentTag, tags: Tags) -> str:
    """The ranges in words; a range that fills the recording is ``throughout``."""
    if not tag.ranges:
        return "–"
    played = sum(r.end_s - r.start_s for r in tag.ranges)
    if played >= 0.95 * tags.duration_s:
        return "throughout"
    shown = [_span(r) for r in tag.ranges[:4]]
    more = len(tag.ranges) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _span(r: Range) -> str:
    return f"{clock(r.start_s)}–{clock(r.end_s)}"


def clock(time_s: float) -> str:
    """Minutes and seconds; tenths of the first ten seconds.

    >>> clock(0), clock(3.25), clock(62.0), clock(3725)
    ('0:00', '0:03.2', '1:02', '1:02:05')
    """
    if 0 < time_s < 9.95:
        return f"0:{time_s:04.1f}"
    minutes, seconds = divmod(round(time_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
