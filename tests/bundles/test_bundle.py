"""A bundle is read back as it was saved, from a folder and a zip; what is broken or unsafe is refused in a sentence."""

from __future__ import annotations

import hashlib
import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx")

from instrunet.bundles import About, Bundle, BundleError, TaggerSpec, bundled_models, network, save_bundle
from instrunet.bundles.network import Network
from tests.tiny_tagger import LABELS, save_tiny, tiny_network, tiny_spec


@pytest.fixture
def tiny(tmp_path: Path) -> Bundle:
    return save_tiny(tmp_path / "tiny")


def rewrite(bundle: Bundle, **changes: Any) -> Path:
    """Change the description behind the back of save_bundle."""
    file = bundle.path / "bundle.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))
    return bundle.path


@pytest.mark.parametrize("name", ["tiny", "tiny.zip"])
def test_round_trip(tmp_path, name):
    saved = save_tiny(tmp_path / name, thresholds=(0.3, 0.4, 0.5))
    loaded = Bundle.load(tmp_path / name)
    assert loaded.tagger == saved.tagger == tiny_spec(thresholds=(0.3, 0.4, 0.5))
    assert (loaded.name, loaded.kind, loaded.about.licence) == ("tiny", "tagger", "Apache-2.0")
    assert loaded.card == "# tiny\n"
    assert loaded.files["model.onnx"] == hashlib.sha256(tiny_network()).hexdigest()
    assert sorted(p.name for p in tmp_path.iterdir()) == [name]


def test_a_zipped_folder_loads_too(tiny, tmp_path):
    with zipfile.ZipFile(tmp_path / "outer.zip", "w") as archive:
        for file in tiny.path.iterdir():
            archive.write(file, f"tiny/{file.name}")
    assert Bundle.load(tmp_path / "outer.zip").tagger.labels == LABELS


def test_saving_again_replaces_a_bundle_but_nothing_else(tiny, tmp_path):
    save_tiny(tiny.path, hop_s=1.0)
    assert Bundle.load(tiny.path).tagger.hop_s == 1.0
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("dear")
    with pytest.raises(Exception, match="other things in it"):
        save_tiny(tmp_path / "letters")
    assert (tmp_path / "letters" / "dear.txt").read_text() == "dear"


def test_a_changed_file_is_refused(tiny):
    (tiny.path / "CARD.md").write_text("# other\n")
    with pytest.raises(BundleError, match=r"CARD\.md is not what was saved"):
        Bundle.load(tiny.path)


def test_missing_and_unlisted_files_are_refused(tiny):
    (tiny.path / "extra.txt").write_text("hello")
    with pytest.raises(BundleError, match=r"does not list: extra\.txt"):
        Bundle.load(tiny.path)
    (tiny.path / "extra.txt").unlink()
    (tiny.path / "model.onnx").unlink()
    with pytest.raises(BundleError, match=r"model\.onnx is missing"):
        Bundle.load(tiny.path)


@pytest.mark.parametrize("name", ["weights.pt", "innocent.bin"])
def test_pickles_are_refused_by_name_and_by_content(tiny, name):
    (tiny.path / name).write_bytes(pickle.dumps({"a": 1}))
    with pytest.raises(BundleError, match="a pickle"):
        Bundle.load(tiny.path)


