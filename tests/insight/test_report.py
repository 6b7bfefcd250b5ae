from __future__ import annotations

import csv
import itertools
import json
import re
import struct
import xml.etree.ElementTree as ET
import zlib
from pathlib import Path

import numpy as np
import pytest

from instrunet.datasets import Clip, Header, Manifest
from instrunet.errors import UsageError
from instrunet.insight import explore, write_exploration
from instrunet.insight.association import Association
from instrunet.insight.colours import palette_png, place_of, scale_of
from instrunet.insight.heatmaps import to_svg, values_of

BANDS = {
    "Rock": ("male singer", "electric bass", "drum set", "distorted electric guitar"),
    "Classical": ("violin", "viola", "cello", "clarinet"),
    "Jazz": ("piano", "double bass", "drum set", "tenor saxophone"),
}


def songs(*, genres: bool = True) -> Manifest:
    clips = [
        Clip(
            f"{genre}{i}",
            f"{genre}{i}.wav",
            "medleydb",
            "mix",
            f"{genre}{i}",
            truth={},
            labels_original=words[: 2 + i % 3],
            genre=genre if genres else None,
            split=("train", "validation", "test")[i % 3],
        )
        for genre, words in BANDS.items()
        for i in range(6)
    ]
    return Manifest.from_clips(clips, Header("own", (), notes=("<made up>",)))


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_exploration(explore(songs()), tmp_path_factory.mktemp("report"))


def test_every_matrix_is_a_csv_with_its_names(report: Path) -> None:
    names = {p.stem for p in (report.parent / "csv").iterdir()}
    matrices = {f"{view}_instrument_{other}" for view in ("grouped", "original") for other in ("genre", "instrument")}
    assert {f"{m}_{measure}" for m in matrices for measure in ("counts", "shares", "lift", "pmi")} < names
    with (report.parent / "csv" / "original_instrument_instrument_counts.csv").open() as file:
        table = {row[""]: row for row in csv.DictReader(file)}
    assert table["violin"]["viola"] == "6"
    assert table["violin"]["drum set"] == "0"
    assert table["viola"]["cello"] == "4"
    with (report.parent / "csv" / "original_instrument_genre_shares.csv").open() as file:
        shares = {row[""]: row for row in csv.DictReader(file)}
    assert float(shares["drum set"]["Jazz"]) == 0.5
    assert {p.stem.rsplit("_", 1)[1] for p in (report.parent / "svg").iterdir()} == {"counts", "shares", "lift"}


def test_the_page_needs_nothing_from_outside(report: Path) -> None:
    page = report.read_text()
    assert not re.search(r"""(src|href)=["'](?!#|data:)""", page)
    assert "@import" not in page
    assert "url(" not in page
    assert "&lt;made up&gt;" in page
    assert page.count('class="heat') == 4
    data = [json.loads(text) for text in re.findall(r'<script type="application/json">(.*?)</script>', page)]
    assert [len(d["rows"]) for d in data] == [7, 7, 11, 11]
    assert len(page) < 400_000


def test_the_page_of_a_manifest_without_genres_says_so(tmp_path: Path) -> None:
    page = write_exploration(explore(songs(genres=False)), tmp_path).read_text()
    assert "names no genres" in page
    assert page.count('class="heat') == 2
    assert not list((tmp_path / "csv").glob("*genre*"))


def test_a_report_is_not_overwritten_unasked(report: Path) -> None:
    with pytest.raises(UsageError, match="--force"):
        write_exploration(explore(songs()), report.parent)
    write_exploration(explore(songs()), report.parent, force=True)


def test_the_page_is_the_same_twice(tmp_path: Path) -> None:
    first, second = (write_exploration(explore(songs()), tmp_path / name).read_text() for name in ("a", "b"))
    assert first == second


def large(n: int = 94) -> Association:
    rng = np.random.default_rng(0)
    y = rng.random((300, n)) < 0.1
    counts = (y.T.astype(int) @ y.astype(int)).astype(np.int64)
    sizes = counts.diagonal()
    names = tuple(f"instrument number {i}" for i in range(n))
    return Association(names, names, counts, sizes[:, None] * sizes / 300, np.repeat(sizes[:, None], n, 1))


def test_a_heat_map_of_94_names_every_row_and_column_legibly() -> None:
    svg = to_svg(large(), "lift")
    assert len(svg) < 60_000
    root = ET.fromstring(svg)
    texts = [e.text for e in root.iter() if e.text]
    assert texts.count("instrument number 93") == 2
    rows = [
        float(e.get("y", "0")) for e in root.iter() if e.tag.endswith("tspan") and (e.text or "").startswith("inst")
    ]
    assert min(b - a for a, b in itertools.pairwise(rows)) >= float(root.get("font-size", "0")) * 1.1
    assert float(root.get("font-size", "0")) >= 10


def test_nothing_is_compared_with_itself() -> None:
    assert np.isnan(values_of(large(8), "counts").diagonal()).all()


def test_scales_put_chance_in_the_middle_and_zero_at_the_paper() -> None:
    lift = scale_of("lift", 1.0)
    middle = lift.palette[31:33].mean(axis=0)
    assert np.abs(middle - scale_of("counts", 9).palette[0]).max() < 12
    assert place_of("shares", np.array([0.0, 0.25, 0.5]), 0.5).tolist() == [0.0, 0.5, 1.0]
    assert place_of("lift", np.array([0.0, 100.0]), 1).tolist() == [0.0, 1.0]


def test_the_png_holds_the_shades_that_were_given(rng: np.random.Generator) -> None:
    shades = rng.integers(0, 64, (5, 7)).astype(np.uint8)
    png = palette_png(shades, scale_of("counts", 3).palette, magnify=2)
    at = png.index(b"IDAT")
    (size,) = struct.unpack(">I", png[at - 4 : at])
    rows = np.frombuffer(zlib.decompress(png[at + 4 : at + 4 + size]), np.uint8).reshape(10, 15)
    assert not rows[:, 0].any()
    assert np.array_equal(rows[::2, 1::2], shades)
