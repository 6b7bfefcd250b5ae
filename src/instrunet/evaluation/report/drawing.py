"""Drawing plots as SVG text: shapes in plot units, colours by name so that light and dark are the page's affair."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape

FIRST, SECOND, THIRD = "var(--first)", "var(--second)", "var(--third)"
QUIET, LINE, GRID, SOFT = "var(--quiet)", "var(--line)", "var(--grid)", "var(--soft)"
FONT_PX = 13
Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A rectangle by its upper left corner and its size."""

    x: float
    y: float
    width: float
    height: float


@dataclass
class Drawing:
    """A canvas ``width`` by ``height`` on which shapes are put in order; ``fixed`` ones scroll instead of shrinking."""

    width: float
    height: float
    title: str
    fixed: bool = False
    parts: list[str] = field(default_factory=list)

    def rect(self, box: Box, fill: str, *, hint: str = "", extra: str = "") -> None:
        """A filled rectangle; ``hint`` is shown under the pointer."""
        size = f'width="{max(box.width, 0):.1f}" height="{max(box.height, 0):.1f}"'
        self._add("rect", f'x="{box.x:.1f}" y="{box.y:.1f}" {size} fill="{fill}" {extra}', hint)

    def line(self, start: Point, end: Point, stroke: str, *, width: float = 1, dash: str = "") -> None:
        """A straight line."""
        self.path([start, end], stroke, dash=dash, width=width)

    def path(self, points: Sequence[Point], stroke: str, *, dash: str = "", width: float = 2) -> None:
        """A line through points."""
        style = f'stroke="{stroke}" stroke-width="{width:g}" stroke-linejoin="round"'
        style += f' stroke-dasharray="{dash}"' if dash else ""
        joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self._add("polyline", f'points="{joined}" fill="none" {style}')

    def dot(self, x: float, y: float, fill: str, *, radius: float = 4, hint: str = "") -> None:
        """A filled circle."""
        self._add("circle", f'cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{fill}"', hint)

    def diamond(self, x: float, y: float, stroke: str, *, hint: str = "") -> None:
        """An open diamond, which tells itself apart from a dot without colour."""
        shape = f"M{x:.1f} {y - 5:.1f}l5 5l-5 5l-5 -5z"
        self._add("path", f'd="{shape}" fill="var(--paper)" stroke="{stroke}" stroke-width="2"', hint)

    def text(self, at: Point, words: str, *, anchor: str = "start", quiet: bool = False, extra: str = "") -> None:
        """Words with their baseline at a point."""
        kind = 'class="quiet"' if quiet else ""
        place = f'x="{at[0]:.1f}" y="{at[1]:.1f}" font-size="{FONT_PX}" text-anchor="{anchor}"'
        self.parts.append(f"<text {place} {kind} {extra}>{escape(words)}</text>")

    def _add(self, tag: str, attributes: str, hint: str = "") -> None:
        inner = f"<title>{escape(hint)}</title>" if hint else ""
        self.parts.append(f"<{tag} {attributes}>{inner}</{tag}>")

    def svg(self) -> str:
        """The drawing as an ``<svg>`` element."""
        kind = ' class="fixed"' if self.fixed else ""
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width:.0f} {self.height:.0f}" '
            f'width="{self.width:.0f}" height="{self.height:.0f}" role="img" aria-label="{escape(self.title)}"{kind}>'
            f"{''.join(self.parts)}</svg>"
        )


@dataclass(frozen=True)
class Frame:
    """The inner rectangle of a plot and the ranges of its axes."""

    left: float
    top: float
    right: float
    bottom: float
    x_range: tuple[float, float] = (0.0, 1.0)
    y_range: tuple[float, float] = (0.0, 1.0)

    def x(self, value: float) -> float:
        """Where a value stands from left to right."""
        low, high = self.x_range
        return self.left + (value - low) / (high - low) * (self.right - self.left)

    def y(self, value: float) -> float:
        """Where a value stands from bottom to top."""
        low, high = self.y_range
        return self.bottom - (value - low) / (high - low) * (self.bottom - self.top)


def plain(tick: float) -> str:
    """A number on an axis."""
    return f"{tick:g}"


def signed(tick: float) -> str:
    """A gain on an axis: a sign before all but zero."""
    return f"{tick:+g}" if tick else "0"


def x_axis(
    drawing: Drawing,
    frame: Frame,
    ticks: Sequence[float],
    *,
    name: str = "",
    style: Callable[[float], str] = plain,
) -> None:
    """Grid lines and numbers below a plot."""
    for tick in ticks:
        x = frame.x(tick)
        drawing.line((x, frame.top), (x, frame.bottom), GRID)
        drawing.text((x, frame.bottom + 17), style(tick).replace("-", "−"), anchor="middle", quiet=True)
    if name:
        drawing.text(((frame.left + frame.right) / 2, frame.bottom + 36), name, anchor="middle", quiet=True)


def y_axis(drawing: Drawing, frame: Frame, ticks: Sequence[float]) -> None:
    """Grid lines and numbers at the left of a plot."""
    for tick in ticks:
        y = frame.y(tick)
        drawing.line((frame.left, y), (frame.right, y), GRID)
        drawing.text((frame.left - 7, y + 4.5), plain(tick).replace("-", "−"), anchor="end", quiet=True)


def round_ticks(low: float, high: float, *, at_most: int = 6) -> list[float]:
    """Round numbers that span a range.

    >>> round_ticks(0, 23)
    [0, 5, 10, 15, 20, 25]
    """
    span = max(high - low, 1e-9)
    steps = (m * 10.0**e for e in range(-9, 10) for m in (1, 2, 5))
    step = next(step for step in steps if span / step <= at_most - 1)
    first, last = int(low // step), -int(-high // step)
    as_number: Callable[[float], float] = (lambda v: int(v)) if step >= 1 else (lambda v: round(v, 10))
    return [as_number(k * step) for k in range(first, last + 1)]


def legend(drawing: Drawing, x: float, y: float, entries: Sequence[tuple[str, str, str]]) -> None:
    """Marks and what they mean in a row; an entry is (``dot``, ``diamond`` or ``dash``; colour; words)."""
    for mark, colour, words in entries:
        if mark == "dot":
            drawing.dot(x + 5, y - 4, colour)
        elif mark == "diamond":
            drawing.diamond(x + 5, y - 4, colour)
        else:
            drawing.line((x - 3, y - 4), (x + 13, y - 4), colour, width=2, dash="5 3" if mark == "dash" else "")
        drawing.text((x + 18, y), words, quiet=True)
        x += 18 + 7.2 * len(words) + 18
