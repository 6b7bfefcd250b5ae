"""A bundle on a manifest: every clip is tagged from its audio, and the scores are judged like any others."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from instrunet.audio import AudioError, find_audio, load
from instrunet.bundles import Bundle
from instrunet.datasets.manifest import Manifest
from instrunet.errors import InstrunetError
from instrunet.evaluation import ClipFacts, Evaluation, EvaluationConfig, Survey, SurveyConfig, Tuning, evaluate, survey
from instrunet.evaluation.recording_figure import Recording
from instrunet.tagging import Tagger, Tags
from instrunet.training.clips import Clips, clips_of
from instrunet.training.errors import TrainingError
from instrunet.training.timing import Timeline, events_of, in_time, timeline

Progress = Callable[[int, int], None]
DRAWN_HZ, DRAWN_S = 32_000, 600.0


@dataclass(frozen=True)
class Heard:
    """What a model said of each clip: ``scores`` (clips, labels), NaN where it cannot tell; what could not be read.

    ``thresholds`` are what it went by in each clip. ``timelines`` are there for the clips that were asked for.
    """

    labels: tuple[str, ...]
    scores: NDArray[np.float32]
    thresholds: NDArray[np.float64]
    failed: Mapping[str, str] = field(default_factory=dict)
    timelines: Mapping[str, Timeline] = field(default_factory=dict)


@dataclass(frozen=True)
class EvaluatedModel:
    """An evaluation and what was skipped on the way."""

    evaluation: Evaluation
    failed: Mapping[str, str]


def manifest_scores(
    tagger: Tagger,
    clips: Clips,
    labels: Sequence[str],
    *,
    timed: Container[str] = (),
    progress: Progress | None = None,
) -> Heard:
    """Tag every clip and put the confidences in the order of ``labels``; ``timed`` clips keep their timelines."""
    timelines: dict[str, Timeline] = {}

    def one(row: int) -> Tags | str:
        excerpt = clips.excerpts[row]
        try:
            tags = tagger.tag_file(excerpt.path, start_s=excerpt.start_s, duration_s=excerpt.duration_s)
        except AudioError as error:
            return str(error)
        if clips.ids[row] in timed:
            timelines[clips.ids[row]] = timeline(tags, labels)
        return tags

    scores = np.full((len(clips), len(labels)), np.nan, np.float32)
    thresholds = np.full(scores.shape, 0.5)
    failed: dict[str, str] = {}
    with ThreadPoolExecutor(max(1, os.cpu_count() or 1)) as pool:
        for row, said in enumerate(pool.map(one, range(len(clips)))):
            if isinstance(said, str):
                failed[clips.ids[row]] = said
            else:
                found = {tag.label: tag for tag in said.instruments}
                columns = [j for j, label in enumerate(labels) if label in found]
                scores[row, columns] = [found[labels[j]].confidence for j in columns]
                thresholds[row, columns] = [found[labels[j]].threshold for j in columns]
            if progress:
                progress(row + 1, len(clips))
    return Heard(tuple(labels), scores, thresholds, failed, timelines)


def evaluate_model(
    model: str | Path | Bundle,
    manifest: Manifest,
    *,
    split: str | None = None,
    config: EvaluationConfig | None = None,
    progress: Progress | None = None,
) -> EvaluatedModel:
    """Evaluate a bundle on the clips of a manifest, in the manifest's words.

    Classes that the model cannot tell of are left out and named in the evaluation; the thresholds of the bundle, where
    its labels are the manifest's, stand beside the fixed ones as "tuned", clip by clip as it decides. Where the
    manifest has events, seconds and ranges are judged too.

    Raises:
        TrainingError: no clip of that split, or the model and the manifest share no label.
    """
    chosen = manifest.filter(split=split) if split else manifest
    if not len(chosen):
        there = sorted({str(name) for name in manifest.column("split") if name})
        known = (
            f"this manifest has {', '.join(there)}"
            if there
            else "this manifest is not split: take all of it (--split all)"
        )
        raise TrainingError(f"no clip has the split {split!r}; {known}")
    tagger = Tagger(model, vocabulary=chosen.vocabulary, threads=1)
    told = [label for label in chosen.labels if label in tagger.wording.labels]
    if not told:
        raise TrainingError(
            f"the labels do not fit: {tagger.bundle.name} can tell of none of the {len(chosen.labels)} labels "
            f"of {chosen.vocabulary}"
        )
    clips = clips_of(chosen, chosen.labels)
    events = events_of(chosen)
    heard = manifest_scores(tagger, clips, chosen.labels, timed=events, progress=progress)
    readable = np.array([name not in heard.failed for name in clips.ids])
    if not readable.any():
        raise TrainingError(f"no clip could be read; the first: {next(iter(heard.failed.values()))}")
    kept = clips.take(readable)
    tuning = _tuning(tagger, chosen.labels)
    config = config or EvaluationConfig(
        name=tagger.bundle.name,
        dataset=chosen.vocabulary,
        tuning=tuning,
        own_thresholds=heard.thresholds[readable] if tuning else None,
    )
    truth = ((kept.y * kept.mask) >= 0.5).astype(np.float64)
    evaluation = evaluate(heard.scores[readable], truth, kept.mask, chosen.labels, facts=kept.facts(), config=config)
    return EvaluatedModel(in_time(evaluation, kept, chosen.labels, events, heard.timelines), heard.failed)


def survey_files(
    model: str | Path | Bundle,
    paths: Sequence[str | Path],
    *,
    threshold: float | None = None,
    vocabulary: str | None = None,
) -> Survey:
    """Tag audio without truth and describe the predictions.

    Without a threshold each class has that of the bundle, where its own words are asked for, and a half elsewhere.

    Raises:
        TrainingError: there is no audio, or none of it can be read.
    """
    files = find_audio(paths)
    if not files:
        raise TrainingError(f"no audio under {', '.join(map(str, paths))}")
    tagger = Tagger(model, vocabulary=vocabulary, threads=1)
    labels = tuple(tagger.wording.labels)
    rows: list[list[float]] = []
    own: list[list[float]] = []
    kept: list[str] = []
    failed: list[str] = []
    for path in files:
        try:
            tags = tagger.tag_file(path)
        except InstrunetError as error:
            failed.append(str(error))
            continue
        rows.append([tag.confidence for tag in tags.instruments])
        own.append([tag.threshold for tag in tags.instruments])
        kept.append(str(path))
    if not rows:
        raise TrainingError(f"{len(files)} tried, none could be read; the first: {failed[0]}")
    tuning = _tuning(tagger, labels) if threshold is None else None
    chosen = SurveyConfig(
        tagger.bundle.name,
        threshold=0.5 if threshold is None else threshold,
        tuning=tuning,
        own_thresholds=own if tuning else None,
    )
    return survey(np.array(rows), labels, facts=ClipFacts(paths=tuple(kept)), config=chosen)


def recording_of(found: Survey, row: int = 0) -> Recording:
    """One surveyed file, ready to be drawn: its scores beside its first ten minutes of sound."""
    sound = load(found.facts.paths[row], sample_rate_hz=DRAWN_HZ, duration_s=DRAWN_S)
    file = found.files[row]
    return Recording(
        title=Path(file.id).name,
        samples=sound.samples,
        sample_rate_hz=DRAWN_HZ,
        labels=found.labels,
        scores=file.scores,
        thresholds=file.thresholds,
    )


def _tuning(tagger: Tagger, labels: Sequence[str]) -> Tuning | None:
    """The bundle's own thresholds, where it speaks in the manifest's words; what it cannot tell of gets a half."""
    own = dict(zip(tagger.spec.labels, tagger.spec.thresholds, strict=True))
    if tagger.spec.vocabulary != tagger.wording.name:
        return None
    return Tuning.from_thresholds({label: own.get(label, 0.5) for label in labels})
