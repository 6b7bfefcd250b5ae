"""Tables that sort when a heading is pressed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from instrunet.evaluation.bootstrap import Interval


@dataclass(frozen=True)
class Cell:
    """A cell: what is shown (HTML), the value it sorts by, and how it looks."""

    html: str
    value: str = ""
    kind: str = ""


def text(value: str) -> Cell:
    """Words."""
    return Cell(escape(value), value)


def number(value: float | int | None, *, digits: int = 3, sign: bool = False) -> Cell:
    """A number; nothing is shown for what is not defined.

    >>> number(0.5).html, number(float("nan")).html, number(-0.02, sign=True).html, number(12).html
    ('0.500', '', '−0.020', '12')
    """
    if value is None or math.isnan(value):
        return Cell("", "", "number")
    return Cell(shown(value, digits=digits, sign=sign), repr(value), "number")


def shown(value: float | int | None, *, digits: int = 3, sign: bool = False) -> str:
    """A number as people write it, with a true minus; a dash for what is not defined."""
    if value is None or math.isnan(value):
        return "–"
    if isinstance(value, int):
        return f"{value:+d}".replace("-", "−") if sign else f"{value:,}".replace(",", "\u202f")
    written = f"{value:+.{digits}f}" if sign else f"{value:.{digits}f}"
    return written.replace("-", "−")


def between(span: Interval | None, *, digits: int = 3, sign: bool = False) -> str:
    """An interval in words: ``0.701 to 0.745``; nothing for one that is not known.

    >>> between(Interval(0.7, 0.75))
    '0.700 to 0.750'
    """
    if span is None or math.isnan(span.low):
        return ""
    return f"{shown(span.low, digits=digits, sign=sign)} to {shown(span.high, digits=digits, sign=sign)}"


def spread(span: Interval | None, *, sign: bool = False) -> Cell:
    """An interval as a cell, sorted by its lower end."""
    words = between(span, sign=sign)
    return Cell(words, repr(span.low) if span and words else "", "number")


def chips(labels: Sequence[str], kind: str) -> str:
    """Labels in a row, each marked by sign as well as by colour: ✓ right, – missed, + invented."""
    mark = {"tp": "✓ ", "fn": "– ", "fp": "+ "}.get(kind, "")
    return "".join(f'<span class="chip {kind}">{mark}{escape(label)}</span>' for label in labels)


def labelled(labels: Sequence[str], kind: str = "") -> Cell:
    """Chips as a cell, sorted by how many there are."""
    return Cell(chips(labels, kind), str(len(labels)), "wrap")


def grid(columns: Sequence[str], rows: Sequence[Sequence[Cell]], *, caption: str = "") -> str:
    """A sortable table; the first cell of each row is its heading. Without rows there is no table."""
    if not rows:
        return ""
    heads = "".join(
        f'<th scope="col"{" class=number" if rows[0][j].kind == "number" else ""}>'
        f'<button type="button">{escape(name)}</button></th>'
        for j, name in enumerate(columns)
    )
    body = "".join(f"<tr>{''.join(_cell(cell, first=j == 0) for j, cell in enumerate(row))}</tr>" for row in rows)
    words = f"<caption class=note>{escape(caption)}</caption>" if caption else ""
    return f'<table class="sortable">{words}<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>'


def _cell(cell: Cell, *, first: bool) -> str:
    tag = 'th scope="row"' if first else "td"
    kind = f' class="{cell.kind}"' if cell.kind else ""
    return f'<{tag}{kind} data-value="{escape(cell.value)}">{cell.html}</{tag[:2]}>'
