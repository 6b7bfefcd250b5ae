"""Every number as CSV and JSON, so that nobody has to read it off a page."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from instrunet.evaluation.assessment import Evaluation
from instrunet.evaluation.bootstrap import Interval
from instrunet.evaluation.calibration import Reliability
from instrunet.evaluation.clips import ClipResult, mixes
from instrunet.evaluation.comparison import Comparison, Difference
from instrunet.evaluation.survey import Survey
from instrunet.files import written_whole

Row = Mapping[str, Any]
SEPARATOR = ";"


def write_evaluation_tables(evaluation: Evaluation, folder: str | os.PathLike[str]) -> None:
    """Write ``evaluation.json`` and one CSV a table into ``folder``; empty tables are left out.

    The window-level evaluation, if there is one, goes into ``windows/``.
    """
    place = Path(folder)
    write_json(evaluation.to_dict(), place / "evaluation.json")
    tables: dict[str, Sequence[Row]] = {
        "numbers": _numbers(evaluation),
        "classes": _classes(evaluation),
        "confusion": _confusion(evaluation),
        "by_polyphony": [asdict(part) for part in evaluation.by_polyphony],
        "by_source": [asdict(part) for part in evaluation.by_source],
        "calibration": _calibration(evaluation),
        "threshold_curve": _curve(evaluation),
        "mixes": [_clip(clip) for clip in mixes(evaluation.clips)],
        "predictions": _predictions(evaluation),
        "ranges": [asdict(row) for row in evaluation.ranges.classes] if evaluation.ranges else [],
    }
    for name, rows in tables.items():
        write_csv(rows, place / f"{name}.csv")
    if evaluation.windows:
        write_evaluation_tables(evaluation.windows, place / "windows")


def write_comparison_tables(comparison: Comparison, folder: str | os.PathLike[str]) -> None:
    """Write ``comparison.json``, ``differences.csv`` and ``gains.csv`` into ``folder``."""
    place = Path(folder)
    write_json(comparison.to_dict(), place / "comparison.json")
    write_csv([_difference(row) for row in comparison.differences], place / "differences.csv")
    gains = [{"metric": metric, **_difference(row)} for metric, rows in comparison.gains.items() for row in rows]
    write_csv(gains, place / "gains.csv")


def write_survey_tables(found: Survey, folder: str | os.PathLike[str]) -> None:
    """Write ``survey.json``, ``classes.csv`` and ``predictions.csv`` (file, labels, raw scores) into ``folder``."""
    place = Path(folder)
    write_json(found.to_dict(), place / "survey.json")
    classes = [
        {k: v for k, v in asdict(row).items() if k not in ("histogram", "n_by_threshold")} for row in found.classes
    ]
    write_csv(classes, place / "classes.csv")
    rows = [
        {
            "file": file.id,
            "predicted": SEPARATOR.join(file.predicted),
            **dict(zip(found.labels, file.scores, strict=True)),
        }
        for file in found.files
    ]
    write_csv(rows, place / "predictions.csv")


def write_json(value: Mapping[str, Any], path: str | os.PathLike[str]) -> None:
    """Write JSON that any reader takes (no NaN)."""
    with written_whole(path) as beside:
        beside.write_text(json.dumps(value, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def write_csv(rows: Sequence[Row], path: str | os.PathLike[str]) -> None:
    """Write rows of one shape as CSV, numbers in full; nothing is written for no rows."""
    if not rows:
        return
    with written_whole(path) as beside, beside.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(rows[0])
        writer.writerows([_cell(value) for value in row.values()] for row in rows)


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.6g}"
    return value


def _ends(span: Interval | None) -> dict[str, float]:
    return {"low": span.low if span else float("nan"), "high": span.high if span else float("nan")}


def _numbers(evaluation: Evaluation) -> list[Row]:
    found = {**evaluation.numbers(), "ece": evaluation.calibration.as_is.ece}
    return [{"name": name, "value": value, **_ends(evaluation.intervals.get(name))} for name, value in found.items()]


def _classes(evaluation: Evaluation) -> list[Row]:
    ranked = {row.label: row for row in evaluation.classes}
    return [
        {"decision": decision.name, **asdict(row), "ap": ranked[row.label].ap, "roc_auc": ranked[row.label].roc_auc}
        for decision in evaluation.decisions
        for row in decision.classes
    ]


def _confusion(evaluation: Evaluation) -> list[Row]:
    table = evaluation.confusion
    if not table.n_clips:
        return []
    return [
        {"true": label, **dict(zip(table.columns, row, strict=True))}
        for label, row in zip(table.rows, table.counts, strict=True)
    ]


def _calibration(evaluation: Evaluation) -> list[Row]:
    curves: Iterable[tuple[str, Reliability | None]] = (
        ("as it is", evaluation.calibration.as_is),
        ("with temperature", evaluation.calibration.scaled),
    )
    return [
        {"scores": name, "from": low, "to": high, "n": n, "mean_score": mean, "share_positive": share}
        for name, curve in curves
        if curve is not None
        for low, high, n, mean, share in zip(
            curve.edges[:-1], curve.edges[1:], curve.n, curve.mean_score, curve.share_positive, strict=True
        )
    ]


def _curve(evaluation: Evaluation) -> list[Row]:
    curve = evaluation.curve
    return [
        {"threshold": t, "micro_f1": micro, "macro_f1": macro}
        for t, micro, macro in zip(curve.thresholds, curve.micro_f1, curve.macro_f1, strict=True)
    ]


def _clip(clip: ClipResult) -> Row:
    lists = {name: getattr(clip, name) for name in ("true", "predicted", "tp", "fn", "fp", "unjudged")}
    return {
        "id": clip.id,
        "source": clip.source,
        "group": clip.group,
        **{name: SEPARATOR.join(labels) for name, labels in lists.items()},
        "n_right": len(clip.tp),
        "n_missed": len(clip.fn),
        "n_wrong": len(clip.fp),
        "loss": clip.loss,
    }


def _predictions(evaluation: Evaluation) -> list[Row]:
    return [
        {**_clip(clip), **dict(zip(evaluation.labels, scores.tolist(), strict=True))}
        for clip, scores in zip(evaluation.clips, evaluation.trial.scores, strict=True)
    ]


def _difference(row: Difference) -> Row:
    return asdict(row)
