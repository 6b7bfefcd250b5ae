"""From scores on the test clips to the report of a run: tuned on validation, beside what was published."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instrunet.evaluation import (
    Evaluation,
    EvaluationConfig,
    Published,
    ReportConfig,
    SurveyConfig,
    Tuning,
    evaluate,
    survey,
    tune,
    unmasked,
    write_report,
    write_survey,
)
from instrunet.training.clips import Clips
from instrunet.training.recipe import Recipe

Scores = NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """A run's evaluation, the same under other readings, and where the page is."""

    evaluation: Evaluation
    tuning: Tuning
    page: Path

    def numbers(self) -> dict[str, float]:
        """The numbers that a bundle quotes."""
        return {k: round(float(v), 4) for k, v in self.evaluation.numbers().items() if np.isfinite(v)}


def tuned(scores: Scores, clips: Clips, labels: tuple[str, ...]) -> Tuning:
    """Thresholds and temperature from the validation clips."""
    return tune(scores, truth(clips), clips.mask, labels)


def truth(clips: Clips) -> NDArray[np.float64]:
    """Relevance from 0.5 on is present."""
    return ((clips.y * clips.mask) >= 0.5).astype(np.float64)


def judge(recipe: Recipe, scores: Scores, clips: Clips, tuning: Tuning, folder: Path) -> Judged:
    """Evaluate on the test clips and write the report (and, where the recipe asks, the page without truth)."""
    wanted = recipe.evaluation
    config = EvaluationConfig(
        name=recipe.name,
        dataset=", ".join(source.dataset for source in recipe.data.sources if not source.train_only),
        thresholds=wanted.thresholds,
        decision=wanted.decision,
        tuning=tuning,
    )
    labels, y = tuning.labels, truth(clips)
    evaluation = evaluate(scores, y, clips.mask, labels, facts=clips.facts(), config=config)
    beside: dict[str, Evaluation] = {}
    if wanted.unmasked_too:
        everything = unmasked(y, clips.mask)
        beside["unlabelled counted as absent"] = evaluate(
            scores, *everything, labels, facts=clips.facts(), config=config
        )
    if wanted.dominant:
        _write_dominant(recipe, scores, clips, config, folder)
    if wanted.survey:
        found = survey(
            scores, labels, facts=clips.facts(), config=SurveyConfig(recipe.name, config.dataset, float(wanted.survey))
        )
        write_survey(found, folder / "survey")
    published = Published.from_dict(recipe.published) if recipe.published else None
    shown = ReportConfig(title=recipe.title or recipe.name, published=published, beside=beside)
    return Judged(evaluation, tuning, write_report(evaluation, folder, config=shown))


def _write_dominant(recipe: Recipe, scores: Scores, clips: Clips, config: EvaluationConfig, folder: Path) -> None:
    """The same for a few classes only, as a page of its own."""
    labels = config.tuning.labels if config.tuning else ()
    columns = [labels.index(label) for label in recipe.evaluation.dominant]
    few = tuple(labels[i] for i in columns)
    y, mask = truth(clips)[:, columns], clips.mask[:, columns]
    narrow = replace(config, name=f"{recipe.name}, {len(few)} dominant classes", tuning=None)
    write_report(evaluate(scores[:, columns], y, mask, few, facts=clips.facts(), config=narrow), folder / "dominant")


def summary(judged: Judged) -> dict[str, Any]:
    """What the run folder's ``result.json`` says."""
    return {
        "labels": list(judged.tuning.labels),
        "thresholds": [float(t) for t in judged.tuning.thresholds],
        "temperature": judged.tuning.temperature,
        "numbers": judged.numbers(),
    }
