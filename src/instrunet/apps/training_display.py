"""What a terminal shows while a network learns: a bar an epoch, the loss, the speed, the last validation."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from instrunet.training.loop import StepReport

_SHOWN = {"map": "map", "macro_f1@0.5": "F1", "top1": "top-1", "loss": "validation loss"}
_WIDE = 110  # columns from which on all of them fit beside the bar


class TrainingDisplay:
    """Live progress of features being computed and of steps being done; ``quiet`` where another process shows it."""

    def __init__(self, console: Console | None = None, *, quiet: bool = False) -> None:
        self.console = console or Console(stderr=True, quiet=quiet)
        self._progress = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=None if self.console.width >= _WIDE else 10),
            MofNCompleteColumn(),
            TextColumn("{task.fields[words]}"),
            TimeRemainingColumn(),
            console=self.console,
        )
        self._features: TaskID | None = None
        self._steps: TaskID | None = None

    def __enter__(self) -> TrainingDisplay:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def announce(self, words: str) -> None:
        """Print a line above the bars."""
        self.console.print(words, highlight=False)

    def computing(self, done: int, total: int) -> None:
        """A clip's features are done."""
        if self._features is None:
            self._features = self._progress.add_task("features", total=total, words="")
        self._progress.update(self._features, completed=done, total=total)
        if done == total:
            self._progress.remove_task(self._features)
            self._features = None

    def step(self, report: StepReport) -> None:
        """A step of the loop is done."""
        if self._steps is None:
            self._steps = self._progress.add_task("epoch", total=report.n_steps, words="")
        told = [f"{words} {report.metrics[name]:.3f}" for name, words in _SHOWN.items() if name in report.metrics]
        numbers = "  ".join(told if self.console.width >= _WIDE else told[:2])
        self._progress.update(
            self._steps,
            completed=report.step,
            total=report.n_steps,
            description=f"epoch {report.epoch + 1}",
            words=f"loss {report.loss:.3f}  {report.clips_per_s:.0f}/s  {numbers}",
        )
