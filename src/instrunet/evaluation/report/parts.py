"""The sections of a report on one model, each from a part of its evaluation to HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from instrunet.evaluation.assessment import Evaluation
from instrunet.evaluation.clips import ClipResult, mixes, worst
from instrunet.evaluation.published import Published
from instrunet.evaluation.ranges import RangeScores
from instrunet.evaluation.report.charts import Bar, Line, bars, columns, lines, reliability_plot, score_split
from instrunet.evaluation.report.grid import Cell, chips, grid, labelled, number, shown, spread, text
from instrunet.evaluation.report.heatmap import confusion_map
from instrunet.evaluation.report.page import figure, paragraph, plots, scrolled
from instrunet.evaluation.report.players import Players
from instrunet.evaluation.report.words import title_of
from instrunet.evaluation.slices import Slice


def classes(evaluation: Evaluation, published: Published | None) -> str:
    """F1 and average precision per class as bars, and everything per class as a table."""
    decision = evaluation.decision
    f1_spans = evaluation.class_intervals.get(f"f1@{decision.name}", ())
    ap_spans = evaluation.class_intervals.get("ap", ())
    f1 = [
        Bar(row.label, row.f1, f1_spans[j] if f1_spans else None, _theirs(published, row.label, "f1"))
        for j, row in enumerate(decision.classes)
    ]
    ap = [
        Bar(row.label, row.ap, ap_spans[j] if ap_spans else None, _theirs(published, row.label, "ap"))
        for j, row in enumerate(evaluation.classes)
    ]
    occurring = [j for j, row in enumerate(evaluation.classes) if row.support]
    order = sorted(occurring, key=lambda j: -f1[j].value)
    drawn = plots(
        figure(bars([f1[j] for j in order], "F1 per class"), f"F1 per class, {_at(evaluation)}."),
        figure(bars([ap[j] for j in order], "Average precision per class"), "Average precision per class, same order."),
    )
    absent = [row.label for row in evaluation.classes if not row.support]
    words = f"No clip is known to hold {', '.join(absent)}: not drawn, and F1 counts as 0 there." if absent else ""
    return drawn + (paragraph(words, kind="note") if words else "") + scrolled(_class_table(evaluation, published))


def _class_table(evaluation: Evaluation, published: Published | None) -> str:
    heads = ["class", "threshold", "precision", "recall", "F1", "F1 interval", "AP", "ROC-AUC", "accuracy"]
    heads += ["positives", "observed", "TP", "FP", "FN"]
    with_theirs = published is not None and any("f1" in row for row in published.per_class.values())
    spans = evaluation.class_intervals.get(f"f1@{evaluation.decision.name}", ())
    rows = []
    for j, (row, ranked) in enumerate(zip(evaluation.decision.classes, evaluation.classes, strict=True)):
        cells = [text(row.label), number(row.threshold, digits=2)]
        cells += [number(value) for value in (row.precision, row.recall, row.f1)]
        cells += [spread(spans[j] if spans else None)]
        cells += [number(value) for value in (ranked.ap, ranked.roc_auc, row.accuracy)]
        cells += [number(value) for value in (row.support, row.n_observed, row.tp, row.fp, row.fn)]
        if with_theirs:
            cells += [number(_theirs(published, row.label, part)) for part in ("precision", "recall", "f1")]
        rows.append(cells)
    if with_theirs:
        heads += ["published precision", "published recall", "published F1"]
    return grid(heads, rows)


def thresholds(evaluation: Evaluation) -> str:
    """F1 against one threshold for all classes, and the thresholds tuned on validation."""
    curve = evaluation.curve
    marks = [float(d.name) for d in evaluation.decisions if d.name != "tuned"]
    drawn = lines(
        [
            Line("micro F1", curve.thresholds, curve.micro_f1),
            Line("macro F1", curve.thresholds, curve.macro_f1, dashed=True),
        ],
        "F1 against the threshold",
        x_name="one threshold for all classes",
        y_name="F1",
        marks=marks,
    )
    tuned = ""
    if evaluation.config.tuning is not None:
        rows = [Bar(c.label, c.threshold) for c in evaluation.decision_named("tuned").classes]
        tuned = figure(
            bars(rows, "Tuned thresholds"),
            f"Threshold of each class, tuned on {shown(evaluation.config.tuning.n_clips)} validation clips.",
        )
    return plots(
        figure(drawn, "F1 on these clips as the threshold moves; dotted lines are the fixed thresholds."), tuned
    )


def confusion(evaluation: Evaluation) -> str:
    """The confusion matrix over single-label clips and the mistakes it holds most of."""
    table = evaluation.confusion
    if not table.n_clips:
        return ""
    words = (
        f"{shown(table.n_clips)} clips with a single instrument, {shown(table.n_right)} of them right "
        f"({table.n_right / table.n_clips:.1%}), {_at(evaluation)}. Rows are true, columns what scored highest among "
        "the predicted; shades are shares of the row."
    )
    rows = [[text(true), text(said), number(n)] for true, said, n in table.most_confused()]
    most = "<h3>Most frequent mistakes</h3>" + scrolled(grid(["true", "taken for", "clips"], rows)) if rows else ""
    return paragraph(words) + f"<figure>{scrolled(confusion_map(table))}</figure>" + most


def slices(parts: Sequence[Slice], heading: str, kind: str) -> str:
    """Slices of the test set as bars and as a table; nothing for fewer than two."""
    if len(parts) < 2:
        return ""
    rows = [
        [
            text(part.name),
            number(part.n_clips),
            *(number(v) for v in (part.micro_precision, part.micro_recall, part.micro_f1)),
            *(number(v) for v in (part.macro_f1, part.samples_f1, part.map, part.subset_accuracy)),
            *(number(v, digits=2) for v in (part.mean_true, part.mean_predicted)),
        ]
        for part in parts
    ]
    heads = [heading, "clips", "micro precision", "micro recall", "micro F1", "macro F1", "samples F1", "mAP"]
    heads += ["subset accuracy", "true per clip", "predicted per clip"]
    drawn = plots(
        figure(bars([Bar(p.name, p.micro_f1) for p in parts], f"Micro F1 by {kind}"), f"Micro F1 by {kind}."),
        figure(
            columns([p.n_clips for p in parts], [p.name for p in parts], f"Clips by {kind}", x_name=heading),
            "Clips in each.",
        ),
    )
    return drawn + scrolled(grid(heads, rows))


def calibration(evaluation: Evaluation) -> str:
    """The reliability diagram and, where a temperature was fitted on validation, what it mends."""
    found = evaluation.calibration
    words = f"Calibration error {shown(found.as_is.ece)}, largest gap {shown(found.as_is.largest_gap)}"
    words += f", cross-entropy {shown(evaluation.overall['bce'])}."
    if found.scaled is not None:
        words += (
            f" With temperature {shown(found.temperature, digits=2)} (fitted on validation): calibration error "
            f"{shown(found.scaled.ece)}, cross-entropy {shown(found.scaled_bce)}."
        )
    caption = "On the dotted line a score means what it says; below it the model is too sure of itself."
    return paragraph(words) + plots(
        figure(reliability_plot(found.as_is, found.scaled, "Reliability"), caption),
        figure(score_split(found.as_is, "Scores by truth"), "Scores where the instrument is and is not (logarithmic)."),
    )


def in_time(evaluation: Evaluation) -> str:
    """Window-level and range-level scores, where the truth has times."""
    found = ""
    if evaluation.windows is not None:
        windows, name = evaluation.windows, evaluation.windows.decision.name
        numbers = windows.numbers()
        keys = [f"{kind}_f1@{d.name}" for d in windows.decisions for kind in ("micro", "macro")] + ["map", "roc_auc"]
        rows = [[text(title_of(key)), number(numbers[key]), spread(windows.intervals.get(key))] for key in keys]
        words = f"{shown(windows.n_clips)} windows, each judged like a clip; their tables are in the folder windows."
        classes = [
            [text(said.label), *(number(v) for v in (said.precision, said.recall, said.f1, ranked.ap, said.support))]
            for said, ranked in zip(windows.decision.classes, windows.classes, strict=True)
        ]
        heads = ["class", f"precision at {name}", "recall", "F1", "AP", "windows"]
        both = plots(scrolled(grid(["number", "value", "interval"], rows)), scrolled(grid(heads, classes)))
        found += f"<h3>Windows</h3>{paragraph(words)}{both}"
    if evaluation.ranges is not None:
        found += _ranges(evaluation.ranges)
    return found


def _ranges(ranges: RangeScores) -> str:
    config = ranges.config
    words = f"A range is found if its onset lies within {config.onset_tolerance_s:g} s"
    if config.offsets:
        words += (
            f" and its offset within {config.offset_tolerance_s:g} s or {config.offset_ratio:.0%} of its length, "
            "whichever is more"
        )
    if config.longest_pause_s:
        words += f"; pauses of up to {config.longest_pause_s:g} s are bridged"
    averages = [
        [text(title_of(key)), number(getattr(ranges, key)), spread(ranges.intervals.get(key))]
        for key in ("micro_precision", "micro_recall", "micro_f1", "macro_f1")
    ]
    rows = [
        [text(r.label), *(number(v) for v in (r.precision, r.recall, r.f1, r.n_true, r.n_said, r.n_matched))]
        for r in ranges.classes
    ]
    heads = ["class", "precision", "recall", "F1", "true", "said", "matched"]
    both = plots(scrolled(grid(["number", "value", "interval"], averages)), scrolled(grid(heads, rows)))
    return f"<h3>Ranges</h3>{paragraph(words + '.')}{both}"


def worst_clips(evaluation: Evaluation, players: Players, n: int) -> str:
    """Cards of the clips that were got wrong with the greatest confidence, to listen to."""
    cards = [_card(evaluation, clip, players.player(clip.row)) for clip in worst(evaluation.clips, n)]
    if not cards:
        return ""
    words = "The clips that were got wrong with the greatest confidence. ✓ right, – missed, + said but not there."
    return paragraph(words) + f'<div class="clips">{"".join(cards)}</div>'


def _card(evaluation: Evaluation, clip: ClipResult, player: str) -> str:
    scores = dict(zip(evaluation.labels, evaluation.trial.scores[clip.row], strict=True))

    def scored(labels: Sequence[str], kind: str) -> str:
        return chips([f"{label} {scores[label]:.2f}" for label in labels], kind)

    where = " · ".join(part for part in (clip.source, clip.group) if part and part != clip.id)
    return (
        f'<article class="clip"><h3>{escape(clip.id)}</h3>{scored(clip.tp, "tp")}{scored(clip.fn, "fn")}'
        f"{scored(clip.fp, 'fp')}{paragraph(where, kind='note') if where else ''}{player}</article>"
    )


def mix_table(evaluation: Evaluation, n: int) -> str:
    """The clips in which several instruments play: true labels, predictions, right, missed and invented."""
    found = mixes(evaluation.clips)
    if not found:
        return ""
    shown_ones = found[:n]
    words = f"{shown(len(found))} clips in which several instruments play"
    words += f"; the first {n} here, all in mixes.csv." if len(found) > n else "."
    rows: list[list[Cell]] = [
        [
            text(clip.id),
            labelled(clip.true),
            labelled(clip.predicted),
            labelled(clip.tp, "tp"),
            labelled(clip.fn, "fn"),
            labelled(clip.fp, "fp"),
        ]
        for clip in shown_ones
    ]
    heads = ["clip", "true", "predicted", "right", "missed", "wrong"]
    return paragraph(words) + scrolled(grid(heads, rows), tall=True)


def _theirs(published: Published | None, label: str, part: str) -> float | None:
    name = published.label_for(label) if published else None
    return published.per_class[name].get(part) if published and name else None


def _at(evaluation: Evaluation) -> str:
    name = evaluation.decision.name
    return "with thresholds tuned on validation" if name == "tuned" else f"at threshold {name}"
