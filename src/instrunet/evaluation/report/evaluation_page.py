"""The report on one model: ``write_report`` puts a page and every table into a folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from instrunet.evaluation.assessment import Evaluation
from instrunet.evaluation.published import Published, beside
from instrunet.evaluation.report import parts
from instrunet.evaluation.report.grid import Cell, between, grid, number, shown, spread, text
from instrunet.evaluation.report.page import Section, Tile, definitions, page, paragraph, plots, scrolled, write_page
from instrunet.evaluation.report.players import PlayerConfig, Players
from instrunet.evaluation.report.words import KINDS, MEANINGS, title_of
from instrunet.evaluation.tables import write_evaluation_tables


@dataclass(frozen=True)
class ReportConfig:
    """What a report shows beside the evaluation.

    ``beside`` are evaluations of the same model under other protocols (or of peers), by name, as columns next to ours.
    """

    title: str = ""
    published: Published | None = None
    beside: Mapping[str, Evaluation] = field(default_factory=dict)
    n_worst: int = 24
    n_mixes: int = 300
    players: PlayerConfig = field(default_factory=PlayerConfig)


def write_report(evaluation: Evaluation, folder: str | os.PathLike[str], *, config: ReportConfig | None = None) -> Path:
    """Write ``index.html``, ``evaluation.json`` and the CSV tables into ``folder``; gives the page's path."""
    place = Path(folder)
    write_evaluation_tables(evaluation, place)
    return write_page(report_html(evaluation, config=config), place / "index.html")


def report_html(evaluation: Evaluation, *, config: ReportConfig | None = None) -> str:
    """The page as text."""
    config = config or ReportConfig()
    players = Players(evaluation.trial.facts, config.players)
    sections = [
        Section("Published numbers beside ours", _published(evaluation, config.published)),
        Section("Protocols side by side", _protocols(evaluation, config.beside)),
        Section("Averages", _averages(evaluation)),
        Section("Classes", parts.classes(evaluation, config.published)),
        Section("Thresholds", parts.thresholds(evaluation)),
        Section("What is taken for what", parts.confusion(evaluation)),
        Section("How many play at once", parts.slices(evaluation.by_polyphony, "instruments", "polyphony")),
        Section("Where clips come from", parts.slices(evaluation.by_source, "source", "source")),
        Section("In time", parts.in_time(evaluation)),
        Section("Calibration", parts.calibration(evaluation)),
        Section("Worst mistakes", parts.worst_clips(evaluation, players, config.n_worst)),
        Section("Mixes", parts.mix_table(evaluation, config.n_mixes)),
        Section("What the numbers mean", definitions(MEANINGS)),
    ]
    title = config.title or f"{evaluation.config.name}" + (
        f" on {evaluation.config.dataset}" if evaluation.config.dataset else ""
    )
    return page(title, _lead(evaluation), _tiles(evaluation, config.published), sections)


def _lead(evaluation: Evaluation) -> str:
    n, c = evaluation.n_clips, len(evaluation.labels)
    share = evaluation.n_observed / (n * c)
    words = f"{shown(n)} clips, {c} classes, {share:.0%} of the labels observed"
    if evaluation.n_groups:
        words += f", {shown(evaluation.n_groups)} groups"
    words += f". Decisions at {_decision_words(evaluation)}."
    if evaluation.not_scored:
        words += f" The model cannot say {', '.join(evaluation.not_scored)}; these classes are left out."
    return escape(words)


def _decision_words(evaluation: Evaluation) -> str:
    name = evaluation.decision.name
    return "thresholds tuned on validation" if name == "tuned" else f"threshold {name}"


def _tiles(evaluation: Evaluation, published: Published | None) -> list[Tile]:
    name = evaluation.decision.name
    numbers, theirs = evaluation.numbers(), dict(published.numbers) if published else {}
    wanted = [f"macro_f1@{name}", f"micro_f1@{name}", "map", "roc_auc"]
    wanted.append("top1" if evaluation.confusion.n_clips == evaluation.n_clips else f"samples_f1@{name}")
    tiles = []
    for key in wanted:
        words = between(evaluation.intervals.get(key))
        if key in theirs:
            words = f"published {shown(theirs[key])}" + (f" · {words}" if words else "")
        tiles.append(Tile(title_of(key), shown(numbers[key]), words))
    return tiles


def _published(evaluation: Evaluation, published: Published | None) -> str:
    if published is None:
        return ""
    note = published.note[:1].upper() + published.note[1:]
    words = " ".join(part for part in (published.source and f"Source: {published.source}.", note) if part)
    said = paragraph(words, kind="note") if words else ""
    if not published.numbers:
        return said
    rows = [
        [
            text(title_of(row.name)),
            number(row.published),
            number(row.ours),
            number(row.difference, sign=True),
            spread(row.interval),
        ]
        for row in beside(published, evaluation)
    ]
    table = grid(["number", "published", "ours", "difference", "our interval"], rows)
    return said + scrolled(table)


def _protocols(evaluation: Evaluation, others: Mapping[str, Evaluation]) -> str:
    if not others:
        return ""
    each = {evaluation.config.name: evaluation.numbers(), **{name: other.numbers() for name, other in others.items()}}
    names = [name for name in evaluation.numbers() if any(name in numbers for numbers in list(each.values())[1:])]
    rows = [[text(title_of(name)), *(number(numbers.get(name)) for numbers in each.values())] for name in names]
    return scrolled(grid(["number", *each], rows), tall=True)


def _averages(evaluation: Evaluation) -> str:
    rows: list[list[Cell]] = []
    all_occur = all(row.support or not row.n_observed for row in evaluation.classes)
    for decision in evaluation.decisions:
        for average in decision.averages:
            if average.name == "macro_present" and all_occur:
                continue
            key = f"{average.name}_f1@{decision.name}"
            rows.append(
                [
                    text(KINDS[average.name]),
                    text(decision.name),
                    number(average.precision),
                    number(average.recall),
                    number(average.f1),
                    spread(evaluation.intervals.get(key)),
                ]
            )
    table = grid(["average", "at", "precision", "recall", "F1", "F1 interval"], rows)
    return plots(scrolled(_overall(evaluation)), scrolled(table))


def _overall(evaluation: Evaluation) -> str:
    names = [*evaluation.overall]
    names += [f"{part}@{d.name}" for part in ("binary_accuracy", "subset_accuracy") for d in evaluation.decisions]
    numbers = evaluation.numbers()
    rows = [[text(title_of(name)), number(numbers[name]), spread(evaluation.intervals.get(name))] for name in names]
    return grid(["number", "value", "interval"], rows)
