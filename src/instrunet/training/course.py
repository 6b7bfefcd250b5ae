"""One run from a recipe to a report: clips, features, perhaps pretraining, the loop, a bundle, the evaluation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn

from instrunet.features import log_mel
from instrunet.models import build
from instrunet.training.batches import BatchSource
from instrunet.training.checkpoints import Checkpoints, load_weights
from instrunet.training.clips import Clips
from instrunet.training.corpus import Corpus, assemble
from instrunet.training.errors import TrainingError
from instrunet.training.feature_store import FeatureStore, View, open_store, prepared
from instrunet.training.fresh_sums import fresh_sums
from instrunet.training.judging import Judged, judge, summary, tuned
from instrunet.training.log import EpochLog
from instrunet.training.loop import Fitted, Held, Progress, fit
from instrunet.training.recipe import Recipe
from instrunet.training.run_folder import RunFolder, is_first_process
from instrunet.training.sampling import oversampled, with_audio_copies, with_sums
from instrunet.training.serving import Learned, bundle_of, served, to_onnx, view_of
from instrunet.training.settings import RecipeError
from instrunet.training.sources import require_places
from instrunet.training.transplant import begin_from, transplant
from instrunet.training.validation import logits_of, probabilities

if TYPE_CHECKING:
    from instrunet.bundles import Bundle

N_CALIBRATION = 16


@dataclass(frozen=True)
class Surroundings:
    """What a run needs that is not in its recipe.

    ``places`` are the data sets' folders (and ``yamnet``'s file); ``cache`` keeps features; ``announce`` is told what
    happens in words, ``progress`` every step, ``computing`` every clip whose features are done.
    """

    places: Mapping[str, Path]
    cache: Path
    resume: bool = False
    workers: int = 0
    announce: Callable[[str], None] = lambda _: None
    progress: Progress | None = None
    computing: Callable[[int, int], None] | None = None


@dataclass(frozen=True)
class Material:
    """A corpus with its features."""

    corpus: Corpus
    source: BatchSource
    validation: Held
    test: Held


@dataclass(frozen=True)
class Outcome:
    """A finished run."""

    folder: RunFolder
    fitted: Fitted
    judged: Judged
    bundle: Bundle


def train(recipe: Recipe, folder: Path, around: Surroundings) -> Outcome | None:
    """Train a recipe into a run folder, or go on with it where it stands.

    Under ``torchrun`` the first process does all the writing, and the others return None.

    Raises:
        TrainingError: data are missing or do not fit; the loss is not finite; the folder holds another run.
        InterruptedRun: ctrl-C, after the step was saved.
    """
    require_places(recipe, around.places)
    run = RunFolder(folder)
    if is_first_process():
        run.begin(recipe, resume=around.resume)
    material = gathered(recipe, around)
    if is_first_process():
        run.write("data.json", material.corpus.describe())
    network = _network(recipe, len(material.corpus.labels))
    log = EpochLog(folder)
    if Checkpoints(folder / "checkpoints").last() is None:
        _begin(recipe, network, folder, around)
    around.announce(
        f"{recipe.name}: {len(material.source.clips)} clips to learn from, {len(material.corpus.labels)} classes"
    )
    fitted = fit(recipe, network, material.source, material.validation, log=log, progress=around.progress)
    if not is_first_process():
        return None
    log.draw()
    return _finished(recipe, run, fitted, material)


def gathered(recipe: Recipe, around: Surroundings) -> Material:
    """Assemble the corpus, add the clips that balancing makes, compute or reopen all features."""
    corpus = assemble(recipe.data, around.places, cache=around.cache / "made")
    rng = np.random.default_rng([recipe.training.seed, 1])
    train_clips = with_audio_copies(corpus.train, recipe.augmentation, rng)
    train_clips = with_sums(oversampled(train_clips, recipe.sampling, rng), recipe.sampling, rng)
    view = view_of(recipe, weights=str(around.places.get("yamnet", "")))
    held = [Held(*_featured(clips, view, around)) for clips in (corpus.validation, corpus.test)]
    fresh = fresh_sums(recipe.sampling, view, train_clips)
    train_clips, store = _featured(train_clips, replace(view, unstandardised=True) if fresh else view, around)
    source = BatchSource(
        clips=train_clips,
        store=store,
        sampling=recipe.sampling,
        augmentation=recipe.augmentation,
        batch_size=recipe.training.batch_size,
        seed=recipe.training.seed,
        steps_per_epoch=recipe.training.steps_per_epoch,
        fresh=fresh,
    )
    return Material(corpus, source, held[0], held[1])


def scores_of(network: nn.Module, held: Held, *, single_label: bool) -> np.ndarray:
    """Probabilities of held clips, on the CPU."""
    logits = logits_of(network, held.store, batch_size=32, device=torch.device("cpu"))
    return probabilities(logits, single_label=single_label)


def _featured(clips: Clips, view: View, around: Surroundings) -> tuple[Clips, FeatureStore]:
    """Features of clips; what cannot be read is named once and then counts as unobserved."""
    store = open_store(
        clips.excerpts, view, around.cache / "features", workers=around.workers, progress=around.computing
    )
    if store.failed:
        around.announce(f"{len(store.failed)} clips could not be read, the first: {next(iter(store.failed.values()))}")
        mask = clips.mask.copy()
        mask[list(store.failed)] = False
        clips = replace(clips, mask=mask)
    return clips, store


def _network(recipe: Recipe, n_classes: int) -> nn.Module:
    if "n_classes" in recipe.model.settings and recipe.model.settings["n_classes"] != n_classes:
        raise RecipeError(
            f"model.settings.n_classes is {recipe.model.settings['n_classes']}, but the data have {n_classes} labels: "
            "they do not fit the head; leave n_classes out"
        )
    torch.manual_seed(recipe.training.seed)
    return build(recipe.model.name, **{**recipe.model.settings, "n_classes": n_classes})


def _begin(recipe: Recipe, network: nn.Module, folder: Path, around: Surroundings) -> None:
    """Weights to begin from: a published or earlier model, then what the recipe's own pretraining learned."""
    if recipe.model.pretrained:
        kept = begin_from(network, recipe.model.pretrained)
        around.announce(f"began from {recipe.model.pretrained}; new: {', '.join(kept) or 'nothing'}")
    if recipe.pretrain is None:
        return
    first = pretraining(recipe)
    place = folder / "pretrain"
    around.announce(f"pretraining on {', '.join(s.dataset for s in first.data.sources)}")
    material = gathered(first, around)
    learner = _network(first, len(material.corpus.labels))
    log = EpochLog(place)
    fitted = fit(first, learner, material.source, material.validation, log=log, progress=around.progress)
    log.draw()
    new = transplant(fitted.network.state_dict(), network)
    around.announce(f"pretrained ({first.training.monitor} {fitted.best:.3f}); new in the network: {', '.join(new)}")


