"""What is written can be read back, by the program it is meant for."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from instrunet.errors import InstrunetError, UsageError
from instrunet.tagging import InstrumentTag, Range, Tagger, Tags
from instrunet.tagging.writers import FORMATS, Delivery, WriteOptions
from instrunet.tagging.writers.picture import envelope
from instrunet.tagging.writers.table import write_table
from tests.tagging.conftest import RATE_HZ


@pytest.fixture
def tags(tagger: Tagger, melody, tmp_path) -> Tags:
    from instrunet.audio import write

    write(tmp_path / "a song.wav", melody, RATE_HZ)
    return tagger.tag_file(tmp_path / "a song.wav")


def written(name: str, tags: list[Tags], folder: Path, **options) -> str:
    out = folder / f"out{FORMATS[name].suffix}"
    Delivery(FORMATS[name], out).deliver(tags, WriteOptions(root=folder, **options), io.StringIO())
    return out.read_text(encoding="utf-8")


def test_csv_in_the_published_layout(tags, tmp_path):
    (row,) = csv.DictReader(io.StringIO(written("csv", [tags], tmp_path)))
    assert list(row)[:3] == ["file", "predicted", "voice"]
    assert row["file"] == "a song.wav"
    assert set(row["predicted"].split(";")) == {"flute", "violin"}
    assert float(row["flute"]) == pytest.approx(tags["flute"].confidence, abs=1e-6)
    assert row["piano"] == ""  # unknown, not absent
    assert len(row) == 2 + 36


def test_wide_csv_has_scores_only(tags, tmp_path):
    first, second = csv.DictReader(io.StringIO(written("wide-csv", [tags, tags], tmp_path)))
    assert list(first)[:2] == ["file", "voice"]
    assert first == second


def test_json_and_jsonl(tags, tmp_path):
    (plain,) = json.loads(written("json", [tags], tmp_path))
    lines = written("jsonl", [tags, tags], tmp_path, timeline=True, top=1).splitlines()
    assert plain["detected"] == [t.label for t in tags.detected]
    assert "times_s" not in plain
    with_curve = json.loads(lines[1])
    assert len(with_curve["instruments"]) == 1
    assert len(with_curve["instruments"][0]["activity"]) == len(with_curve["times_s"]) == 63
    assert json.loads(written("json", [tags, tags], tmp_path))[1] == plain


def test_audacity_labels_load_back(tags, tmp_path):
    text = written("audacity", [tags], tmp_path)
    rows = [line.split("\t") for line in text.splitlines()]
    read = [(float(a), float(b), label) for a, b, label in rows]
    assert read == sorted((r.start_s, r.end_s, t.label) for t in tags.detected for r in t.ranges)
    assert [label for *_, label in read] == ["flute", "violin"]


def test_jams_says_what_and_when(tags, tmp_path):
    document = json.loads(written("jams", [tags], tmp_path))
    whole, ranges = document["annotations"]
    assert {one["value"] for one in whole["data"]} == {"flute", "violin"}
    assert [(round(one["time"]), one["value"]) for one in ranges["data"]] == [(0, "flute"), (2, "violin")]
    assert document["file_metadata"]["duration"] == 6.25


@pytest.mark.slow  # the package takes seconds to import
def test_jams_validate(tags, tmp_path):
    jams = pytest.importorskip("jams")
    written("jams", [tags], tmp_path)
    document = jams.load(str(tmp_path / "out.jams"), validate=True, strict=True)
    whole, ranges = document.search(namespace="tag_open")
    assert {one.value for one in whole.data} == {"flute", "violin"}
    assert document.file_metadata.duration == pytest.approx(6.25)
    assert [round(one.time) for one in ranges.data] == [0, 2]


def test_parquet_grows_group_by_group(tags, tmp_path, monkeypatch):
    pq = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr("instrunet.tagging.writers.parquet.ROWS_A_GROUP", 2)
    out, sizes = tmp_path / "a.parquet", []

    def slowly():
        for _ in range(5):
            sizes.append((tmp_path / ".growing-a.parquet").stat().st_size)
            assert not out.exists()
            yield tags

    Delivery(FORMATS["parquet"], out).deliver(slowly(), WriteOptions(), io.StringIO(), slow=True)
    assert sizes[0] == sizes[1] < sizes[2] == sizes[3] < sizes[4]
    file = pq.ParquetFile(out)
    assert [file.metadata.row_group(k).num_rows for k in range(file.num_row_groups)] == [2, 2, 1]
    assert not list(tmp_path.glob(".growing*"))


def test_parquet(tags, tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    out = tmp_path / "a.parquet"
    Delivery(FORMATS["parquet"], out).deliver([tags, tags], WriteOptions(), io.StringIO())
    table = pq.read_table(out).to_pylist()
    assert len(table) == 2
    assert table[0]["flute"] == pytest.approx(tags["flute"].confidence)
    assert table[0]["piano"] is None
    assert {r["label"] for r in table[0]["ranges"]} == {"flute", "violin"}


def test_table_and_its_timeline(tags):
    file = io.StringIO()
    write_table([tags], file, WriteOptions(timeline=True))
    text = file.getvalue()
    assert "flute" in text
    assert "drums" not in text.replace("hand", "")
    assert "0:00–0:03.0" in text
    assert "█" in text
    assert "unknown to this model, not absent: voice" in text


def test_a_table_of_nothing_says_what_is_near():
    curve = np.zeros(3, np.float32)
    quiet = Tags("a.wav", 0.3, "instrunet", "m", (InstrumentTag("harp", 0.31, False, 0.5, curve),), curve)
    file = io.StringIO()
    write_table([quiet], file, WriteOptions())
    assert "nearest is harp at 0.31 of 0.50" in file.getvalue()


def test_a_table_of_nothing_names_a_likely_family():
    curve = np.zeros(3, np.float32)
    reeds = tuple(InstrumentTag(name, 0.3, False, 0.5, curve) for name in ("clarinet", "oboe"))
    file = io.StringIO()
    write_table([Tags("a.wav", 0.3, "instrunet", "m", reeds, curve)], file, WriteOptions())
    assert "0.30 of 0.50; perhaps woodwinds 0.51" in " ".join(file.getvalue().split())


def test_picture(tags, tmp_path):
    assert drawn(tags, tmp_path / "a.png").shape == (404, 1210, 3)


@pytest.mark.slow
def test_the_tallest_picture(tmp_path):
    assert drawn(crowd(), tmp_path / "a.png").shape[0] > 1_000


def drawn(tags: Tags, path: Path) -> np.ndarray:
    pytest.importorskip("matplotlib")
    from PIL import Image

    Delivery(FORMATS["png"], path).deliver([tags], WriteOptions(), io.StringIO())
    image = np.asarray(Image.open(path).convert("RGB"))
    assert len(np.unique(image.reshape(-1, 3), axis=0)) > 50
    return image


def crowd() -> Tags:
    """Every instrument, all detected: the tallest picture there is, of a file that is gone."""
    from instrunet.labels import INSTRUMENT_IDS

    curve = np.abs(np.sin(np.arange(5_000) / 300)).astype(np.float32)
    ranges = (Range(10, 400, 0.7),)
    instruments = tuple(InstrumentTag(name, 0.8, True, 0.5, curve, ranges) for name in INSTRUMENT_IDS)
    return Tags("gone.wav", 500.0, "instrunet", "m", instruments, curve)


def test_envelope_is_the_samples(tags, melody):
    low, high = envelope(tags, columns=50)
    expected = [float(part.max()) for part in np.array_split(melody, 50)]
    assert np.allclose(high, np.maximum(expected, 0), atol=0.02)
    assert low.min() == pytest.approx(float(melody.min()), abs=1e-3)


@pytest.mark.parametrize(
    ("format_name", "out", "n_files", "folder_run", "expected"),
    [
        (None, None, 1, False, ("table", None, False)),
        (None, None, 3, True, ("csv", "instrunet_multilabel_test_predictions.csv", False)),
        ("wide-csv", None, 3, True, ("wide-csv", None, False)),
        ("parquet", None, 3, True, ("parquet", "instrunet_tags.parquet", False)),
        ("audacity", None, 1, False, ("audacity", None, False)),
        ("png", None, 1, False, ("png", ".", True)),
        ("jams", None, 2, False, ("jams", ".", True)),
        (None, "a.jsonl", 2, False, ("jsonl", "a.jsonl", False)),
        (None, "a.png", 1, False, ("png", "a.png", False)),
        ("png", "pictures", 2, False, ("png", "pictures", True)),
    ],
)
def test_where_output_goes(format_name, out, n_files, folder_run, expected):
    plan = Delivery.plan(format_name, Path(out) if out else None, n_files=n_files, folder_run=folder_run)
    assert (plan.format.name, str(plan.place) if plan.place else None, plan.into_folder) == expected


def test_places_that_do_not_fit(tmp_path):
    (tmp_path / "a.png").write_text("")
    with pytest.raises(UsageError, match="must be a folder"):
        Delivery.plan("png", tmp_path / "a.png", n_files=2, folder_run=False)
    with pytest.raises(UsageError, match="does not say which format"):
        Delivery.plan(None, tmp_path / "a.doc", n_files=1, folder_run=False)
    with pytest.raises(UsageError, match="no format is called 'xml'"):
        Delivery.plan("xml", None, n_files=1, folder_run=False)
    assert Delivery.plan(None, tmp_path, n_files=2, folder_run=False).place.name.startswith("instrunet_multilabel")  # type: ignore[union-attr]


def test_files_of_one_name_do_not_overwrite_each_other(tags, tmp_path):
    from dataclasses import replace

    names = ["x/a.wav", "x/a.mp3", "x/a.mp3", "y/a.wav"]
    delivery = Delivery(FORMATS["audacity"], tmp_path / "out", into_folder=True)
    paths = delivery.deliver([replace(tags, path=name) for name in names], WriteOptions(), io.StringIO())
    assert len(set(paths)) == 4
    assert all(path.is_file() for path in paths)


def test_a_failure_half_way_leaves_nothing(tags, tmp_path):
    def some():
        yield tags
        raise InstrunetError("broken")

    with pytest.raises(InstrunetError, match="broken"):
        Delivery(FORMATS["csv"], tmp_path / "o" / "out.csv").deliver(some(), WriteOptions(), io.StringIO())
    assert list((tmp_path / "o").iterdir()) == []
    assert Delivery(FORMATS["csv"], tmp_path / "none.csv").deliver([], WriteOptions(), io.StringIO()) == []
    assert not (tmp_path / "none.csv").exists()
