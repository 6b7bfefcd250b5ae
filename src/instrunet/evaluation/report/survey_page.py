"""The report on predictions without truth: ``write_survey`` puts a page and its tables into a folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape
from pathlib import Path

from instrunet.evaluation.report.charts import Bar, Line, bars, columns, lines, score_bars, spark
from instrunet.evaluation.report.grid import Cell, grid, labelled, number, shown, text
from instrunet.evaluation.report.page import Section, Tile, figure, page, paragraph, plots, scrolled, write_page
from instrunet.evaluation.report.players import PlayerConfig, Players
from instrunet.evaluation.survey import FileSurvey, Survey
from instrunet.evaluation.tables import write_survey_tables

N_LISTED = 500


def write_survey(
    found: Survey, folder: str | os.PathLike[str], *, title: str = "", players: PlayerConfig | None = None
) -> Path:
    """Write ``index.html``, ``survey.json``, ``classes.csv`` and ``predictions.csv``; gives the page's path."""
    place = Path(folder)
    write_survey_tables(found, place)
    return write_page(survey_html(found, title=title, players=players), place / "index.html")


def survey_html(found: Survey, *, title: str = "", players: PlayerConfig | None = None) -> str:
    """The page as text."""
    give = Players(found.facts, players)
    where = f" on {found.config.dataset}" if found.config.dataset else ""
    files = "1 file" if found.n_files == 1 else f"{shown(found.n_files)} files"
    lead = (
        f"{files}, {len(found.labels)} classes, {_threshold_words(found)}. Nobody knows the truth here: these are "
        "predictions, not results."
    )
    sections = [
        Section("How often each class is found", _classes(found)),
        Section("How the count changes with the threshold", _by_threshold(found)),
        Section("Least certain files", _files(found, found.least_certain, give)),
        Section("Most certain files", _files(found, found.most_certain, give)),
        Section("Predictions", _predictions(found)),
    ]
    return page(title or f"What {found.config.name} hears{where}", escape(lead), _tiles(found), sections)


def _threshold_words(found: Survey) -> str:
    return "a threshold per class" if found.config.tuning else f"threshold {found.config.threshold:g}"


def _tiles(found: Survey) -> list[Tile]:
    most = max(found.classes, key=lambda row: row.n_found)
    mean = sum(row.n_found for row in found.classes) / found.n_files
    return [
        Tile("Instruments per file", shown(mean, digits=2), "on average"),
        Tile("Files without any", shown(found.n_empty), f"of {shown(found.n_files)}"),
        Tile("Most often", most.label, f"in {most.share:.0%} of the files"),
        Tile("Never found", shown(sum(row.n_found == 0 for row in found.classes)), f"of {len(found.labels)} classes"),
    ]


def _classes(found: Survey) -> str:
    order = sorted(found.classes, key=lambda row: -row.share)
    drawn = plots(
        figure(
            bars([Bar(row.label, row.share) for row in order], "Share of files"), "Share of the files it is found in."
        ),
        figure(
            columns(
                found.n_by_count, [str(n) for n in range(len(found.n_by_count))], "Files by count", x_name="instruments"
            ),
            "How many files hold how many instruments.",
        ),
    )
    rows = [
        [
            text(row.label),
            number(row.n_found),
            number(row.share),
            number(row.threshold, digits=2),
            number(row.mean_score),
            number(row.highest_score),
            Cell(spark(row.histogram, row.threshold, f"Scores of {row.label}"), str(row.mean_score)),
        ]
        for row in order
    ]
    heads = ["class", "files", "share", "threshold", "mean score", "highest", "scores from 0 to 1"]
    note = "Histograms are logarithmic in height; the dashed line is the threshold, darker bars lie above it."
    return drawn + scrolled(grid(heads, rows)) + paragraph(note, kind="note")


def _by_threshold(found: Survey) -> str:
    drawn = lines(
        [Line("instruments per file", found.curve, found.mean_count_by_threshold)],
        "Instruments per file by threshold",
        x_name="one threshold for all classes",
        y_name="instruments per file",
        marks=() if found.config.tuning else (found.config.threshold,),
    )
    picked = [found.curve.index(threshold) for threshold in (0.1, 0.2, 0.3, 0.5, 0.7, 0.9)]
    rows = [[text(row.label), *(number(row.n_by_threshold[k]) for k in picked)] for row in found.classes]
    table = grid(["files with", *(f"at {found.curve[k]:g}" for k in picked)], rows)
    return plots(figure(drawn, "A steep line means that the threshold decides much."), scrolled(table, tall=True))


def _files(found: Survey, files: Sequence[FileSurvey], give: Players) -> str:
    cards = []
    for file in files:
        order = sorted(range(len(file.scores)), key=lambda j: -file.scores[j])[:6]
        drawn = score_bars(
            [file.scores[j] for j in order],
            [file.thresholds[j] for j in order],
            [found.labels[j] for j in order],
            f"Scores of {file.id}",
        )
        cards.append(
            f'<article class="clip"><h3>{escape(file.id)}</h3><p class="note">entropy {file.entropy:.2f} bits</p>'
            f"{drawn}{give.player(file.row)}</article>"
        )
    return f'<div class="clips">{"".join(cards)}</div>'


def _predictions(found: Survey) -> str:
    words = f"The first {N_LISTED} of {shown(found.n_files)}; all with their raw scores in predictions.csv."
    rows = [
        [text(file.id), labelled(file.predicted), number(max(file.scores)), number(file.entropy)]
        for file in found.files[:N_LISTED]
    ]
    note = paragraph(words, kind="note") if found.n_files > N_LISTED else ""
    return note + scrolled(grid(["file", "predicted", "highest score", "entropy"], rows), tall=True)
