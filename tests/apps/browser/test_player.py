"""The player: jump by clicking, keys, zoom, a cursor that moves; the threshold; the microphone."""

from __future__ import annotations

import json
import re

import pytest

from tests.apps.browser.conftest import answered, saved, settled, timeline, upload


@pytest.fixture
def page(visit, song):
    """The page with a song in it, ready to be played."""
    page = visit()
    upload(page, "two tones.wav", song())
    answered(page)
    timeline(page)
    page.wait_for_function(
        "() => document.querySelector('iframe').contentDocument.getElementById('sound').readyState > 0"
    )
    return page


def position(frame):
    return float(frame.locator("#plot").get_attribute("aria-valuenow"))


def told_from(page, threshold):
    """What the page says once it has taken up a threshold."""
    for _ in range(60):
        settled(page)
        (told,) = json.loads(saved(page, "JSON"))
        if {one["threshold"] for one in told["instruments"]} == {threshold}:
            return told
    raise AssertionError(f"the page does not take up {threshold}")


def test_a_click_jumps_keys_move_and_zoom(page):
    frame = timeline(page)
    plot = frame.locator("#plot")
    width = plot.bounding_box()["width"]
    plot.click(position={"x": width / 2, "y": 30})
    assert position(frame) == pytest.approx(2.0, abs=0.1)
    plot.click(position={"x": width / 4, "y": 220})  # in a lane
    assert position(frame) == pytest.approx(1.0, abs=0.1)
    assert "flute" in plot.get_attribute("aria-valuetext")
    plot.press("End")
    assert position(frame) == pytest.approx(4.0, abs=0.1)
    plot.press("ArrowLeft")
    assert position(frame) == pytest.approx(2.0, abs=0.1)
    plot.press("+")
    view = plot.evaluate("() => window.timeline.view")
    assert view["to"] - view["from"] == pytest.approx(2.0, abs=0.1)
    frame.get_by_role("button", name="Show all").click()
    view = plot.evaluate("() => window.timeline.view")
    assert view["to"] - view["from"] == pytest.approx(4.0, abs=0.1)


def test_the_cursor_moves_while_it_plays(page):
    frame = timeline(page)
    before = frame.locator("#cursor").evaluate("(cursor) => parseFloat(cursor.style.left)")
    frame.get_by_role("button", name="Play").click()
    page.wait_for_function(
        "(x) => parseFloat(document.querySelector('iframe').contentDocument.getElementById('cursor').style.left) > x",
        arg=before + 20,
    )
    frame.get_by_role("button", name="Pause").click()
    stays = position(frame)
    page.wait_for_timeout(300)
    assert position(frame) == stays


def test_the_threshold_changes_the_answer_and_nothing_is_heard_again(page):
    bar = page.get_by_test_id("stSidebar")
    bar.get_by_text("Tuned thresholds", exact=True).click()
    slider = bar.get_by_role("slider")
    slider.wait_for()
    settled(page)
    slider.press("End")
    strict = told_from(page, 0.99)
    slider.press("Home")
    lax = told_from(page, 0.01)
    for told, threshold in ((strict, 0.99), (lax, 0.01)):
        above = [one["label"] for one in told["instruments"] if one["confidence"] >= threshold]
        assert told["detected"] == above
    assert [one["confidence"] for one in strict["instruments"]] == [one["confidence"] for one in lax["instruments"]]


def test_other_words(page):
    page.get_by_test_id("stSidebar").get_by_role("combobox", name=re.compile("Words")).click()
    page.get_by_role("option", name="OpenMIC-2018").click()
    page.get_by_text("All 20 words of openmic").wait_for()


def test_why_is_a_picture_and_a_sentence(page, shot):
    page.get_by_role("button", name="Show why").click()
    page.get_by_text("rests most on").wait_for()
    page.locator("[data-testid=stImage] img, [data-testid=stImageContainer] img").first.wait_for()
    shot(page, "reason")


def test_the_microphone_is_recorded_and_heard(visit, shot):
    page = visit()
    page.context.grant_permissions(["microphone"])
    page.get_by_role("button", name="Record", exact=True).click()
    page.wait_for_timeout(3_000)
    page.get_by_role("button", name="Stop recording").click()
    answered(page)
    (told,) = json.loads(saved(page, "JSON"))
    assert told["path"] == "microphone.wav"
    assert 1.5 < told["duration_s"] < 30
    assert told["instruments"][0]["label"] == "flute"
    shot(page, "heard")