def pretraining(recipe: Recipe) -> Recipe:
    """The recipe of the first training: the same network, features and optimiser, another task."""
    if recipe.pretrain is None:
        raise RecipeError(f"{recipe.name} has no pretraining")
    task = recipe.pretrain
    data = replace(
        recipe.data,
        sources=task.sources,
        vocabulary=task.vocabulary,
        labels=task.labels,
        split=task.split,
        unlabelled_is_negative=False,
    )
    return replace(
        recipe,
        name=f"{recipe.name} (pretraining)",
        data=data,
        model=replace(recipe.model, pretrained="", settings={**recipe.model.settings, **task.settings}),
        loss=task.loss,
        training=replace(recipe.training, epochs=task.epochs, monitor=task.monitor),
        pretrain=None,
    )


def _finished(recipe: Recipe, run: RunFolder, fitted: Fitted, material: Material) -> Outcome:
    single = recipe.loss.name == "cross_entropy"
    validation, test = material.validation, material.test
    tuning = tuned(scores_of(fitted.network, validation, single_label=single), validation.clips, material.corpus.labels)
    judged = judge(recipe, scores_of(fitted.network, test, single_label=single), test.clips, tuning, run.report)
    run.write("result.json", {**summary(judged), "best_epoch": fitted.best_epoch + 1, "steps": fitted.steps})
    np.save(run.path / "calibration.npy", _kept_for_int8(validation, view_of(recipe)))
    return Outcome(run, fitted, judged, export(run.path, run.bundle))


def _kept_for_int8(held: Held, view: View) -> np.ndarray:
    """What a tagger computes of the first clips that can be read: for mel images what they are drawn from."""
    if view.front_end != "mel-image":
        return np.asarray(held.store.features[:N_CALIBRATION])
    readable = [e for row, e in enumerate(held.clips.excerpts) if row not in held.store.failed]
    return np.stack([log_mel(prepared(e, view), view.mel) for e in readable[:N_CALIBRATION]]).astype(np.float16)


def reopened(folder: Path) -> tuple[Recipe, nn.Module, Learned]:
    """A finished run: recipe, best weights, what it learned.

    Raises:
        TrainingError: the run is not finished.
    """
    run = RunFolder(folder)
    recipe = run.recipe()
    if not (folder / "result.json").is_file():
        raise TrainingError(f"{folder}: the run is not finished; go on with --resume")
    result: dict[str, Any] = run.read("result.json")
    network = _network(recipe, len(result["labels"]))
    load_weights(network, Checkpoints(folder / "checkpoints").best)
    return recipe, network.eval(), Learned(tuple(result["labels"]), tuple(result["thresholds"]), result["numbers"])


def export(folder: Path, target: Path, *, int8: bool = False) -> Bundle:
    """Write the bundle of a finished run; ``int8`` quantises it with clips that the run kept for the purpose."""
    from instrunet.training.serving import to_int8

    recipe, network, learned = reopened(folder)
    view = view_of(recipe)
    whole = served(network, view, single_label=recipe.loss.name == "cross_entropy")
    onnx = to_onnx(whole, view.front_shape())
    if int8:
        kept = np.load(folder / "calibration.npy").astype(np.float32)
        if kept.shape[1:] != view.front_shape():
            raise TrainingError(
                f"{folder}: its calibration clips are of {kept.shape[1:]} numbers, the network's input is "
                f"{view.front_shape()}; an older version made the run: train again, or export without --int8"
            )
        onnx = to_int8(onnx, kept)
    weights = Checkpoints(folder / "checkpoints").best
    return bundle_of(recipe, onnx, learned, target, weights=None if int8 else weights)
