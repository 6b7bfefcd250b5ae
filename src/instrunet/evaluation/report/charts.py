"""The plots of the reports: bars with intervals, gains, curves, reliability, small histograms."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from instrunet.evaluation.bootstrap import Interval
from instrunet.evaluation.calibration import Reliability
from instrunet.evaluation.report.drawing import (
    FIRST,
    LINE,
    QUIET,
    SECOND,
    SOFT,
    THIRD,
    Box,
    Drawing,
    Frame,
    legend,
    round_ticks,
    signed,
    x_axis,
    y_axis,
)
from instrunet.evaluation.report.grid import between, shown

WIDTH, CARD, ROW = 460.0, 340.0, 22.0
LETTER = 7.1


@dataclass(frozen=True)
class Bar:
    """One row of a bar chart: a value, perhaps an interval, perhaps a published value to compare with."""

    label: str
    value: float
    interval: Interval | None = None
    published: float | None = None


@dataclass(frozen=True)
class Line:
    """One line of a plot."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    dashed: bool = False


def bars(rows: Sequence[Bar], title: str, *, most: float = 1.0) -> str:
    """Horizontal bars from 0 to ``most`` with intervals as whiskers and published values as diamonds."""
    left = _label_room(row.label for row in rows)
    has_published = any(row.published is not None for row in rows)
    top = 30.0 if has_published else 8.0
    drawing = Drawing(WIDTH, top + len(rows) * ROW + 26, title)
    frame = Frame(left, top, WIDTH - 46, top + len(rows) * ROW, x_range=(0, most))
    ticks = round_ticks(0, most)
    x_axis(drawing, frame, [tick for tick in ticks if tick <= most])
    if has_published:
        legend(drawing, left, 16, [("dot", FIRST, "ours"), ("diamond", SECOND, "published")])
    for i, row in enumerate(rows):
        _bar(drawing, frame, row, top + (i + 0.5) * ROW)
    return drawing.svg()


def _bar(drawing: Drawing, frame: Frame, row: Bar, middle: float) -> None:
    hint = f"{row.label}: {shown(row.value)}" + (f" ({between(row.interval)})" if between(row.interval) else "")
    drawing.text((frame.left - 8, middle + 4.5), row.label, anchor="end")
    if not math.isnan(row.value):
        drawing.rect(
            Box(frame.left, middle - 7, frame.x(row.value) - frame.left, 14),
            FIRST,
            hint=hint,
            extra='rx="2" opacity=".85"',
        )
        _whisker(drawing, frame, row.interval, middle)
    if row.published is not None:
        drawing.diamond(frame.x(row.published), middle, SECOND, hint=f"{row.label}, published: {shown(row.published)}")
    words = shown(row.value, digits=2) if frame.x_range[1] <= 1 else shown(int(row.value))
    drawing.text((frame.right + 8, middle + 4.5), words, quiet=True)


def _whisker(drawing: Drawing, frame: Frame, span: Interval | None, middle: float) -> None:
    if span is None or math.isnan(span.low):
        return
    for end in (span.low, span.high):
        drawing.line((frame.x(end), middle - 4), (frame.x(end), middle + 4), "var(--ink)", width=1.5)
    drawing.line((frame.x(span.low), middle), (frame.x(span.high), middle), "var(--ink)", width=1.5)


def gain_bars(rows: Sequence[Bar], title: str) -> str:
    """Bars to the right for gains and to the left for losses, the largest gain first, with paired intervals."""
    known = sorted((row for row in rows if not math.isnan(row.value)), key=lambda row: -row.value)
    if not known:
        return ""
    ends = [row.value for row in known]
    ends += [end for row in known if row.interval for end in (row.interval.low, row.interval.high)]
    reach = max(0.02, *(abs(end) for end in ends if not math.isnan(end)))
    ticks = round_ticks(-reach, reach)
    left = _label_room(row.label for row in known)
    drawing = Drawing(WIDTH, len(known) * ROW + 34, title)
    frame = Frame(left, 8, WIDTH - 58, 8 + len(known) * ROW, x_range=(float(ticks[0]), float(ticks[-1])))
    x_axis(drawing, frame, ticks, style=signed)
    drawing.line((frame.x(0), frame.top), (frame.x(0), frame.bottom), QUIET)
    for i, row in enumerate(known):
        middle = frame.top + (i + 0.5) * ROW
        start, end = sorted((frame.x(0), frame.x(row.value)))
        hint = f"{row.label}: {shown(row.value, sign=True)} ({between(row.interval, sign=True)})"
        colour = FIRST if row.value >= 0 else SECOND
        drawing.rect(Box(start, middle - 7, end - start, 14), colour, hint=hint, extra='rx="2" opacity=".85"')
        _whisker(drawing, frame, row.interval, middle)
        drawing.text((frame.left - 8, middle + 4.5), row.label, anchor="end")
        drawing.text((frame.right + 8, middle + 4.5), shown(row.value, sign=True), quiet=True)
    return drawing.svg()