def test_a_path_to_a_pickle_is_never_opened(tmp_path):
    with pytest.raises(BundleError, match="can run any program"):
        Bundle.load(tmp_path / "model.ckpt")
    with pytest.raises(BundleError, match="no place in a bundle"):
        save_bundle(
            tmp_path / "b", about=About(name="b", licence="MIT"), spec=tiny_spec(), files={"weights.pt": b"\x80\x04"}
        )


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"format_version": 99}, "a newer instrunet"),
        ({"kind": "oracle"}, "kind 'oracle' is none of"),
        ({"labels": ["flute", "violin"]}, "3 thresholds for 2 labels"),
        ({"labels": ["flute", "flute", "drums"]}, "stands twice"),
        ({"labels": ["flute", "violin", "kazoo"]}, "does not have: kazoo"),
        ({"vocabulary": "klingon"}, "klingon"),
        ({"hop_s": 3.0}, "do not fit"),
        ({"thresholds": [0.5, 0.5, 1.5]}, "thresholds must lie"),
        ({"crowding": 2.0}, "crowding is 2"),
        ({"aggregation": {"method": "median"}}, "is none of mean"),
        ({"aggregation": {"method": "model"}}, "needs the outputs"),
        ({"outputs": ["frames"]}, "must be clip"),
        ({"front_end": {"n_melts": 3}}, "unknown setting n_melts"),
        ({"calibration_scale": [1.0, float("inf"), 1.0]}, "not finite"),
        ({"files": None}, "lists no files"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(tiny, changes, complaint):
    with pytest.raises(BundleError, match=complaint) as caught:
        Bundle.load(rewrite(tiny, **changes))
    assert str(tiny.path) in str(caught.value)


@pytest.mark.parametrize(
    ("network", "complaint"),
    [
        (tiny_network(n_mels=20), "takes 20 mel bands, the front end gives 16"),
        (tiny_network(n_classes=5), "gives 5 classes as clip, but there are 3 labels"),
        (tiny_network(n_frames=50), "takes 50 frames, a window of 1 s gives 101"),
        (b"not a network", "cannot be opened"),
    ],
)
def test_a_network_that_does_not_fit_is_refused_and_not_saved(tmp_path, network, complaint):
    with pytest.raises(BundleError, match=complaint):
        save_bundle(
            tmp_path / "b", about=About(name="b", licence="MIT"), spec=tiny_spec(), files={"model.onnx": network}
        )
    assert list(tmp_path.iterdir()) == []


def test_other_kinds_keep_their_settings(tmp_path):
    about = About(name="halves", licence="MIT")
    bundle = save_bundle(
        tmp_path / "s", about=about, spec={"stems": ["a", "b"]}, files={"x.txt": "x"}, kind="separator"
    )
    assert bundle.body["stems"] == ["a", "b"]
    with pytest.raises(BundleError, match="is a separator, not a tagger"):
        _ = bundle.tagger


def test_unknown_names_and_broken_files(tmp_path):
    with pytest.raises(BundleError, match="no model is called 'nosuch'"):
        Bundle.load("nosuch")
    (tmp_path / "broken.zip").write_bytes(b"PK nothing")
    with pytest.raises(BundleError, match="neither a folder nor a"):
        Bundle.load(tmp_path / "broken.zip")
    (tmp_path / "bundle.json").write_text("{")
    with pytest.raises(BundleError, match="is not JSON"):
        Bundle.load(tmp_path / "bundle.json")


def test_a_zip_cannot_reach_outside_itself(tiny, tmp_path):
    body = json.loads((tiny.path / "bundle.json").read_text())
    body["files"]["../secret.txt"] = "0" * 64
    with zipfile.ZipFile(tmp_path / "sly.zip", "w") as archive:
        archive.writestr("bundle.json", json.dumps(body))
        archive.write(tiny.path / "model.onnx", "model.onnx")
        archive.write(tiny.path / "CARD.md", "CARD.md")
    with pytest.raises(BundleError, match="outside the bundle"):
        Bundle.load(tmp_path / "sly.zip")


class Peer:
    """Stands for YAMNet, whose weights are not part of the package."""

    def frames(self, samples):
        return type("Frames", (), {"embeddings": np.full((2, 1024), 0.5, np.float32)})


def test_every_model_inside_the_package_loads_and_opens(monkeypatch):
    monkeypatch.setattr(network, "_yamnet", Peer)
    for name in bundled_models():
        bundle = Bundle.load(name)
        assert bundle.about.licence
        if bundle.kind == "tagger":
            assert isinstance(bundle.tagger, TaggerSpec)
            opened = Network(bundle, threads=1)
            assert opened.providers == ["CPUExecutionProvider"]
            heard = opened(opened.seen(np.zeros(bundle.tagger.window_samples, np.float32))[None])["clip"]
            assert heard.shape == (1, len(bundle.tagger.labels))
            assert heard.max() < 0  # nobody plays in silence
