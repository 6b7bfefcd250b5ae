"""``instrunet train | evaluate | compare | export``: from a recipe to a model, and from a model to a report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from instrunet.apps.training_display import TrainingDisplay
    from instrunet.evaluation import Evaluation
    from instrunet.training.course import Surroundings
    from instrunet.training.recipe import Recipe

RecipePath = Annotated[Path, typer.Argument(metavar="RECIPE", help="A recipe (.toml).")]
ModelPath = Annotated[str, typer.Argument(metavar="MODEL", help="A bundle, or the name of a model in the package.")]
ManifestPath = Annotated[Path, typer.Argument(metavar="MANIFEST", help="A manifest, as 'data index' writes it.")]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Where the result goes.")]
Split = Annotated[str, typer.Option(help="Which split of the manifest; 'all' for every clip.")]
Data = Annotated[list[str] | None, typer.Option("--data", metavar="NAME=FOLDER", help="Where a data set lies.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    for command in (train, evaluate, compare, export):
        app.command()(command)


def train(
    recipe: RecipePath,
    data: Data = None,
    out: Out = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="TABLE.KEY=VALUE", help="Change one setting of the recipe.")
    ] = None,
    miniature: Annotated[bool, typer.Option("--miniature", help="On made data, in a minute or two.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the run that is in the folder.")] = False,
    member: Annotated[
        list[str] | None, typer.Option("--member", metavar="NAME=RUN", help="A finished run, for an ensemble.")
    ] = None,
    cache: Annotated[Path | None, typer.Option(help="Where features are kept; by default beside the runs.")] = None,
    threads: Annotated[int, typer.Option(min=0, help="Threads for torch; 0 leaves it to torch.")] = 0,
) -> None:
    """Train a recipe: a run folder with log, curves, checkpoints, bundle and report."""
    _require_torch()
    from instrunet.apps.training_display import TrainingDisplay
    from instrunet.training.course import Surroundings
    from instrunet.training.errors import InterruptedRun
    from instrunet.training.recipe import read_recipe
    from instrunet.training.run_folder import is_first_process

    chosen = read_recipe(recipe, changes=tuple(settings or ()), miniature=miniature)
    folder = out or Path("runs") / (f"{chosen.name}-miniature" if miniature else chosen.name)
    if threads:
        import torch

        torch.set_num_threads(threads)
    with TrainingDisplay(quiet=not is_first_process()) as display:
        around = Surroundings(
            places=_pairs(data, "--data"),
            cache=cache or folder.parent / ".cache",
            resume=resume,
            announce=display.announce,
            progress=display.step,
            computing=display.computing,
        )
        try:
            if chosen.ensemble is not None:
                _train_ensemble(chosen, recipe.parent, folder, around, _pairs(member, "--member"), miniature)
            else:
                _train_one(chosen, folder, _with_miniatures(chosen, around, miniature), display)
        except KeyboardInterrupt:  # within the loop it is not raised: there the step is finished and saved
            raise InterruptedRun(
                f"{folder}: stopped outside the training steps; --resume goes on, and finds what was finished again"
            ) from None
    if is_first_process():
        typer.echo(f"{folder}: {folder / 'report' / 'index.html'}")


def _train_one(recipe: Recipe, folder: Path, around: Surroundings, display: TrainingDisplay) -> None:
    from instrunet.training.course import train as train_recipe

    outcome = train_recipe(recipe, folder, around)
    if outcome is not None:
        display.announce(_sentence(outcome.judged.evaluation))


def _train_ensemble(
    recipe: Recipe, recipes: Path, folder: Path, around: Surroundings, finished: dict[str, Path], miniature: bool
) -> None:
    """Train the members that are not finished yet, each in its own folder inside, then join them."""
    from dataclasses import replace

    from instrunet.training.course import train as train_recipe
    from instrunet.training.ensembles import assemble_ensemble
    from instrunet.training.recipe import read_recipe
    from instrunet.training.run_folder import is_first_process

    members = {}
    for name in recipe.ensemble.members if recipe.ensemble else ():
        members[name] = finished.get(name, folder / "members" / name)
        if not (members[name] / "result.json").is_file():
            one = read_recipe(recipes / f"{name}.toml", miniature=miniature)
            ready = _with_miniatures(one, around, miniature)
            train_recipe(one, members[name], replace(ready, resume=True))
    if not is_first_process():
        return
    made = assemble_ensemble(recipe, members, folder, _with_miniatures(recipe, around, miniature))
    weights = ", ".join(f"{name} {weight:.2f}" for name, weight in zip(members, made.weights, strict=True))
    around.announce(f"weights: {weights}")
    around.announce(_sentence(made.judged.evaluation))


def _with_miniatures(recipe: Recipe, around: Surroundings, miniature: bool) -> Surroundings:
    from dataclasses import replace

    from instrunet.training.sources import write_miniatures

    if not miniature:
        return around
    return replace(around, places={**write_miniatures(recipe, around.cache / "miniatures"), **around.places})


def evaluate(
    model: ModelPath,
    manifest: Annotated[
        Path, typer.Argument(metavar="MANIFEST", help="A manifest; or audio without labels, a file or a folder.")
    ],
    split: Split = "test",
    out: Out = None,
    root: Annotated[Path | None, typer.Option("--root", help="Where the audio lies now.")] = None,
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Without labels: from where a class counts as found.")
    ] = None,
) -> None:
    """Score a model on labelled clips: numbers here, a page with everything in the folder.

    Audio without labels gets a page of predictions only; a single recording gets a figure, too.
    """
    if manifest.exists() and manifest.suffix != ".parquet":
        _survey(model, manifest, threshold, out)
        return
    evaluation = _evaluated(model, manifest, split, root)
    typer.echo(_sentence(evaluation))
    if evaluation.windows is not None and evaluation.ranges is not None:
        found = evaluation.windows.numbers()
        typer.echo(
            f"in time: {evaluation.windows.n_clips} windows  map {found['map']:.3f}  "
            f"micro_f1@0.5 {found['micro_f1@0.5']:.3f}  ranges micro_f1 {evaluation.ranges.micro_f1:.3f}"
        )
    if out is not None:
        from instrunet.bundles import Bundle
        from instrunet.evaluation import Published, ReportConfig, write_report

        table = Bundle.load(model).about.recipe.get("published")
        config = ReportConfig(published=Published.from_dict(table) if table else None)
        typer.echo(str(write_report(evaluation, out, config=config)))


def _survey(model: str, audio: Path, threshold: float | None, out: Path | None) -> None:
    """What a model says of audio whose truth nobody knows."""
    from instrunet.evaluation import write_survey
    from instrunet.evaluation.recording_figure import write_recording_figure
    from instrunet.training.evaluate import recording_of, survey_files

    found = survey_files(model, [audio], threshold=threshold)
    often = sorted((row for row in found.classes if row.n_found), key=lambda row: -row.n_found)[:6]
    said = "  ".join(f"{row.label} {row.n_found}" for row in often) or "nothing"
    typer.echo(f"{found.config.name}: {found.n_files} files without truth, found most often: {said}")
    if out is None:
        return
    typer.echo(str(write_survey(found, out)))
    if found.n_files == 1:
        write_recording_figure(recording_of(found), out / "recording.png")
        typer.echo(str(out / "recording.png"))


def compare(
    one: ModelPath,
    other: ModelPath,
    manifest: ManifestPath,
    split: Split = "test",
    out: Out = None,
    root: Annotated[Path | None, typer.Option("--root", help="Where the audio lies now.")] = None,
) -> None:
    """Compare two models clip by clip, with the differences of every class."""
    from instrunet.evaluation import compare as compare_evaluations
    from instrunet.evaluation import write_comparison

    first, second = (_evaluated(model, manifest, split, root) for model in (one, other))
    for evaluation in (first, second):
        typer.echo(_sentence(evaluation))
    if out is not None:
        typer.echo(str(write_comparison(compare_evaluations(first, second), out)))


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A finished run folder, or the bundle inside it.")],
    out: Out = None,
    onnx: Annotated[bool, typer.Option("--onnx", help="Write the bare network (.onnx) as well.")] = False,
    int8: Annotated[bool, typer.Option("--int8", help="Quantise to 8 bits.")] = False,
) -> None:
    """Write the bundle of a finished run, a folder or (with a name that ends in .zip) one file."""
    _require_torch()
    from instrunet.errors import UsageError
    from instrunet.files import written_whole
    from instrunet.training.course import export as export_run

    folder = run.parent if run.name == "bundle" else run
    if not (folder / "recipe.json").is_file():
        raise UsageError(f"{run}: neither a run folder nor the bundle inside one")
    target = out or folder / ("bundle-int8" if int8 else "bundle")
    bundle = export_run(folder, target, int8=int8)
    typer.echo(str(bundle.path))
    if onnx:
        bare = target.with_suffix(".onnx")
        with written_whole(bare) as beside:
            beside.write_bytes(bundle.read("model.onnx"))
        typer.echo(str(bare))


def _evaluated(model: str, manifest: Path, split: str, root: Path | None) -> Evaluation:
    from rich.progress import Progress

    from instrunet.datasets.manifest import Manifest
    from instrunet.training.evaluate import evaluate_model

    table = Manifest.read(manifest, root=root)
    with Progress(transient=True) as bar:
        task = bar.add_task(model, total=None)
        result = evaluate_model(
            model,
            table,
            split=None if split == "all" else split,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    for name, reason in list(result.failed.items())[:5]:
        typer.echo(f"instrunet: {name}: {reason}", err=True)
    if result.failed:
        typer.echo(f"instrunet: {len(result.failed)} clips could not be read and are left out", err=True)
    return result.evaluation


def _sentence(evaluation: Evaluation) -> str:
    numbers = evaluation.numbers()
    shown = ("map", "roc_auc", "macro_f1@0.2", "macro_f1@0.5", "micro_f1@0.5", "macro_f1@tuned", "top1")
    said = "  ".join(f"{name} {numbers[name]:.3f}" for name in shown if name in numbers)
    return f"{evaluation.config.name}: {evaluation.n_clips} clips  {said}"


def _require_torch() -> None:
    from importlib.util import find_spec

    from instrunet.errors import MissingExtraError

    if not all(find_spec(name) for name in ("torch", "lightning_fabric", "safetensors", "pyarrow")):
        raise MissingExtraError("train", "training")


def _pairs(given: list[str] | None, option: str) -> dict[str, Path]:
    from instrunet.errors import UsageError

    pairs = {}
    for text in given or ():
        name, equals, path = text.partition("=")
        if not equals or not path:
            raise UsageError(f"{option} {text}: write it as NAME=PATH")
        pairs[name] = Path(path).expanduser()
    return pairs