def lines(curves: Sequence[Line], title: str, *, x_name: str, y_name: str, marks: Sequence[float] = ()) -> str:
    """Lines over the thresholds 0 to 1; ``marks`` are thresholds to point out."""
    highest = max((value for curve in curves for value in curve.y if not math.isnan(value)), default=1.0)
    ticks = round_ticks(0, 1 if highest <= 1 else highest)
    drawing = Drawing(WIDTH, 300, title)
    frame = Frame(48, 52, WIDTH - 16, 250, y_range=(0.0, float(ticks[-1])))
    y_axis(drawing, frame, ticks)
    x_axis(drawing, frame, (0, 0.2, 0.4, 0.6, 0.8, 1), name=x_name)
    drawing.text((4, 16), y_name, quiet=True)
    for mark in marks:
        drawing.line((frame.x(mark), frame.top), (frame.x(mark), frame.bottom), QUIET, dash="2 3")
    colours = (FIRST, SECOND, THIRD)
    entries = []
    for curve, colour in zip(curves, colours, strict=False):
        points = [(frame.x(x), frame.y(y)) for x, y in zip(curve.x, curve.y, strict=True) if not math.isnan(y)]
        drawing.path(points, colour, dash="6 4" if curve.dashed else "")
        entries.append(("dash" if curve.dashed else "line", colour, curve.name))
    if len(curves) > 1:
        legend(drawing, frame.left + 4, 38, entries)
    return drawing.svg()


def reliability_plot(as_is: Reliability, scaled: Reliability | None, title: str) -> str:
    """Share truly positive against mean score for each bin, with the number of scores in each bin below."""
    drawing = Drawing(WIDTH, 400, title)
    frame = Frame(48, 44, WIDTH - 16, 290)
    y_axis(drawing, frame, (0, 0.2, 0.4, 0.6, 0.8, 1))
    x_axis(drawing, frame, (0, 0.2, 0.4, 0.6, 0.8, 1))
    drawing.text((4, 14), "share that is truly present", quiet=True)
    drawing.path([(frame.x(0), frame.y(0)), (frame.x(1), frame.y(1))], QUIET, dash="3 3", width=1)
    curves = [(as_is, FIRST, "dot", "scores as they are")]
    if scaled is not None:
        curves.append((scaled, SECOND, "diamond", "with temperature"))
    legend(drawing, frame.left + 4, 34, [(mark, colour, words) for _, colour, mark, words in curves])
    for curve, colour, mark, _ in curves:
        _reliability_points(drawing, frame, curve, colour, mark)
    below = Frame(frame.left, 318, frame.right, 362)
    most = max(max(as_is.n), 1)
    for low, high, n in zip(as_is.edges[:-1], as_is.edges[1:], as_is.n, strict=True):
        height = (math.log10(n + 1) / math.log10(most + 1)) * (below.bottom - below.top)
        x = below.x(low) + 1
        drawing.rect(
            Box(x, below.bottom - height, below.x(high) - x - 1, height),
            SOFT,
            hint=f"{low:.2f} to {high:.2f}: {shown(n)} scores",
        )
    drawing.line((below.left, below.bottom), (below.right, below.bottom), LINE)
    words = "mean score; below, how many scores (logarithmic)"
    drawing.text(((below.left + below.right) / 2, below.bottom + 20), words, anchor="middle", quiet=True)
    return drawing.svg()


def _reliability_points(drawing: Drawing, frame: Frame, curve: Reliability, colour: str, mark: str) -> None:
    points = [
        (frame.x(score), frame.y(share), f"mean score {score:.2f}, truly present {share:.2f} ({n} scores)")
        for score, share, n in zip(curve.mean_score, curve.share_positive, curve.n, strict=True)
        if n
    ]
    drawing.path([(x, y) for x, y, _ in points], colour, width=1.5)
    for x, y, hint in points:
        if mark == "dot":
            drawing.dot(x, y, colour, hint=hint)
        else:
            drawing.diamond(x, y, colour, hint=hint)


