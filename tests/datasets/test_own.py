from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from instrunet.datasets.parsing import IndexOptions
from instrunet.datasets.registry import index
from instrunet.errors import InstrunetError, UsageError
from tests.datasets import layouts

PARTIAL = IndexOptions(protocol="partial")


def test_a_folder_a_class(tmp_path: Path) -> None:
    for name in ("sax/a.wav", "sax/deep/b.flac", "e-gtr/c.wav"):
        layouts.audio(tmp_path / name)
    manifest = index("folder", tmp_path)
    assert (manifest.vocabulary, manifest.labels) == ("own", ("e-gtr", "sax"))
    assert sorted(manifest.column("path")) == ["e-gtr/c.wav", "sax/a.wav", "sax/deep/b.flac"]
    assert manifest.mask().all()
    assert index("folder", tmp_path, options=PARTIAL).mask().sum() == 3
    canonical = index("folder", tmp_path, options=IndexOptions(vocabulary="instrunet"))
    saxophone = canonical.labels.index("saxophone")
    assert canonical.y()[:, saxophone].tolist() == [0, 1, 1]
    assert canonical.mask().sum() == 6
    assert canonical.project("openmic").y().sum() == 3


def test_classes_below_splits(tmp_path: Path) -> None:
    layouts.audio(tmp_path / "train/piano/a.wav")
    layouts.audio(tmp_path / "test/piano/b.wav")
    manifest = index("folder", tmp_path)
    assert manifest.labels == ("piano",)
    assert sorted(manifest.column("split")) == ["test", "train"]


def test_a_folder_without_audio_and_a_word_without_meaning(tmp_path: Path) -> None:
    (tmp_path / "piano").mkdir()
    with pytest.raises(InstrunetError, match="no audio in the folders of"):
        index("folder", tmp_path)
    layouts.audio(tmp_path / "zorgblatt/a.wav")
    with pytest.raises(UsageError, match="zorgblatt"):
        index("folder", tmp_path, options=IndexOptions(vocabulary="instrunet"))


def test_a_broad_word_leaves_what_it_may_mean_open(tmp_path: Path) -> None:
    layouts.audio(tmp_path / "guitar/a.wav")
    layouts.audio(tmp_path / "piano/b.wav")
    manifest = index("folder", tmp_path, options=IndexOptions(vocabulary="instrunet"))
    guitars = [manifest.labels.index(name) for name in ("acoustic_guitar", "electric_guitar")]
    assert manifest.mask()[:, guitars].tolist() == [[False, False], [True, True]]
    assert not manifest.y()[:, guitars].any()


