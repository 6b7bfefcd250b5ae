"""The last seconds' instruments as bars in the terminal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from instrunet.apps.live.session import Moment
from instrunet.tagging.writers.table import clock

FALL = 0.6


class Bars:
    """Bars that rise at once and fall slowly, in an order that does not jump.

    Args:
        labels: what the values of a moment belong to.
        thresholds: from where a bar is bright.
        n_rows: how many to show.
    """

    def __init__(self, labels: tuple[str, ...], thresholds: NDArray[np.floating], *, n_rows: int = 10) -> None:
        self._labels, self._thresholds, self._n_rows = labels, thresholds, n_rows
        self.levels = np.zeros(len(labels), np.float32)

    def take(self, moment: Moment) -> None:
        """Move the bars."""
        self.levels = np.maximum(moment.values, self.levels * FALL)

    @property
    def rows(self) -> list[str]:
        """The labels that are shown, the highest bar first."""
        order = np.argsort(-self.levels, kind="stable")[: self._n_rows]
        return [self._labels[i] for i in order]

    def draw(self, moment: Moment | None) -> Group:
        """All bars, for rich."""
        table = Table.grid(padding=(0, 2))
        for label in self.rows:
            place = self._labels.index(label)
            level = float(self.levels[place])
            on = level >= self._thresholds[place]
            style = "bold cyan" if on else "grey50"
            bar = ProgressBar(total=1.0, completed=min(1.0, level), width=40, complete_style=style)
            table.add_row(Text(label.replace("_", " "), style="bold" if on else "grey62"), bar, f"{level:.2f}")
        where = "listening …" if moment is None else f"{clock(moment.at_s)}   answered after {moment.lag_s:.2f} s"
        return Group(Text(where, style="grey62"), table)
