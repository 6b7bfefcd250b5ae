"""The layouts, file by file, against the shape of the originals."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import mido
import numpy as np
import pytest
import soundfile
import yaml

from instrunet.synthesis.miniatures import Miniature

Get = Callable[[str], Miniature]


def test_irmas_names_carry_class_drums_genre_number_and_excerpt(miniature: Get) -> None:
    root = miniature("irmas").folder
    names = sorted(
        p.relative_to(root / "IRMAS-TrainingData").as_posix() for p in root.glob("IRMAS-TrainingData/*/*.wav")
    )
    shape = re.compile(r"(\w{3})/(\d{3}__)?\[\1\](\[(?:dru|nod|---)\])?\[(\w{3}|\w{3}_\w{3})\]\d{4}__\d\.wav")
    assert len(names) == 44
    assert all(shape.fullmatch(name) for name in names)
    info = soundfile.info(root / "IRMAS-TrainingData" / names[0])
    assert (info.samplerate, info.channels, info.subtype, info.duration) == (44_100, 2, "PCM_16", 3.0)


def test_irmas_real_names_have_the_same_shape(shared: Path) -> None:
    shape = re.compile(r"(\w{3})/(\d{3}__)?\[\1\](\[(?:dru|nod|---)\])?\[(\w{3}|\w{3}_\w{3})\]\d{4}__\d\.wav")
    with (shared / "metadata" / "irmas_train_files.csv").open() as file:
        names = [row["file"] for row in csv.DictReader(file)]
    assert all(shape.fullmatch(name) for name in names)


def test_irmas_test_texts_are_read_like_the_real_ones(miniature: Get, shared: Path) -> None:
    mini = miniature("irmas")
    truth = {c.path: c.labels for c in mini.clips if c.split == "test"}
    assert Counter(len(labels) for labels in truth.values()) == {1: 3, 2: 3, 3: 3}
    for path, labels in truth.items():
        assert (mini.folder / path).with_suffix(".txt").read_text().split() == list(labels)
    real = next((shared / "layouts" / "irmas").rglob("*.txt")).read_bytes()
    ours = next(mini.folder.rglob("*.txt")).read_bytes()
    shape = re.compile(rb"(\w{3}\t\n)+")
    assert shape.fullmatch(real)
    assert shape.fullmatch(ours)


def test_openmic_tables_agree_with_each_other(miniature: Get, shared: Path) -> None:
    mini, real = miniature("openmic"), shared / "layouts" / "openmic2018"
    for kind in ("aggregated-labels", "individual-responses", "metadata"):
        name = f"openmic-2018-{kind}.csv"
        assert (mini.folder / name).read_text().splitlines()[0] == (real / name).read_text().splitlines()[0]
    assert json.loads((mini.folder / "class-map.json").read_text()) == json.loads((real / "class-map.json").read_text())
    classes = json.loads((mini.folder / "class-map.json").read_text())
    with np.load(mini.folder / "openmic-2018.npz") as arrays:
        keys = [str(k) for k in arrays["sample_key"]]
        relevance, mask = arrays["Y_true"], arrays["Y_mask"]
        assert arrays["X"].shape == (len(keys), 10, 128)
    assert np.all(relevance[~mask] == 0.5)
    with (mini.folder / "openmic-2018-aggregated-labels.csv").open() as file:
        for row in csv.DictReader(file):
            i, j = keys.index(row["sample_key"]), classes[row["instrument"]]
            assert mask[i, j]
            assert relevance[i, j] == pytest.approx(float(row["relevance"]))
    train, test = ((mini.folder / "partitions" / f"split01_{s}.csv").read_text().split() for s in ("train", "test"))
    assert sorted(train + test) == sorted(keys)
    assert 0 < mask.mean() < 0.4


def test_openmic_truth_is_the_crowds_majority(miniature: Get) -> None:
    mini = miniature("openmic")
    seen = Counter(label for c in mini.clips for label in c.labels)
    assert set(seen) == set(json.loads((mini.folder / "class-map.json").read_text()))
    assert {len(c.absent) for c in mini.clips} == {2}


def test_medleydb_metadata_has_the_real_keys_and_its_files(miniature: Get, shared: Path) -> None:
    mini = miniature("medleydb")
    real = yaml.safe_load((shared / "metadata" / "medleydb" / "AClassicEducation_NightOwl_METADATA.yaml").read_text())
    for path in mini.folder.glob("Audio/*/*_METADATA.yaml"):
        song = yaml.safe_load(path.read_text())
        assert song.keys() == real.keys()
        assert (path.parent / song["mix_filename"]).is_file()
        for stem in song["stems"].values():
            assert stem.keys() == real["stems"]["S01"].keys()
            assert (path.parent / song["stem_dir"] / stem["filename"]).is_file()
            for raw in stem["raw"].values():
                assert (path.parent / song["raw_dir"] / raw["filename"]).is_file()


def test_medleydb_annotations_tell_when_each_stem_sounds(miniature: Get) -> None:
    root = miniature("medleydb").folder
    name = "TinyRockers_FirstTake"
    pitch = np.loadtxt(root / "Annotations" / "Pitch_Annotations" / f"{name}_STEM_02.csv", delimiter=",")
    assert pitch[1, 0] == pytest.approx(256 / 44_100)
    first_s = pitch[np.flatnonzero(pitch[:, 1])[0], 0]
    assert first_s == pytest.approx(1.0, abs=0.01)
    activity = root / "Annotations" / "Instrument_Activations"
    lines = (activity / "ACTIVATION_CONF" / f"{name}_ACTIVATION_CONF.lab").read_text().splitlines()
    assert lines[0] == "time,S01,S02,S03,S04"
    table = np.array([[float(v) for v in line.split(",")] for line in lines[1:]])
    assert table[table[:, 0] < 0.9, 2].max() < 0.01 < 0.9 < table[table[:, 0] > 1.1, 2].max()
    sources = (activity / "SOURCEID" / f"{name}_SOURCEID.lab").read_text().splitlines()
    assert "0.0000" in sources[1]
    assert {row.split(",")[2] for row in sources[1:]} == {
        "male singer",
        "distorted electric guitar",
        "electric bass",
        "drum set",
    }


@pytest.mark.parametrize(("name", "track", "audio_dir"), [("slakh", 1, "Track00001/stems"), ("babyslakh", 1, "stems")])
def test_slakh_metadata_has_the_real_keys(name: str, track: int, audio_dir: str, miniature: Get, shared: Path) -> None:
    root = miniature(name).folder
    path = next(root.rglob(f"Track{track:05d}/metadata.yaml"))
    real_path = shared / "layouts" / "slakh" / path.relative_to(root)
    ours, real = yaml.safe_load(path.read_text()), yaml.safe_load(real_path.read_text())
    assert ours.keys() == real.keys()
    assert ours["audio_dir"] == real["audio_dir"] == audio_dir
    assert {k for s in ours["stems"].values() for k in s} == {k for s in real["stems"].values() for k in s}
    assert {s["audio_rendered"] for s in ours["stems"].values()} == {
        s["audio_rendered"] for s in real["stems"].values()
    }
    unheard = [k for k, s in ours["stems"].items() if s["inst_class"] == "Sound Effects"]
    assert len(unheard) == 1
    assert not list(path.parent.rglob(f"{unheard[0]}.*"))


def test_slakh_stems_sound_where_their_midi_says(miniature: Get) -> None:
    root = miniature("babyslakh").folder / "babyslakh_16k"
    checked = 0
    for path in sorted(root.glob("*/MIDI/S00.mid"))[:4]:
        x, rate = soundfile.read(path.parents[1] / "stems" / "S00.wav")
        now, busy = 0.0, np.zeros(len(x), bool)
        sounding = 0
        for message in mido.MidiFile(path):
            if sounding:
                busy[round(now * rate) : round((now + message.time) * rate)] = True
            now += message.time
            sounding += {"note_on": 1, "note_off": -1}.get(message.type, 0)
        assert np.abs(x[busy]).max() > 0.1
        quiet = np.convolve(busy, np.ones(rate), "full")[: len(x)] == 0
        checked += int(quiet.sum())
        assert np.abs(x[quiet]).max(initial=0.0) < 1e-3
    assert checked > rate


def test_slakh_redux_has_its_splits(miniature: Get) -> None:
    root = miniature("slakh").folder / "slakh2100_flac_redux"
    assert sorted(p.name for p in root.iterdir()) == ["omitted", "test", "train", "validation"]
    assert sorted(p.name for p in root.glob("*/*")) == [f"Track{i:05d}" for i in range(1, 7)]


def test_nsynth_names_spell_out_the_entry(miniature: Get) -> None:
    root = miniature("nsynth").folder
    instruments: dict[str, set[str]] = {}
    for part in ("train", "valid", "test"):
        examples = json.loads((root / f"nsynth-{part}" / "examples.json").read_text())
        for name, entry in examples.items():
            source, family = entry["instrument_source_str"], entry["instrument_family_str"]
            number = entry["instrument_str"].rsplit("_", 1)[1]
            assert name == f"{family}_{source}_{number}-{entry['pitch']:03d}-{entry['velocity']:03d}"
            assert sum(entry["qualities"]) == len(entry["qualities_str"])
        instruments[part] = {e["instrument_str"] for e in examples.values()}
        assert {p.stem for p in (root / f"nsynth-{part}" / "audio").iterdir()} == set(examples)
    assert not instruments["train"] & (instruments["valid"] | instruments["test"])
    assert "synth_lead" not in {n.rsplit("_", 2)[0] for n in instruments["test"]}


def test_medley_solos_names_spell_out_the_row(miniature: Get, shared: Path) -> None:
    root = miniature("medley_solos_db").folder
    table = root / "annotation" / "Medley-solos-DB_metadata.csv"
    real = shared / "layouts" / "medley_solos_db"
    assert table.read_text().splitlines()[0] == next(real.glob("annotation/*.csv")).read_text().splitlines()[0]
    with table.open() as file:
        rows = list(csv.DictReader(file))
    named = {f"Medley-solos-DB_{r['subset']}-{r['instrument_id']}_{r['uuid4']}.wav" for r in rows}
    assert named == {p.name for p in (root / "audio").iterdir()}
    ours, theirs = (soundfile.info(next(p.glob("audio/*.wav"))) for p in (root, real))
    assert (ours.samplerate, ours.channels, ours.subtype) == (theirs.samplerate, theirs.channels, theirs.subtype)
    assert ours.frames == pytest.approx(theirs.frames, abs=100)
