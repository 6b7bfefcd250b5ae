"""A picture: the waveform, under it the activity of each instrument, beside it confidences and thresholds."""

from __future__ import annotations

import warnings
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from instrunet.audio import AudioError, stream
from instrunet.errors import MissingExtraError
from instrunet.tagging.tags import InstrumentTag, Tags
from instrunet.tagging.writers.options import WriteOptions
from instrunet.tagging.writers.table import clock

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 1200
LEAST_ROWS = 5
MOST_ROWS = 20
_INK, _PALE, _ON, _OFF, _LINE = "#22303c", "#c9d3db", "#1f77b4", "#a8b4be", "#d62728"


def write_picture(tags: Tags, path: Path, options: WriteOptions) -> None:
    """Draw the detected instruments, and the nearest others to fill a small picture up.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("plot", "drawing a picture") from error
    rows = _rows(tags, options)
    figure = Figure(figsize=(11, 2.6 + 0.36 * len(rows)), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(2, 2, height_ratios=[1.3, 0.36 * len(rows)], width_ratios=[3.2, 1])
    wave = figure.add_subplot(grid[0, 0])
    activity = figure.add_subplot(grid[1, 0], sharex=wave)
    bars = figure.add_subplot(grid[1, 1], sharey=activity)
    title = PurePath(options.name(tags)).name[-90:]
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, color=_INK, parse_math=False)
    _draw_wave(wave, tags)
    _draw_activity(activity, rows, tags)
    _draw_bars(bars, rows)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # a name may hold what the font does not
        figure.savefig(path)


def _rows(tags: Tags, options: WriteOptions) -> tuple[InstrumentTag, ...]:
    n = len(options.chosen(tags)) if options.top is not None else max(LEAST_ROWS, len(tags.detected))
    ranked = sorted(tags.ranked, key=lambda tag: not tag.detected) if options.top is None else tags.ranked
    return tuple(ranked[: max(1, min(n, MOST_ROWS))])


def _draw_wave(axes: Axes, tags: Tags) -> None:
    low, high = envelope(tags)
    times = np.linspace(tags.start_s, tags.start_s + tags.duration_s, len(low))
    axes.fill_between(times, low, high, color=_INK, linewidth=0.3, step="mid")
    peak = max(0.05, float(np.max(np.abs([low, high]), initial=0.0)))
    axes.set_ylim(-peak * 1.05, peak * 1.05)
    axes.set_xlim(tags.start_s, tags.start_s + tags.duration_s)
    axes.set_yticks([])
    axes.tick_params(labelbottom=False, length=0)
    _bare(axes)


def _tick(time_s: float) -> str:
    """A time on the axis; whole seconds without tenths."""
    return f"0:{time_s:02.0f}" if time_s < 10 and time_s == round(time_s) else clock(time_s)


def _draw_activity(axes: Axes, rows: tuple[InstrumentTag, ...], tags: Tags) -> None:
    for y, tag in enumerate(rows):
        colour = _ON if tag.detected else _OFF
        for r in tag.ranges:
            axes.fill_between([r.start_s, r.end_s], y - 0.45, y + 0.45, color=_ON, alpha=0.13, linewidth=0)
        height = 0.84 * _at_most(tag.activity, COLUMNS)
        times = np.linspace(tags.start_s, tags.start_s + tags.duration_s, len(height) + 1)
        axes.stairs(y + 0.42 - height, times, baseline=y + 0.42, fill=True, color=colour)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), [tag.label.replace("_", " ") for tag in rows])
    for text, tag in zip(axes.get_yticklabels(), rows, strict=True):
        text.set_color(_INK if tag.detected else _OFF)
    for y in range(1, len(rows)):
        axes.axhline(y - 0.5, color=_PALE, linewidth=0.5)
    axes.xaxis.set_major_formatter(lambda value, _: _tick(max(0.0, value)))
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("time")
    _bare(axes)


def _draw_bars(axes: Axes, rows: tuple[InstrumentTag, ...]) -> None:
    for y, tag in enumerate(rows):
        axes.barh(y, tag.confidence, height=0.55, color=_ON if tag.detected else _OFF)
        axes.plot([tag.threshold] * 2, [y - 0.42, y + 0.42], color=_LINE, linewidth=1.6)
        axes.text(1.03, y, f"{tag.confidence:.2f}", va="center", fontsize=9, color=_INK, clip_on=False)
    axes.set_xlim(0, 1)
    axes.set_xticks([0, 0.5, 1])
    axes.set_xlabel("confidence, and threshold (red)")
    axes.tick_params(axis="y", labelleft=False, length=0)
    _bare(axes)


def _bare(axes: Any) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(_PALE)


def envelope(tags: Tags, columns: int = COLUMNS) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Lowest and highest sample of each column; a flat line if the file cannot be read any more."""
    low, high = np.zeros(columns, np.float32), np.zeros(columns, np.float32)
    try:
        blocks = (
            stream(tags.path, start_s=tags.start_s, duration_s=tags.duration_s) if tags.path not in ("", "-") else None
        )
    except AudioError:
        blocks = None
    if blocks is None:
        return low, high
    per_column = max(1.0, tags.duration_s * blocks.sample_rate_hz / columns)
    at = 0
    for block in blocks:
        column = np.minimum(((at + np.arange(len(block))) / per_column).astype(np.int64), columns - 1)
        edges = np.flatnonzero(np.diff(column, prepend=-1))
        np.minimum.at(low, column[edges], np.minimum.reduceat(block, edges))
        np.maximum.at(high, column[edges], np.maximum.reduceat(block, edges))
        at += len(block)
    return low, high


def _at_most(curve: NDArray[np.float32], n: int) -> NDArray[np.float32]:
    """A curve of at most n steps: the highest of each stretch."""
    if len(curve) <= n:
        return curve
    edges = np.linspace(0, len(curve), n, endpoint=False).astype(np.int64)
    return np.asarray(np.maximum.reduceat(curve, edges), np.float32)
