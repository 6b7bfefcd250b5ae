"""The confusion matrix as a drawing: rows are true, columns are predicted, shades are shares of the row."""

from __future__ import annotations

from instrunet.evaluation.confusion import Confusion
from instrunet.evaluation.report.charts import LETTER
from instrunet.evaluation.report.drawing import LINE, Box, Drawing

CELL = 30.0


def confusion_map(table: Confusion) -> str:
    """Draw the matrix of the labels that occur or are predicted; it scrolls where the screen is narrow."""
    if not table.n_clips:
        return ""
    n = len(table.rows)
    rows = [i for i in range(n) if sum(table.counts[i])]
    kept = [j for j in range(n) if j in rows or any(row[j] for row in table.counts)]
    room = 18 + LETTER * max(len(name) for name in table.columns)
    top = 12 + 0.72 * room
    drawing = Drawing(
        room + (len(kept) + 1) * CELL + 0.75 * room, top + len(rows) * CELL + 10, "Confusion matrix", fixed=True
    )
    for k, j in enumerate([*kept, n]):
        _heading(drawing, room + (k + 0.5) * CELL + (6 if j == n else 0), top - 8, table.columns[j])
    for k, i in enumerate(rows):
        y = top + k * CELL
        total = sum(table.counts[i])
        drawing.text((room - 8, y + CELL / 2 + 4.5), table.rows[i], anchor="end")
        for column, j in enumerate([*kept, n]):
            x = room + column * CELL + (6 if j == n else 0)
            _shade(drawing, x, y, table.counts[i][j], total, (table.rows[i], table.columns[j]))
    return drawing.svg()


def _heading(drawing: Drawing, x: float, y: float, words: str) -> None:
    drawing.text((x, y), words, extra=f'transform="rotate(-45 {x:.1f} {y:.1f})"')


def _shade(drawing: Drawing, x: float, y: float, n: int, total: int, names: tuple[str, str]) -> None:
    share = n / total
    right = names[0] == names[1]
    words = f"{names[0]}: {n} of {total} right" if right else f"{names[0]} taken for {names[1]}: {n} of {total}"
    fill = f"rgba(var(--heat), {0.08 + 0.92 * share:.2f})" if n else "var(--panel)"
    edge = f'stroke="{LINE}" stroke-width="{2 if right else 0.5}"'
    drawing.rect(Box(x + 1, y + 1, CELL - 2, CELL - 2), fill, hint=words, extra=f'rx="3" {edge}')
    if n:
        style = 'pointer-events="none"' + (' style="fill: var(--over)"' if share > 0.5 else "")
        drawing.text((x + CELL / 2, y + CELL / 2 + 4.5), str(n), anchor="middle", extra=style)
