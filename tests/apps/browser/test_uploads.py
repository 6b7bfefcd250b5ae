"""Every format goes in, every download comes out, and what cannot be heard is a sentence."""

from __future__ import annotations

import csv
import io
import json
import struct

import numpy as np
import pytest
import soundfile

from tests.apps.browser.conftest import MOST_MB, answered, saved, timeline, upload
from tests.poison import container_bytes

SOUND = {
    "a.wav": ("WAV", None),
    "a.aiff": ("AIFF", None),
    "a.flac": ("FLAC", None),
    "a.mp3": ("MP3", None),
    "a.ogg": ("OGG", "VORBIS"),
    "a.opus": ("OGG", "OPUS"),
}


def detected(page):
    names = timeline(page).locator("#names div:not(.off)").evaluate_all("(rows) => rows.map((row) => row.title)")
    return set(names)


@pytest.mark.parametrize("name", SOUND)
def test_each_format_is_heard_and_played(visit, song, name):
    page = visit()
    upload(page, name, song(*SOUND[name]))
    answered(page)
    assert {"flute", "violin"} <= detected(page)
    page.wait_for_function(
        "() => document.querySelector('iframe').contentDocument.getElementById('sound').readyState > 0"
    )
    length_s = timeline(page).locator("#sound").evaluate("(sound) => sound.duration")
    assert length_s == pytest.approx(4.0, abs=0.15)
    assert "Traceback" not in page.inner_text("body")


@pytest.mark.parametrize("kind", ["m4a", "mka", "webm"])
def test_each_container_is_heard(visit, kind):
    bodies = container_bytes()
    if not bodies:
        pytest.skip("PyAV is not installed")
    page = visit()
    upload(page, f"a.{kind}", bodies[kind])
    answered(page)
    assert "flute" in detected(page)


def test_several_at_once(visit, song):
    page = visit()
    files = [{"name": f"{n}.wav", "mimeType": "audio/wav", "buffer": song(seconds=1 + n / 2)} for n in range(2)]
    page.locator("[role=tabpanel]:visible input[type=file]").first.set_input_files(files)
    answered(page)
    assert page.get_by_label("Recording", exact=True).first.is_visible()


def test_each_download_can_be_read(visit, song, shot):
    page = visit()
    upload(page, "two tones.wav", song())
    answered(page)
    (row,) = csv.DictReader(io.StringIO(saved(page, "CSV").decode()))
    assert row["file"] == "two tones.wav"
    assert {"flute", "violin"} <= set(row["predicted"].split(";"))
    (told,) = json.loads(saved(page, "JSON"))
    assert (told["path"], told["duration_s"]) == ("two tones.wav", 4.0)
    assert len(told["times_s"]) == len(told["instruments"][0]["activity"])
    jams = json.loads(saved(page, "JAMS"))
    assert {one["value"] for one in jams["annotations"][1]["data"]} >= {"flute", "violin"}
    labels = [line.split("\t") for line in saved(page, "Audacity labels").decode().splitlines()]
    assert all(0 <= float(a) < float(b) <= 4.01 for a, b, _ in labels)
    assert {name.split()[0] for *_, name in labels} >= {"flute", "violin"}
    picture = saved(page, "PNG picture")
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert min(struct.unpack(">II", picture[16:24])) > 100
    shot(page, "answer")


def flac(samples, rate_hz=8_000):
    file = io.BytesIO()
    soundfile.write(file, samples, rate_hz, format="FLAC")
    return file.getvalue()


@pytest.mark.parametrize(
    ("what", "name", "words"),
    [
        ("wrong format", "poem.mp3", "not audio"),
        ("corrupt", "cut.flac", "cut.flac"),
        ("empty", "empty.wav", "is empty"),
        ("too long", "evening.flac", "longer than the 20 minutes"),
        ("silent", "silence.wav", "is silent"),
        ("too big", "big.wav", "or smaller"),
    ],
)
def test_what_is_wrong_is_a_sentence(visit, song, shot, what, name, words):
    body = {
        "wrong format": b"roses are red, violets are blue " * 99,
        "corrupt": song("FLAC")[:200],
        "empty": b"",
        "too long": flac(np.zeros(21 * 60 * 8_000, np.int16)),
        "silent": song("WAV")[:44] + bytes(100_000),
        "too big": bytes((MOST_MB << 20) + 50_000),
    }[what]
    page = visit()
    upload(page, name, body)
    told = page.get_by_text(words) if what == "too big" else page.get_by_role("alert").filter(has_text=words)
    told.first.wait_for()
    assert told.first.bounding_box()["width"] > 100  # for eyes too
    assert "Traceback" not in page.inner_text("body")
    shot(page, what.replace(" ", "-"))
