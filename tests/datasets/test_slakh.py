from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pretty_midi
import pytest

from instrunet.datasets.manifest import Manifest
from instrunet.datasets.midi_notes import note_spans
from instrunet.datasets.parsing import IndexOptions
from instrunet.datasets.registry import index
from instrunet.datasets.slakh_tracks import Stem
from instrunet.errors import InstrunetError, UsageError
from tests.datasets import layouts

Note = tuple[float, float]


def midi(path: Path, notes: list[Note], tempo: float = 100.0) -> None:
    song = pretty_midi.PrettyMIDI(initial_tempo=tempo)
    part = pretty_midi.Instrument(0)
    part.notes = [pretty_midi.Note(100, 60 + i, a, b) for i, (a, b) in enumerate(notes)]
    song.instruments.append(part)
    path.parent.mkdir(parents=True, exist_ok=True)
    song.write(str(path))


def track(folder: Path, stems: dict[str, tuple[str, int, list[Note]]], seconds: float = 10.0, uuid: str = "u1") -> Path:
    lines = [f"UUID: {uuid}", "stems:"]
    for key, (inst_class, program, notes) in stems.items():
        facts = {
            "inst_class": inst_class,
            "program_num": program,
            "is_drum": str(program == 128).lower(),
            "plugin_name": f"{key}.nkm",
            "audio_rendered": "false",
        }
        lines += [f"  {key}:", *(f"    {name}: {value}" for name, value in facts.items())]
        if notes:
            midi(folder / f"MIDI/{key}.mid", notes)
            layouts.audio(folder / f"stems/{key}.flac", seconds, 8000)
    layouts.audio(folder / "mix.flac", seconds, 8000)
    layouts.text(folder / "metadata.yaml", "\n".join(lines) + "\n")
    return folder


BAND = {
    "S00": ("Piano", 0, [(0.0, 1.0), (4.5, 5.5)]),
    "S01": ("Drums", 128, [(6.0, 7.0)]),
    "S02": ("Sound Effects", 103, []),
}


def at(manifest: Manifest, label: str, **where: str) -> list[tuple[float, bool]]:
    part = manifest.filter(**where)
    column = part.labels.index(label)
    return list(zip(part.y()[:, column].tolist(), part.mask()[:, column].tolist(), strict=True))


def test_presence_comes_from_the_notes_inside_the_clip(tmp_path: Path) -> None:
    track(tmp_path / "Track00001", BAND)
    manifest = index("slakh", tmp_path, options=IndexOptions(clip_s=2.0, sources=("mix",)))
    assert manifest.column("start_s") == [0.0, 2.0, 4.0, 6.0, 8.0]
    assert manifest.column("labels_original") == [["Piano"], [], ["Piano"], ["Drums"], []]
    assert [y for y, _ in at(manifest, "Piano")] == [1, 0, 1, 0, 0]
    assert manifest.mask().all()
    events = manifest.events.filter(np.array([i.endswith("mix/002") for i in manifest.events.column("id").to_pylist()]))
    (event,) = events.to_pylist()
    assert (event["label"], event["start_s"], event["end_s"]) == (
        "Piano",
        pytest.approx(0.5, abs=0.01),
        pytest.approx(1.5, abs=0.01),
    )


def test_stems_carry_program_and_plugin_and_only_the_clips_in_which_they_sound(tmp_path: Path) -> None:
    track(tmp_path / "Track00001", BAND)
    manifest = index("slakh", tmp_path, options=IndexOptions(clip_s=5.0, sources=("stem",)))
    assert manifest.column("program") == [0, 0, 128]
    assert manifest.column("plugin") == ["S00.nkm", "S00.nkm", "S01.nkm"]
    assert manifest.header.provenance[0].found["silent stem clips left out"] == 1


def test_whole_tracks_and_the_remainder_at_the_end(tmp_path: Path) -> None:
    track(tmp_path / "Track00001", BAND)
    for clip_s, durations in ((0, [10.0]), (20, [10.0]), (4, [4.0, 4.0, 2.0]), (6, [6.0, 4.0]), (9, [9.0])):
        manifest = index("slakh", tmp_path, options=IndexOptions(clip_s=clip_s, sources=("mix",)))
        assert manifest.column("duration_s") == pytest.approx(durations)