def score_split(found: Reliability, title: str) -> str:
    """How scores are spread where the instrument is present (upwards) and where it is absent (downwards)."""
    present = [n * share if n else 0.0 for n, share in zip(found.n, found.share_positive, strict=True)]
    absent = [n - k for n, k in zip(found.n, present, strict=True)]
    drawing = Drawing(WIDTH, 300, title)
    frame = Frame(16, 30, WIDTH - 16, 250)
    middle = (frame.top + frame.bottom) / 2
    x_axis(drawing, frame, (0, 0.2, 0.4, 0.6, 0.8, 1), name="score")
    for counts, colour, up in ((present, FIRST, True), (absent, SECOND, False)):
        most = math.log10(max(max(counts), 1) + 1)
        for low, high, n in zip(found.edges[:-1], found.edges[1:], counts, strict=True):
            tall = math.log10(n + 1) / most * (middle - frame.top - 8)
            box = Box(frame.x(low) + 1, middle - tall if up else middle, frame.x(high) - frame.x(low) - 2, tall)
            words = f"{low:.2f} to {high:.2f}: {shown(round(n))} {'present' if up else 'absent'}"
            drawing.rect(box, colour, hint=words, extra='opacity=".85"')
    drawing.line((frame.left, middle), (frame.right, middle), LINE)
    drawing.text((frame.left, 18), f"present: {shown(round(sum(present)))}", quiet=True)
    drawing.text((frame.right, 18), f"absent (below the line): {shown(round(sum(absent)))}", anchor="end", quiet=True)
    return drawing.svg()


def columns(values: Sequence[int], names: Sequence[str], title: str, *, x_name: str) -> str:
    """Upright bars with their counts written on top."""
    drawing = Drawing(WIDTH, 190, title)
    frame = Frame(16, 24, WIDTH - 16, 140, y_range=(0, max(max(values, default=0), 1)))
    step = (frame.right - frame.left) / max(len(values), 1)
    for i, (value, name) in enumerate(zip(values, names, strict=True)):
        middle = frame.left + (i + 0.5) * step
        width = min(step * 0.7, 48)
        drawing.rect(
            Box(middle - width / 2, frame.y(value), width, frame.bottom - frame.y(value)),
            FIRST,
            hint=f"{name}: {value}",
            extra='rx="2" opacity=".85"',
        )
        drawing.text((middle, frame.y(value) - 5), shown(value), anchor="middle", quiet=True)
        drawing.text((middle, frame.bottom + 17), name, anchor="middle", quiet=True)
    drawing.line((frame.left, frame.bottom), (frame.right, frame.bottom), LINE)
    drawing.text(((frame.left + frame.right) / 2, frame.bottom + 38), x_name, anchor="middle", quiet=True)
    return drawing.svg()


def spark(counts: Sequence[int], threshold: float, title: str) -> str:
    """A small histogram of scores from 0 to 1, logarithmic in height, with the threshold as a line."""
    width, height = 200.0, 34.0
    drawing = Drawing(width, height, title, fixed=True)
    most = math.log10(max(max(counts), 1) + 1)
    step = width / len(counts)
    for i, n in enumerate(counts):
        tall = math.log10(n + 1) / most * (height - 2)
        fill = FIRST if (i + 0.5) / len(counts) >= threshold else SOFT
        low, high = i / len(counts), (i + 1) / len(counts)
        drawing.rect(
            Box(i * step + 0.5, height - tall, step - 1, tall), fill, hint=f"{low:.2f} to {high:.2f}: {shown(n)} files"
        )
    drawing.line((threshold * width, 0), (threshold * width, height), SECOND, width=1.5, dash="3 2")
    return drawing.svg()


def score_bars(scores: Sequence[float], thresholds: Sequence[float], labels: Sequence[str], title: str) -> str:
    """A recording's score for each label as a bar, its threshold as a stroke; detected ones are filled darker."""
    left = 1.1 * _label_room(labels)
    drawing = Drawing(CARD, len(labels) * ROW + 34, title)
    frame = Frame(left, 8, CARD - 62, 8 + len(labels) * ROW)
    x_axis(drawing, frame, (0, 0.2, 0.4, 0.6, 0.8, 1))
    for i, (score, threshold, label) in enumerate(zip(scores, thresholds, labels, strict=True)):
        middle, found = frame.top + (i + 0.5) * ROW, score >= threshold
        hint = f"{label}: {score:.3f}, threshold {threshold:.2f}, {'detected' if found else 'not detected'}"
        drawing.rect(
            Box(frame.left, middle - 7, frame.x(score) - frame.left, 14),
            FIRST if found else SOFT,
            hint=hint,
            extra='rx="2"',
        )
        drawing.line((frame.x(threshold), middle - 9), (frame.x(threshold), middle + 9), SECOND, width=2)
        drawing.text((frame.left - 8, middle + 4.5), label, anchor="end", extra='font-weight="600"' if found else "")
        drawing.text((frame.right + 8, middle + 4.5), ("✓ " if found else "") + f"{score:.2f}", quiet=not found)
    return drawing.svg()


def _label_room(labels: Iterable[str]) -> float:
    longest = max((len(label) for label in labels), default=0)
    return min(170.0, 16 + LETTER * longest)
