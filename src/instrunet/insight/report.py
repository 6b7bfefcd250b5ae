"""An exploration on disk: one page, and every matrix as CSV and SVG beside it."""

from __future__ import annotations

from pathlib import Path

from instrunet.errors import UsageError
from instrunet.files import written_whole
from instrunet.insight.exploration import Exploration
from instrunet.insight.heatmaps import MEASURES, to_svg
from instrunet.insight.page import page
from instrunet.insight.tables import write_association, write_distribution, write_rows


def write_exploration(exploration: Exploration, folder: str | Path, *, force: bool = False) -> Path:
    """Write ``index.html`` with every matrix as CSV and SVG beside it; gives the page's path.

    Raises:
        UsageError: there is a report already and ``force`` is off.
    """
    root = Path(folder)
    target = root / "index.html"
    if target.exists() and not force:
        raise UsageError(f"{target} exists; say --force to replace it")
    for view in exploration.views:
        for name, association in view.matrices.items():
            write_association(root / "csv", name, association)
            for measure in MEASURES:
                with written_whole(root / "svg" / f"{name}_{measure}.svg") as beside:
                    beside.write_text(to_svg(association, measure, title=f"{name} {measure}"), encoding="utf-8")
        write_distribution(root / "csv" / f"{view.key}_classes.csv", view.classes)
    histogram = [(n, int(count)) for n, count in enumerate(exploration.polyphony)]
    write_rows(root / "csv" / "polyphony.csv", ("instruments", "recordings"), histogram)
    with written_whole(target) as beside:
        beside.write_text(page(exploration), encoding="utf-8")
    return target
