"""What the page computes, without Streamlit: portrait, tables, downloads, timeline, reasons."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

pytest.importorskip("onnx")

from instrunet.apps.page import downloads, tables, timeline, why
from instrunet.apps.page.hearing import Choice, hear, hear_briefly, in_choice, keep, tags_of
from instrunet.apps.page.pictures import coloured, png, reason_picture
from instrunet.apps.page.portrait import MOST_COLUMNS, PortraitPainter
from instrunet.apps.page.reasons import band_edges_hz, in_words, reason_svg, strong_parts
from instrunet.apps.service.decoding import IsolatedDecoding
from instrunet.audio import AudioError, write
from instrunet.tagging import Tagger
from tests.synth import silence, tone
from tests.tiny_tagger import TONES_HZ, save_tiny

RATE_HZ = 8_000


@pytest.fixture(scope="module")
def tagger(tmp_path_factory):
    return Tagger(save_tiny(tmp_path_factory.mktemp("page") / "tiny").path, threads=1)


@pytest.fixture(scope="module")
def piece(tagger, tmp_path_factory):
    """Flute for two seconds, then violin for two."""
    folder = tmp_path_factory.mktemp("songs")
    song = np.concatenate([tone(hz, 2.0, sample_rate_hz=RATE_HZ, level=0.3) for hz in TONES_HZ[:2]])
    write(folder / "a song.aiff", song, RATE_HZ)
    path = keep((folder / "a song.aiff").read_bytes(), "../a song.aiff", folder)
    shares: list[float] = []
    found = hear(tagger, IsolatedDecoding(n_ready=0), path, shares.append)
    assert shares
    return found


@pytest.fixture(scope="module")
def tags(tagger, piece):
    return tags_of(tagger, piece, Choice())


def test_what_the_page_says_is_what_the_tagger_says(tagger, piece, tags):
    assert tags.to_dict() == tagger.tag_file(piece.path).to_dict()
    assert tags_of(tagger, piece, Choice("openmic", 0.01)).vocabulary == "openmic"
    assert len(tags_of(tagger, piece, Choice(None, 0.01)).detected) >= len(tags.detected)


def test_a_format_that_browsers_do_not_play_comes_as_wav(piece):
    assert piece.mime == "audio/wav"
    assert piece.audio[:4] == b"RIFF"


def test_a_portrait_has_the_shape_of_the_sound(piece):
    loud = piece.portrait.high.max()
    assert loud == pytest.approx(0.3, abs=0.02)
    n = piece.portrait.mel.shape[1]
    low, high = (
        piece.portrait.mel[:, part].argmax(axis=0).mean() for part in (slice(2, n // 2 - 2), slice(n // 2 + 2, n - 2))
    )
    assert low < high  # the second tone is the higher one
    assert not piece.portrait.silent


def test_a_portrait_of_blocks_is_that_of_the_whole_and_never_too_wide(rng):
    x = (0.1 * rng.standard_normal(RATE_HZ * 2)).astype(np.float32)
    whole, pieces = PortraitPainter(RATE_HZ), PortraitPainter(RATE_HZ)
    whole.add(x)
    list(pieces.watch(iter(np.array_split(x, 7))))
    assert np.array_equal(whole.portrait().high, pieces.portrait().high)
    long = PortraitPainter(RATE_HZ)
    long.add(silence(200.0, sample_rate_hz=RATE_HZ))
    assert long.portrait().mel.shape[1] <= MOST_COLUMNS
    assert long.portrait().silent


def test_the_best_three_are_normalised(tags):
    best = tables.rivals(tags)
    assert sum(r.share for r in best) == pytest.approx(1)
    assert best[0].label in ("flute", "violin")
    assert best[0].share >= best[-1].share
    assert len(tables.rivals(tags, 1)) == 1


def test_tables_name_what_is_known_and_what_is_not(tagger, piece):
    openmic = tags_of(tagger, piece, Choice("openmic", 0.01))
    rows = tables.all_rows(openmic)
    assert len(rows) == len(openmic.words)
    assert any(row["confidence"] is None for row in rows)
    assert {row["instrument"] for row in tables.detected_rows(openmic)} == {t.label for t in openmic.detected}
    assert tables.batch_row(openmic)["file"] == "a song.aiff"


def test_two_answers_are_compared_where_they_differ_most_first(tagger, piece, tags):
    other = tagger.tag_array(tone(TONES_HZ[2], 2.0, sample_rate_hz=RATE_HZ, level=0.3), sample_rate_hz=RATE_HZ)
    rows: list[dict[str, Any]] = tables.compared_rows(tags, other, ("one", "two"))
    assert abs(rows[0]["difference"]) >= abs(rows[-1]["difference"])
    assert rows[0]["two"] - rows[0]["one"] == pytest.approx(rows[0]["difference"], abs=2e-3)


@pytest.mark.parametrize("name", ["csv", "json", "jams", "audacity", "png"])
def test_every_download_can_be_read_back(tags, name):
    file = downloads.download(tags, name)
    assert file.name.startswith("a song.")
    text = file.content.decode() if name != "png" else ""
    if name == "csv":
        (row,) = csv.DictReader(io.StringIO(text))
        assert (row["file"], row["predicted"]) == ("a song.aiff", ";".join(t.label for t in tags.detected))
    elif name == "json":
        assert json.loads(text)[0]["detected"] == [t.label for t in tags.detected]
        assert json.loads(text)[0]["path"] == "a song.aiff"
    elif name == "jams":
        assert json.loads(text)["annotations"]
    elif name == "audacity":
        assert all(float(line.split("\t")[0]) <= float(line.split("\t")[1]) for line in text.splitlines())
    else:
        assert file.content[:8] == b"\x89PNG\r\n\x1a\n"


def test_a_batch_is_one_table(tags):
    rows = list(csv.DictReader(io.StringIO(downloads.batch_csv([tags, tags]).content.decode())))
    assert [row["file"] for row in rows] == ["a song.aiff"] * 2


def test_the_timeline_holds_everything_and_no_foreign_code(tags, piece):
    page = timeline.timeline_html(tags, piece.portrait, "data:audio/wav;base64,", title="</script><b>x")
    assert "</script><b>" not in page
    assert "http" not in page.replace("http-equiv", "")
    data = timeline.timeline_data(tags, piece.portrait, "", theme="dark", title="x")
    assert [lane["name"] for lane in data["lanes"] if lane["detected"]] == [t.label for t in tags.detected]
    assert timeline.timeline_height(tags) > timeline.HEAD_PX


def test_covering_the_band_that_matters_moves_the_label_most(tagger, tags):
    reason = why.explain(tagger, IsolatedDecoding(n_ready=0), tags, "violin")
    assert reason.weight.shape == (why.BANDS, why.TIMES)
    assert reason.weight.sum(axis=1).argmax() == 6 * why.BANDS // 16  # the tiny network looks at band 6 of 16
    assert reason.start_s >= 1.0
    assert reason_picture(reason)[:4] == b"\x89PNG"
    best = strong_parts(reason)[0]
    assert best.band == 6 * why.BANDS // 16
    edges = band_edges_hz(reason.front_end)
    assert edges[best.band] <= TONES_HZ[1] <= edges[best.band + 1]
    assert (edges[0], edges[-1]) == pytest.approx((30.0, 4_000.0))
    assert "Violin rests most on" in in_words(reason)
    svg = ElementTree.fromstring(reason_svg(reason, dark=True))
    assert len([one for one in svg if one.tag.endswith("rect")]) == len(strong_parts(reason))
    assert "1 kHz" in [one.text for one in svg if one.tag.endswith("text")]


def test_a_label_that_no_part_moves_says_so(tagger, tags):
    reason = replace(
        why.explain(tagger, IsolatedDecoding(n_ready=0), tags, "drums"), weight=np.zeros((8, 10), np.float32)
    )
    assert strong_parts(reason) == []
    assert "No single part" in in_words(reason)
    assert "<rect" not in reason_svg(reason, dark=False)


def test_a_batch_remembers_words_only(tagger, piece, tags):
    heard = hear_briefly(tagger, IsolatedDecoding(n_ready=0), piece.path)
    assert in_choice(tagger, heard, piece.path, Choice()).to_dict() == tags.to_dict()
    assert tables.failed_row("poem.mp3", "not audio").keys() == tables.batch_row(tags).keys()


def test_a_label_in_other_words_has_its_classes(tagger):
    assert why.classes_behind(tagger, "irmas", "vio") == [1]


def test_pictures_are_png_of_even_lightness():
    colours = coloured(np.linspace(0, 1, 32)) @ np.array([0.2126, 0.7152, 0.0722])
    assert (np.diff(colours) > 0).all()
    assert png(np.zeros((3, 5, 3), np.uint8)).endswith(b"IEND\xaeB`\x82")


def test_what_is_not_audio_is_a_sentence_with_its_name(tagger, tmp_path: Path):
    path = keep(b"roses are red" * 20, "poem.mp3", tmp_path)
    with pytest.raises(AudioError, match=r"poem\.mp3"):
        hear(tagger, IsolatedDecoding(n_ready=0), path, lambda share: None)