def test_a_table_of_paths_and_labels(tmp_path: Path) -> None:
    layouts.audio(tmp_path / "x/a.wav")
    layouts.audio(tmp_path / "b.wav")
    rows = "path,labels,split,group,genre,start_s,duration_s\nx/a.wav,piano;voice,train,s1,Jazz,0.1,0.2\n"
    rows += "b.wav,,test,,,,\ngone.wav,piano,,,,,\n"
    table = layouts.text(tmp_path / "mine.csv", rows)
    manifest = index("csv", table)
    assert manifest.column("labels_original") == [["piano", "voice"], []]
    assert manifest.y().tolist() == [[1, 1], [0, 0]]
    assert manifest.mask().all()
    assert manifest.column("group") == ["s1", "csv/b.wav"]
    assert manifest.column("start_s") == [0.1, 0.0]
    assert manifest.header.provenance[0].missing == {"audio files": 1}
    assert index("csv", table, options=PARTIAL).mask().tolist() == [[True, True], [False, False]]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("file,labels\na,b\n", r"lacks the column path \(found: file, labels\)"),
        ("path,labels,split\na.wav,b,dev\n", "line 2: split 'dev'"),
        ("path,labels,start_s\na.wav,b,soon\n", "'soon' is no number"),
        ("path,labels,start_s\na.wav,b,-1\n", "no time in a recording"),
        ("path,labels\n,b\n", "line 2: path is empty"),
        ("path,labels,source\na.wav,b,tape\n", "source 'tape'"),
        ("", "lacks the column"),
    ],
)
def test_damaged_tables_name_the_line(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(InstrunetError, match=said):
        index("csv", layouts.text(tmp_path / "t.csv", content), options=IndexOptions(require_audio=False))


def test_a_table_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(InstrunetError, match="not a readable table"):
        index("csv", tmp_path / "t.csv")


RANGES = "path\tstart_s\tend_s\tlabel\na.wav\t0\t1\tpiano\na.wav\t0.5\t2.5\tvoice\n"


def test_a_table_of_ranges_whole_and_in_clips(tmp_path: Path) -> None:
    layouts.audio(tmp_path / "a.wav", 3.0)
    table = layouts.text(tmp_path / "t.csv", RANGES)
    whole = index("ranges", table)
    assert whole.y().tolist() == [[1, 1]]
    assert [e["end_s"] for e in whole.events.to_pylist()] == [1.0, 2.5]
    clips = index("ranges", table, options=IndexOptions(clip_s=1.0))
    assert clips.y().tolist() == [[1, 1], [0, 1], [0, 1]]
    assert [(e["start_s"], e["end_s"], e["label"]) for e in clips.events.to_pylist()][1:] == [
        (0.5, 1, "voice"),
        (0, 1, "voice"),
        (0, 0.5, "voice"),
    ]
    assert len(set(clips.column("group"))) == 1
    canonical = index("ranges", table, options=IndexOptions(vocabulary="instrunet"))
    assert canonical.events.column("label").to_pylist() == ["piano", "voice"]


def test_a_range_that_ends_before_it_begins(tmp_path: Path) -> None:
    table = layouts.text(tmp_path / "t.csv", "path,start_s,end_s,label\na.wav,2,1,piano\n")
    with pytest.raises(InstrunetError, match="line 2: the range ends at 1 s"):
        index("ranges", table)


def jams(values: list[tuple[float, float, str]], namespace: str, columns: bool = False) -> str:
    rows = [{"time": t, "duration": d, "value": v, "confidence": 1.0} for t, d, v in values]
    data = {name: [row[name] for row in rows] for name in rows[0]} if columns else rows
    beats = {"namespace": "beat", "data": [{"time": 0.5, "duration": 0, "value": 1, "confidence": 1}]}
    return json.dumps(
        {"annotations": [beats, {"namespace": namespace, "data": data}], "file_metadata": {"duration": 2.0}}
    )


@pytest.mark.parametrize("columns", [False, True])
def test_jams(tmp_path: Path, columns: bool) -> None:
    layouts.audio(tmp_path / "x/a.ogg", 2.0)
    layouts.text(tmp_path / "x/a.jams", jams([(0, 1, "piano"), (0, 0, "voice")], "tag_open", columns))
    manifest = index("jams", tmp_path)
    assert manifest.column("path") == ["x/a.ogg"]
    assert manifest.labels == ("piano", "voice")
    np.testing.assert_allclose(manifest.events.column("end_s").to_numpy(), [1.0, manifest.column("duration_s")[0]])
    assert index("jams", tmp_path / "x/a.jams").column("path") == ["a.ogg"]


def test_jams_as_the_library_writes_it(tmp_path: Path) -> None:
    library = pytest.importorskip("jams")
    annotation = library.Annotation("tag_open", duration=2.0)
    annotation.append(time=0.0, duration=2.0, value="piano", confidence=1.0)
    file = library.JAMS(annotations=[annotation])
    file.file_metadata.duration = 2.0
    file.save(str(tmp_path / "a.jams"))
    manifest = index("jams", tmp_path, options=IndexOptions(require_audio=False))
    assert manifest.column("labels_original") == [["piano"]]


@pytest.mark.parametrize(
    "content", ["", "{}", '{"annotations": [1]}', '{"annotations": [{"namespace": "tag_open", "data": [{"time": 1}]}]}']
)
def test_damaged_jams_are_named(tmp_path: Path, content: str) -> None:
    layouts.text(tmp_path / "a.jams", content)
    with pytest.raises(InstrunetError, match=r"a\.jams: not a readable JAMS"):
        index("jams", tmp_path)
