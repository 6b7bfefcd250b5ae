"""Every recipe in the repository, end to end on miniatures: data, training, report, a bundle that a tagger opens."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning_fabric")

from instrunet import audio  # noqa: E402
from instrunet.bundles import Bundle  # noqa: E402
from instrunet.datasets.registry import index  # noqa: E402
from instrunet.training.course import Outcome, Surroundings, export, train  # noqa: E402
from instrunet.training.errors import TrainingError  # noqa: E402
from instrunet.training.evaluate import evaluate_model, survey_files  # noqa: E402
from instrunet.training.recipe import EnsembleConfig, Recipe, read_recipe  # noqa: E402
from instrunet.training.run_folder import RunFolder  # noqa: E402
from instrunet.training.sources import write_miniatures  # noqa: E402

RECIPES = Path(__file__).resolve().parents[2] / "recipes"
PUBLISHED = (
    "babyslakh_feedforward",
    "babyslakh_instrunet",
    "irmas_multilabel",
    "irmas_single_label",
    "medleydb_cnn",
    "medleydb_cnn_published",
    "openmic_cbam",
    "openmic_mscrnn",
    "openmic_passt",
    "openmic_passt_synth",
)


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda p: p.stem)
def test_every_recipe_can_be_read_and_names_its_source(path: Path) -> None:
    if path.stem not in (*PUBLISHED, "babyslakh_yamnet", "openmic_ensemble"):
        pytest.skip("not one of the published systems")
    from instrunet.evaluation import Published

    for miniature in (False, True):
        recipe = read_recipe(path, miniature=miniature)
        assert Published.from_dict(recipe.published).source


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("recipes")


def run(name: str, cache: Path, **more: Path) -> Outcome:
    recipe = read_recipe(RECIPES / f"{name}.toml", miniature=True)
    places = {**write_miniatures(recipe, cache / "data"), **more}
    outcome = train(recipe, cache / "runs" / name, Surroundings(places, cache, resume=True))
    assert outcome is not None
    return outcome


def assert_tagger_agrees(outcome: Outcome) -> None:
    """The bundle, given the audio of three test clips, says what the run scored."""
    from instrunet.tagging import Tagger

    clips = outcome.judged.evaluation.trial
    tagger = Tagger(outcome.bundle, threads=1)
    for row in range(min(3, clips.n_clips)):
        start_s, duration_s = clips.facts.starts_s[row], clips.facts.durations_s[row] or None
        tags = tagger.tag_file(clips.facts.paths[row], start_s=start_s, duration_s=duration_s)
        np.testing.assert_allclose([tag.confidence for tag in tags.instruments], clips.scores[row], atol=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_recipe_runs_to_its_report(name: str, cache: Path) -> None:
    torch.set_num_threads(1)
    outcome = run(name, cache)
    folder = outcome.folder.path
    for file in ("recipe.json", "environment.json", "data.json", "log.csv", "curves.png", "result.json"):
        assert (folder / file).is_file(), file
    page = (folder / "report" / "index.html").read_text()
    assert "ublished" in page
    assert np.isfinite(outcome.judged.evaluation.numbers()["bce"])
    assert outcome.bundle.tagger.labels == outcome.judged.evaluation.labels


@pytest.mark.slow
def test_a_head_on_yamnet(cache: Path, shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("ai_edge_litert")
    monkeypatch.setenv("INSTRUNET_WEIGHTS", str(shared / "peers"))
    outcome = run("babyslakh_yamnet", cache, yamnet=shared / "peers" / "yamnet.tflite")
    assert_tagger_agrees(outcome)
    small = export(outcome.folder.path, cache / "yamnet-int8", int8=True)
    assert len(small.read("model.onnx")) < 0.6 * len(outcome.bundle.read("model.onnx"))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["irmas_single_label", "irmas_multilabel"])
def test_the_bundle_hears_from_audio_what_the_run_scored(name: str, cache: Path) -> None:
    assert_tagger_agrees(run(name, cache))


@pytest.mark.slow
def test_a_bundle_is_evaluated_on_a_manifest_and_surveyed_without_truth(cache: Path, tmp_path: Path) -> None:
    outcome = run("irmas_single_label", cache)
    recipe = outcome.folder.recipe()
    manifest = index("irmas", write_miniatures(recipe, cache / "data")["irmas"])
    result = evaluate_model(outcome.bundle, manifest, split="test")
    assert result.evaluation.n_clips == 9
    assert result.evaluation.not_scored == ("voi",)
    found = survey_files(outcome.bundle, [manifest.paths()[0], manifest.paths()[-1]])
    assert len(found.files) == 2
    with pytest.raises(TrainingError, match="no clip has the split 'never'"):
        evaluate_model(outcome.bundle, manifest, split="never")
    audio.write(tmp_path / "a.wav", np.zeros(100, np.float32), 16_000)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["irmas_single_label", "irmas_multilabel"])
def test_int8_keeps_the_ranking_nearly(name: str, cache: Path) -> None:
    outcome = run(name, cache)
    small = export(outcome.folder.path, cache / f"{name}-int8", int8=True)
    assert len(small.read("model.onnx")) < 0.6 * len(outcome.bundle.read("model.onnx"))
    features = np.load(outcome.folder.path / "calibration.npy").astype(np.float32)
    from instrunet.bundles.network import Network

    whole, quantised = (Network(b, threads=1)(features)["clip"] for b in (outcome.bundle, small))
    assert np.corrcoef(whole.ravel(), quantised.ravel())[0, 1] > 0.95


@pytest.mark.slow
def test_clips_of_an_older_version_cannot_calibrate(cache: Path, tmp_path: Path) -> None:
    outcome = run("irmas_multilabel", cache)
    old = shutil.copytree(outcome.folder.path, tmp_path / "old")
    np.save(old / "calibration.npy", np.zeros((2, 128, 128), np.float16))
    with pytest.raises(TrainingError, match="train again, or export without --int8"):
        export(old, tmp_path / "int8", int8=True)


@pytest.mark.slow
def test_an_ensemble_is_a_bundle_like_any_other(cache: Path) -> None:
    from instrunet.training.ensembles import assemble_ensemble

    members = {name: run(name, cache).folder.path for name in ("openmic_passt", "openmic_cbam", "openmic_mscrnn")}
    recipe = read_recipe(RECIPES / "openmic_ensemble.toml", miniature=True)
    places = write_miniatures(recipe, cache / "data")
    made = assemble_ensemble(recipe, members, cache / "runs" / "openmic_ensemble", Surroundings(places, cache))
    assert sum(made.weights) == pytest.approx(1.0)
    assert_says_the_mean(made.bundle, [Bundle.load(path / "bundle") for path in members.values()], made.weights)


@pytest.mark.slow
def test_an_ensemble_may_look_at_mel_images(cache: Path) -> None:
    from instrunet.training.ensembles import assemble_ensemble

    outcome = run("irmas_multilabel", cache)
    recipe = read_recipe(RECIPES / "irmas_multilabel.toml", miniature=True)
    recipe = replace(recipe, name="twins", ensemble=EnsembleConfig(("one", "other")))
    places = write_miniatures(recipe, cache / "data")
    twice = dict.fromkeys(("one", "other"), outcome.folder.path)
    made = assemble_ensemble(recipe, twice, cache / "runs" / "twins", Surroundings(places, cache))
    scores, alone = made.judged.evaluation.trial.scores, outcome.judged.evaluation.trial.scores
    np.testing.assert_allclose(scores, alone, atol=1e-5)
    assert_says_the_mean(made.bundle, [outcome.bundle], (1.0,))


def assert_says_the_mean(together: Bundle, members: list[Bundle], weights: tuple[float, ...]) -> None:
    """Windows of the ensemble's bundle are the weighted mean of what the members' bundles say of the same sound."""
    from instrunet.tagging import Tagger

    rate_hz = together.tagger.front_end.sample_rate_hz
    x = np.random.default_rng(0).normal(0, 0.1, 2 * together.tagger.window_samples).astype(np.float32)
    each = [Tagger(bundle, threads=1).scores_array(x, rate_hz).values for bundle in members]
    mean = sum(weight * values for weight, values in zip(weights, each, strict=True))
    np.testing.assert_allclose(Tagger(together, threads=1).scores_array(x, rate_hz).values, mean, atol=1e-4)


def test_a_folder_with_another_run_is_refused(tmp_path: Path) -> None:
    recipe = read_recipe(RECIPES / "irmas_single_label.toml")
    folder = RunFolder(tmp_path)
    folder.begin(recipe, resume=False)
    folder.begin(recipe, resume=True)
    with pytest.raises(TrainingError, match="holds a run already"):
        folder.begin(recipe, resume=False)
    other = Recipe.from_dict({**recipe.to_dict(), "title": "x"})
    with pytest.raises(TrainingError, match=r"begun with another recipe \(title differ"):
        folder.begin(other, resume=True)
    assert json.loads((tmp_path / "environment.json").read_text())["packages"]["torch"]
