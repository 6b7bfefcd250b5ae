from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile

from instrunet.datasets import Clip, Header, Manifest
from instrunet.datasets.class_folders import SortingOptions, sort_by_class
from instrunet.errors import UsageError
from tests.synth import tone

LABELS = ("Bass", "Guitar", "Strings (continued)")


@pytest.fixture
def stems(tmp_path: Path) -> Manifest:
    """Two stems of one song, one of them cut in two clips, and its mix."""
    root = tmp_path / "slakh"
    (root / "Track1" / "stems").mkdir(parents=True)
    for name, hz in (("stems/S0", 110.0), ("stems/S1", 440.0), ("mix", 220.0)):
        soundfile.write(root / "Track1" / f"{name}.wav", tone(hz, 1.0, sample_rate_hz=8000), 8000)
    rows = [
        ("S0 0", "stems/S0.wav", 0.0, ("Bass",)),
        ("S0 1", "stems/S0.wav", 0.5, ("Bass",)),
        ("S1", "stems/S1.wav", 0.0, ("Strings (continued)",)),
        ("mix", "mix.wav", 0.0, ("Bass", "Strings (continued)")),
    ]
    clips = [
        Clip(
            f"Track1/{name}",
            f"Track1/{path}",
            "slakh",
            "stem",
            "Track1",
            start_s=start_s,
            duration_s=0.5,
            truth={label: float(label in words) for label in LABELS},
            split="train",
        )
        for name, path, start_s, words in rows
    ]
    return Manifest.from_clips(clips, Header("slakh", LABELS, root=str(root)))


def files(folder: Path) -> list[str]:
    return sorted(
        p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.name != "index.csv" and not p.is_dir()
    )


def test_each_stem_lies_in_its_class_and_mixtures_are_left_out(stems: Manifest, tmp_path: Path) -> None:
    done = sort_by_class(stems, tmp_path / "out")
    assert files(tmp_path / "out") == ["Bass/Track1__stems__S0.wav", "Strings (continued)/Track1__stems__S1.wav"]
    assert (done.counts, done.left_out, done.failures) == ({"Bass": 1, "Strings (continued)": 1}, 1, ())
    copied = tmp_path / "out" / "Bass" / "Track1__stems__S0.wav"
    assert copied.read_bytes() == (stems.root / "Track1/stems/S0.wav").read_bytes()
    with (tmp_path / "out" / "index.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(r["path"], r["labels"], r["group"], r["split"]) for r in rows] == [
        ("Bass/Track1__stems__S0.wav", "Bass", "Track1", "train"),
        ("Strings (continued)/Track1__stems__S1.wav", "Strings (continued)", "Track1", "train"),
    ]


def test_excerpts_hold_the_clips(stems: Manifest, tmp_path: Path) -> None:
    sort_by_class(stems, tmp_path / "out", options=SortingOptions(mode="excerpt", classes=("Bass",)))
    assert files(tmp_path / "out") == ["Bass/Track1__S0 0.wav", "Bass/Track1__S0 1.wav"]
    whole, _ = soundfile.read(stems.root / "Track1/stems/S0.wav")
    half, rate = soundfile.read(tmp_path / "out/Bass/Track1__S0 1.wav")
    assert rate == 8000
    assert np.abs(half - whole[4000:]).max() < 1e-3


def test_links_point_at_the_files(stems: Manifest, tmp_path: Path) -> None:
    sort_by_class(stems, tmp_path / "out", options=SortingOptions(mode="link", mixtures=True))
    assert len(files(tmp_path / "out")) == 4
    link = tmp_path / "out" / "Bass" / "Track1__mix.wav"
    assert link.is_symlink()
    assert link.resolve() == (stems.root / "Track1/mix.wav").resolve()


def test_only_the_dominant_classes(stems: Manifest, tmp_path: Path) -> None:
    assert sort_by_class(stems, tmp_path / "out", options=SortingOptions(dominant=1)).counts == {"Bass": 1}


def test_nothing_is_overwritten_without_force(stems: Manifest, tmp_path: Path) -> None:
    sort_by_class(stems, tmp_path / "out")
    (tmp_path / "out" / "Bass" / "Track1__stems__S0.wav").write_text("mine")
    with pytest.raises(UsageError, match=r"exists \(and 2 more files\); say --force"):
        sort_by_class(stems, tmp_path / "out")
    assert (tmp_path / "out" / "Bass" / "Track1__stems__S0.wav").read_text() == "mine"
    sort_by_class(stems, tmp_path / "out", options=SortingOptions(force=True))
    assert (tmp_path / "out" / "Bass" / "Track1__stems__S0.wav").read_bytes()[:4] == b"RIFF"


def test_a_missing_file_is_one_sentence_and_the_rest_goes_on(stems: Manifest, tmp_path: Path) -> None:
    (stems.root / "Track1/stems/S0.wav").unlink()
    done = sort_by_class(stems, tmp_path / "out")
    assert done.counts == {"Strings (continued)": 1}
    assert len(done.failures) == 1
    assert "S0.wav: no such file" in done.failures[0]


def test_mistakes_are_named(stems: Manifest, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no class Flute; this manifest has Bass"):
        sort_by_class(stems, tmp_path, options=SortingOptions(classes=("Flute",)))
    with pytest.raises(UsageError, match="no mode 'move'"):
        sort_by_class(stems, tmp_path, options=SortingOptions(mode="move"))
    with pytest.raises(UsageError, match="try --mixtures"):
        sort_by_class(stems, tmp_path, options=SortingOptions(classes=("Guitar",)))
