"""The whole page: without a mouse, on a phone, for assistive technology, in light and dark; pictures of it are kept."""

from __future__ import annotations

import json

import pytest

from tests.apps.browser.conftest import PHONE, answered, settled, timeline, upload

SERIOUS = ("serious", "critical")
FOCUSED = """() => {
  let at = document.activeElement;
  if (at.tagName === 'IFRAME') at = at.contentDocument.activeElement;
  const text = (at.innerText || '').slice(0, 60);
  return [at.tagName, at.getAttribute('role'), at.getAttribute('aria-label'), text, at.id].join(' | ');
}"""


def walk(page, wanted, most=80):
    """Press Tab until something is focused whose description holds the words."""
    seen = []
    for _ in range(most):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(FOCUSED))
        if wanted in seen[-1]:
            return seen
    raise AssertionError(f"{wanted!r} cannot be reached with Tab: {seen}")


def test_everything_can_be_done_with_the_keyboard_alone(visit):
    page = visit()
    seen = " ".join(walk(page, "Try the example"))
    assert "Upload" in seen
    assert "| tab |" in seen, seen
    page.keyboard.press("Enter")
    answered(page)
    frame = timeline(page)
    walk(page, "| plot")
    page.keyboard.press("ArrowRight")
    assert float(frame.locator("#plot").get_attribute("aria-valuenow")) == pytest.approx(2.0, abs=0.1)
    walk(page, "JSON")
    with page.expect_download() as coming:
        page.keyboard.press("Enter")
    assert coming.value.suggested_filename.endswith(".json")
    walk(page, "Show why")
    page.keyboard.press("Enter")
    page.get_by_text("rests most on").wait_for()


def filled(page, song):
    """Visit every tab, put something in, and say when it is there."""
    upload(page, "two tones.wav", song())
    answered(page)
    yield "Listen"
    page.get_by_role("tab", name="Compare").click()
    upload(page, "one.wav", song())
    page.get_by_text("1: one.wav", exact=False).first.wait_for()
    settled(page)
    yield "Compare"
    page.get_by_role("tab", name="Batch").click()
    bodies = {"good.wav": song(), "poem.mp3": b"roses are red " * 99}
    files = [{"name": name, "mimeType": "audio/wav", "buffer": body} for name, body in bodies.items()]
    page.locator("[role=tabpanel]:visible input[type=file]").first.set_input_files(files)
    page.get_by_role("button", name="Download the table").wait_for()
    settled(page)
    yield "Batch"
    page.get_by_role("tab", name="Models").click()
    page.get_by_text("Words and tuned thresholds").wait_for()
    yield "Models"
    if page.get_by_role("tab", name="Score").count():
        page.get_by_role("tab", name="Score").click()
        upload(page, "two tones.wav", song())
        page.get_by_role("button", name="Write the score").wait_for()
        settled(page)
        yield "Score"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_any_tab(visit, song, shot, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = visit(color_scheme=scheme)
    found = {}
    for name in filled(page, song):
        shot(page, f"{scheme}-{name.lower()}")
        answer = axe.Axe().run(page, options={"iframes": True}).response
        found[name] = [v for v in answer["violations"] if v["impact"] in SERIOUS]
    assert not any(found.values()), json.dumps(found, indent=1)[:4000]
    assert len(found) >= 4


def test_a_phone_shows_every_tab_without_scrolling_sideways(visit, song, shot):
    page = visit(PHONE, has_touch=True, is_mobile=True)
    for name in filled(page, song):
        wide = page.evaluate("() => Math.max(document.documentElement.scrollWidth, "
                             "document.querySelector('[data-testid=stMain]').scrollWidth)")  # fmt: skip
        assert wide <= PHONE["width"], name
        for frame in page.frames[1:]:
            assert frame.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth"), name
        shot(page, name.lower())
    page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_test_id("stSidebar").get_by_text("Tuned thresholds", exact=True).wait_for()
