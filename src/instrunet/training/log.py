"""The diary of a run: one CSV row an epoch, and its curves as a picture."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from instrunet.files import written_whole

_SHOWN = (("train_loss", "loss"), ("map", "macro_f1@0.5", "micro_f1@0.5", "top1", "binary_accuracy"), ("lr",))


class EpochLog:
    """``log.csv`` in a run folder; rows of epochs that are done again replace the old ones.

    >>> import tempfile
    >>> log = EpochLog(Path(tempfile.mkdtemp()))
    >>> log.add(0, 10, {"loss": 0.5})
    >>> log.rows()
    [{'epoch': '1', 'step': '10', 'loss': '0.5'}]
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def path(self) -> Path:
        """The CSV file."""
        return self.folder / "log.csv"

    def rows(self) -> list[dict[str, str]]:
        """Every epoch so far."""
        if not self.path.is_file():
            return []
        with self.path.open(newline="", encoding="utf-8") as stream:
            return list(csv.DictReader(stream))

    def rewind(self, epochs: int) -> None:
        """Keep the first ``epochs`` rows only."""
        rows = self.rows()
        if len(rows) > epochs:
            self._write(rows[:epochs])

    def add(self, epoch: int, step: int, numbers: Mapping[str, float]) -> None:
        """Append an epoch (counted from 0, written from 1)."""
        shown = {name: f"{value:.6g}" for name, value in numbers.items()}
        self._write([*self.rows()[:epoch], {"epoch": str(epoch + 1), "step": str(step), **shown}])

    def _write(self, rows: list[dict[str, str]]) -> None:
        names = list(dict.fromkeys(name for row in rows for name in row))
        with written_whole(self.path) as beside, beside.open("w", newline="", encoding="utf-8") as stream:
            writer = csv.DictWriter(stream, names)
            writer.writeheader()
            writer.writerows(rows)

    def draw(self) -> Path | None:
        """Draw ``curves.png``: losses, metrics, learning rate over epochs."""
        rows = self.rows()
        if not rows:
            return None
        from matplotlib.figure import Figure

        figure = Figure(figsize=(9, 8), layout="constrained")
        epochs = [int(row["epoch"]) for row in rows]
        panels: Any = figure.subplots(len(_SHOWN), 1, sharex=True)
        for panel, names in zip(panels, _SHOWN, strict=True):
            for name in names:
                values = [float(row.get(name) or "nan") for row in rows]
                if any(math.isfinite(value) for value in values):
                    panel.plot(epochs, values, marker=".", label=name)
            panel.legend(loc="best", fontsize=8)
            panel.grid(alpha=0.3)
        panels[-1].set_xlabel("epoch")
        panels[-1].xaxis.get_major_locator().set_params(integer=True)
        target = self.folder / "curves.png"
        with written_whole(target) as beside:
            figure.savefig(beside, dpi=110)
        return target
