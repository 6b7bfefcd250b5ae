"""The report on two models side by side: ``write_comparison`` puts a page and its tables into a folder."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from html import escape
from pathlib import Path

from instrunet.evaluation.bootstrap import Interval
from instrunet.evaluation.comparison import Comparison, Difference
from instrunet.evaluation.report.charts import Bar, Line, gain_bars, lines
from instrunet.evaluation.report.grid import between, grid, number, shown, spread, text
from instrunet.evaluation.report.page import (
    Section,
    Tile,
    definitions,
    figure,
    page,
    paragraph,
    plots,
    scrolled,
    write_page,
)
from instrunet.evaluation.report.words import MEANINGS, title_of
from instrunet.evaluation.tables import write_comparison_tables


def write_comparison(comparison: Comparison, folder: str | os.PathLike[str], *, title: str = "") -> Path:
    """Write ``index.html``, ``comparison.json``, ``differences.csv`` and ``gains.csv``; gives the page's path."""
    place = Path(folder)
    write_comparison_tables(comparison, place)
    return write_page(comparison_html(comparison, title=title), place / "index.html")


def comparison_html(comparison: Comparison, *, title: str = "") -> str:
    """The page as text."""
    first, second = comparison.first, comparison.second
    heading = title or f"{second.config.name} against {first.config.name}"
    lead = f"{shown(first.n_clips)} clips, {len(first.labels)} classes"
    lead += f" of {first.config.dataset}" if first.config.dataset else ""
    if first.not_scored:
        lead += f", without {', '.join(first.not_scored)}, which not both can say"
    lead += f". Every difference is {second.config.name} less {first.config.name}; intervals are paired."
    sections = [
        Section("Gains per class", _gains(comparison)),
        Section("All numbers", _differences(comparison)),
        Section("Thresholds", _thresholds(comparison)),
        Section("Decision by decision", _agreement(comparison)),
        Section("What the numbers mean", definitions(MEANINGS)),
    ]
    return page(heading, escape(lead), _tiles(comparison), sections)


def _tiles(comparison: Comparison) -> list[Tile]:
    name = comparison.first.config.decision
    found = {row.name: row for row in comparison.differences}
    tiles = []
    for key in (f"macro_f1@{name}", f"micro_f1@{name}", "map", "roc_auc"):
        row = found[key]
        below = f"{shown(row.first)} → {shown(row.second)}"
        below += f" · {_span_words(row)}" if _span_words(row) else ""
        tiles.append(Tile(title_of(key), shown(row.gain, sign=True), below))
    return tiles


def _gains(comparison: Comparison) -> str:
    name = comparison.first.config.decision
    f1, ap = comparison.main_gains, comparison.gains["ap"]
    support = [row.support for row in comparison.first.classes]
    occurring = [[row for row, n in zip(rows, support, strict=True) if n] for rows in (f1, ap)]
    captions = (f"Gain in F1 at {name}, the largest first.", "Gain in average precision, the largest first.")
    drawn = plots(
        *(
            figure(gain_bars(_bars(rows), caption), f"{caption} {_clear(rows)}")
            for rows, caption in zip(occurring, captions, strict=True)
        )
    )
    rows = [
        [
            text(one.name),
            number(support[j]),
            *(number(v) for v in (one.first, one.second)),
            number(one.gain, sign=True),
            spread(_span(one), sign=True),
            *(number(v) for v in (ap[j].first, ap[j].second)),
            number(ap[j].gain, sign=True),
            spread(_span(ap[j]), sign=True),
        ]
        for j, one in enumerate(f1)
    ]
    names = (comparison.first.config.name, comparison.second.config.name)
    heads = ["class", "positives", *(f"F1 {n}" for n in names), "gain", "interval"]
    heads += [*(f"AP {n}" for n in names), "AP gain", "AP interval"]
    return drawn + scrolled(grid(heads, rows))


def _bars(rows: Sequence[Difference]) -> list[Bar]:
    return [Bar(row.name, row.gain, _span(row)) for row in rows]


def _clear(rows: Sequence[Difference]) -> str:
    up = sum(row.clear and row.gain > 0 for row in rows)
    down = sum(row.clear and row.gain < 0 for row in rows)
    words = f"Clearly better in {up}, clearly worse in {down} of the {len(rows)} classes that occur"
    return f"{words} (interval without zero)."


def _differences(comparison: Comparison) -> str:
    rows = [
        [
            text(title_of(row.name)),
            number(row.first),
            number(row.second),
            number(row.gain, sign=True),
            spread(_span(row), sign=True),
            number(row.p_value),
        ]
        for row in comparison.differences
    ]
    heads = ["number", comparison.first.config.name, comparison.second.config.name, "difference", "interval", "p"]
    words = "p is two-sided, from the paired resamples; nothing here is corrected for how many numbers are looked at."
    return paragraph(words, kind="note") + scrolled(grid(heads, rows), tall=True)


def _thresholds(comparison: Comparison) -> str:
    curves = [
        Line(one.config.name, one.curve.thresholds, one.curve.macro_f1, dashed=dashed)
        for one, dashed in ((comparison.first, True), (comparison.second, False))
    ]
    drawn = lines(curves, "Macro F1 by threshold", x_name="one threshold for all classes", y_name="macro F1")
    return plots(figure(drawn, "Macro F1 as the threshold moves: a difference in calibration shows as a shift."))


def _agreement(comparison: Comparison) -> str:
    found = comparison.agreement
    names = (comparison.first.config.name, comparison.second.config.name)
    rows = [
        [text("both right"), number(found.both_right)],
        [text(f"only {names[0]} right"), number(found.only_first)],
        [text(f"only {names[1]} right"), number(found.only_second)],
        [text("both wrong"), number(found.both_wrong)],
    ]
    return scrolled(grid(["of the observed decisions", "how many"], rows))


def _span(row: Difference) -> Interval | None:
    return None if math.isnan(row.low) else Interval(row.low, row.high)


def _span_words(row: Difference) -> str:
    return between(_span(row), sign=True)
