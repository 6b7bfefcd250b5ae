"""Heat maps as SVG: a picture of the cells, and every row and column named beside it."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from instrunet.insight.association import Association
from instrunet.insight.colours import N_SHADES, data_uri, palette_png, place_of, scale_of

MEASURES = ("counts", "shares", "lift")
WITH_NUMBERS = 20
"""Matrices with at most this many columns have their numbers written in the cells."""
FONT_PX, LETTER = 11.0, 0.56
SMALLEST_CELL = 11.2


@dataclass(frozen=True)
class Layout:
    """Where the parts of a heat map stand, in pixels."""

    cell_width: float
    cell_height: float
    font: float
    left: float
    top: float
    width: float
    height: float

    @classmethod
    def of(cls, association: Association) -> Layout:
        """Make room for every name; few columns get wide cells that hold numbers."""
        n_rows, n_columns = association.counts.shape
        numbered = n_columns <= WITH_NUMBERS
        plain = float(np.clip(760 / max(n_rows, n_columns), SMALLEST_CELL, 20.0))
        cell_width = max(SMALLEST_CELL, min(46.0, 760 / n_columns)) if numbered else plain
        cell_height = 22.0 if n_rows <= WITH_NUMBERS else SMALLEST_CELL + 2 if numbered else plain
        font = FONT_PX if cell_height > 13 else 10.0
        sizes = f"{association.row_sizes.max(initial=0)}"
        left = 14 + font * LETTER * (max(map(len, association.rows)) + 1 + len(sizes))
        top = 12 + font * LETTER * max(map(len, association.columns)) * (0.75 if numbered else 1.0)
        # Slanted names of the last columns lean out to the right.
        overhang = font * LETTER * max(map(len, association.columns)) * 0.7 if numbered else 12.0
        width = left + n_columns * cell_width + overhang
        return cls(cell_width, cell_height, font, left, top, width, top + n_rows * cell_height + 46)


def values_of(association: Association, measure: str) -> NDArray[np.float64]:
    """Give what a heat map shows; NaN where a cell would only compare an instrument with itself."""
    values = {"counts": association.counts, "shares": association.shares, "lift": association.lift}[measure]
    shown = np.array(values, float)
    if association.square:
        np.fill_diagonal(shown, np.nan)
    return shown


def to_svg(association: Association, measure: str, *, title: str = "") -> str:
    """Draw one measure of an association as an SVG that needs nothing else."""
    place = Layout.of(association)
    values = values_of(association, measure)
    top = float(np.nanmax(values, initial=0.0)) if measure == "counts" else 1.0
    if measure == "shares":
        top = max(0.1, float(np.nanmax(values, initial=0.0)))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {place.width:.0f} {place.height:.0f}" '
        f'width="{place.width:.0f}" height="{place.height:.0f}" font-family="system-ui,sans-serif" '
        f'font-size="{place.font}" fill="#1f2933">',
        f"<title>{escape(title)}</title>" if title else "",
        _cells(values, measure, top, place),
        _names(association, place),
        _numbers(values, measure, top, place) if len(association.columns) <= WITH_NUMBERS else "",
        _legend(measure, top, place, len(association.rows)),
        "</svg>",
    ]
    return "".join(parts)


def _cells(values: NDArray[np.float64], measure: str, top: float, place: Layout) -> str:
    shades = np.round(place_of(measure, np.nan_to_num(values), top) * (N_SHADES - 1)).astype(np.uint8)
    shades[np.isnan(values)] = N_SHADES
    palette = np.vstack([scale_of(measure, top).palette, [[226, 223, 215]]]).astype(np.uint8)
    n_rows, n_columns = values.shape
    width, height = n_columns * place.cell_width, n_rows * place.cell_height
    # Drawn large, so that programs which smooth pictures still show sharp cells.
    image = data_uri(palette_png(shades, palette, magnify=4))
    lines = _grid(n_rows, n_columns, place)
    return (
        f'<image class="cells" x="{place.left:.1f}" y="{place.top:.1f}" width="{width:.1f}" height="{height:.1f}" '
        f'preserveAspectRatio="none" style="image-rendering:pixelated" href="{image}"/>{lines}'
    )


def _grid(n_rows: int, n_columns: int, place: Layout) -> str:
    step = 1 if max(n_rows, n_columns) <= WITH_NUMBERS else 5
    right, bottom = place.left + n_columns * place.cell_width, place.top + n_rows * place.cell_height
    rows = "".join(
        f"M{place.left:.1f} {place.top + i * place.cell_height:.1f}H{right:.1f}" for i in range(0, n_rows + 1, step)
    )
    columns = "".join(
        f"M{place.left + j * place.cell_width:.1f} {place.top:.1f}V{bottom:.1f}"
        for j in range(0, n_columns + 1, step if n_columns > WITH_NUMBERS else 1)
    )
    return f'<path d="{rows}{columns}" stroke="#fff" stroke-width=".7" opacity=".8"/>'


def _names(association: Association, place: Layout) -> str:
    middle = 0.5 + 0.35 * place.font / place.cell_height
    digits = place.font * LETTER * (1 + len(f"{association.row_sizes.max(initial=0)}"))
    rows = sizes = ""
    for i, (name, size) in enumerate(zip(association.rows, association.row_sizes, strict=True)):
        y = f'y="{place.top + (i + middle) * place.cell_height:.1f}"'
        rows += f'<tspan x="{place.left - 7 - digits:.1f}" {y}>{escape(name)}</tspan>'
        sizes += f'<tspan x="{place.left - 6:.1f}" {y}>{size}</tspan>'
    slant = -48 if len(association.columns) <= WITH_NUMBERS else -90
    shift = 0.3 * place.font if slant == -90 else 0.0
    columns = "".join(
        f'<text transform="translate({place.left + (j + 0.5) * place.cell_width + shift:.1f} {place.top - 5:.1f}) '
        f'rotate({slant})">{escape(name)}</text>'
        for j, name in enumerate(association.columns)
    )
    return f'<g text-anchor="end"><text>{rows}</text><text fill="#87909a">{sizes}</text></g>{columns}'


def _numbers(values: NDArray[np.float64], measure: str, top: float, place: Layout) -> str:
    where = place_of(measure, np.nan_to_num(values), top)
    strong = np.abs(where - 0.5) > 0.27 if measure == "lift" else where > 0.55
    lines = {False: "", True: ""}
    for i, row in enumerate(values):
        y = place.top + (i + 0.5) * place.cell_height + 0.35 * place.font
        for j, value in enumerate(row):
            if not np.isnan(value) and (measure == "lift" or value > 0):
                x = place.left + (j + 0.5) * place.cell_width
                lines[bool(strong[i, j])] += f'<tspan x="{x:.0f}" y="{y:.1f}">{written(value, measure)}</tspan>'
    size = min(place.font, place.cell_width / 3)
    return (
        f'<g text-anchor="middle" font-size="{size:.1f}"><text>{lines[False]}</text>'
        f'<text fill="#fff">{lines[True]}</text></g>'
    )


def written(value: float, measure: str) -> str:
    """Write a value as a cell shows it.

    >>> written(0.256, "shares"), written(12.0, "counts"), written(1.52, "lift")
    ('26', '12', '1.5')
    """
    if measure == "shares":
        return f"{100 * value:.0f}"
    return f"{value:.0f}" if measure == "counts" or value >= 9.95 else f"{value:.1f}"


def _legend(measure: str, top: float, place: Layout, n_rows: int) -> str:
    scale = scale_of(measure, top)
    y, width = place.top + n_rows * place.cell_height + 12, 220.0
    image = data_uri(palette_png(np.arange(N_SHADES, dtype=np.uint8)[None], scale.palette))
    ticks = "".join(
        f'<text x="{place.left + at * width:.0f}" y="{y + 24:.0f}" text-anchor="middle">{text}</text>'
        for at, text in scale.ticks
    )
    return (
        f'<image x="{place.left:.0f}" y="{y:.0f}" width="{width:.0f}" height="11" preserveAspectRatio="none" '
        f'href="{image}"/><g font-size="10">{ticks}</g>'
    )