def test_splits_by_folder_and_by_the_original_numbers(tmp_path: Path) -> None:
    for place, uuid in (
        ("train/Track00001", "a"),
        ("omitted/Track01600", "a"),
        ("test/Track02000", "b"),
        ("validation/Track01876", "c"),
    ):
        track(tmp_path / place, BAND, 1.0, uuid)
    options = IndexOptions(clip_s=0, sources=("mix",))
    assert dict(
        zip((m := index("slakh", tmp_path, options=options)).column("track"), m.column("split"), strict=True)
    ) == {
        "Track00001": "train",
        "Track01600": "omitted",
        "Track02000": "test",
        "Track01876": "validation",
    }
    orig = index("slakh", tmp_path, options=IndexOptions(clip_s=0, sources=("mix",), protocol="orig"))
    assert dict(zip(orig.column("track"), orig.column("split"), strict=True)) == {
        "Track00001": "train",
        "Track01600": "validation",
        "Track02000": "test",
        "Track01876": "test",
    }
    assert len(set(orig.column("group"))) == 3


@pytest.mark.parametrize(
    ("inst_class", "program", "meant"),
    [
        ("Organ", 22, {"organ", "accordion", "harmonica"}),
        ("Guitar", 26, {"electric_guitar"}),
        ("Guitar", 24, {"acoustic_guitar"}),
        ("Strings (continued)", 52, {"voice"}),
        ("Strings", 42, {"cello"}),
        ("Drums", 128, {"drums"}),
        ("Sound Effects", 103, set()),
    ],
)
def test_class_and_program_together_name_the_instrument(inst_class: str, program: int, meant: set[str]) -> None:
    said = set(Stem("S00", inst_class, program, "", None, True, None).canonical)
    assert said == meant or (inst_class == "Organ" and said == {"harmonica"})


def test_a_stem_without_midi_is_left_open(tmp_path: Path) -> None:
    track(tmp_path / "Track00001", BAND)
    (tmp_path / "Track00001/MIDI/S00.mid").unlink()
    manifest = index("slakh", tmp_path, options=IndexOptions(clip_s=5.0))
    assert at(manifest, "Piano", source="mix") == [(0, False), (0, False)]
    assert at(manifest, "Drums", source="mix") == [(0, True), (1, True)]
    assert not manifest.filter(plugin="S00.nkm").mask().any()


def test_unknown_classes_and_damaged_files_are_named(tmp_path: Path) -> None:
    folder = track(tmp_path / "Track00001", {"S00": ("Kazoo", 0, [(0.0, 1.0)])})
    with pytest.raises(UsageError, match=r"Track00001/metadata\.yaml: Kazoo"):
        index("slakh", tmp_path)
    allowed = index("slakh", tmp_path, options=IndexOptions(allow_unknown=True, sources=("mix",)))
    assert not allowed.mask().any()
    shutil.rmtree(folder)
    track(folder, BAND)
    (folder / "MIDI/S00.mid").write_bytes(b"MThd\0\0\0\6\0\1\0\2\1\xe0MTrk")
    with pytest.raises(InstrunetError, match=r"S00\.mid: not a readable MIDI file"):
        index("slakh", tmp_path)
    layouts.text(folder / "metadata.yaml", "UUID: x\n")
    with pytest.raises(InstrunetError, match=r"metadata\.yaml.*stems"):
        index("slakh", tmp_path)


def test_the_published_samples(shared: Path) -> None:
    manifest = index("slakh", shared / "layouts/slakh", options=IndexOptions(clip_s=0))
    assert manifest.header.provenance[0].missing["metadata files"] == 1
    mixes = manifest.filter(source="mix")
    assert sorted(mixes.column("split"), key=str) == [None, "train"]
    assert len(set(mixes.column("group"))) == 1
    assert "Sound Effects" not in {word for row in manifest.column("labels_original") for word in row}
    assert all(path.is_file() for path in manifest.paths())


def test_notes_as_an_independent_reader_sees_them(shared: Path) -> None:
    paths = sorted((shared / "layouts/slakh/babyslakh_16k").rglob("*.mid"))[:6]
    assert paths
    for path in paths:
        theirs = sorted((n.start, n.end) for part in pretty_midi.PrettyMIDI(str(path)).instruments for n in part.notes)
        ours = note_spans(path)
        ours = ours[ours[:, 1] > ours[:, 0]]
        np.testing.assert_allclose(ours, np.array(theirs), atol=1e-6)


@pytest.mark.parametrize(
    "content",
    [b"", b"RIFF", b"MThd", b"MThd\0\0\0\6\0\1\0\1\0\0", b"MThd\0\0\0\6\0\0\0\1\1\xe0MTrk\0\0\0\3\xff\xff\xff"],
)
def test_what_is_no_midi_is_one_clear_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mid").write_bytes(content)
    with pytest.raises(InstrunetError, match=r"a\.mid: not a readable MIDI"):
        note_spans(tmp_path / "a.mid")
