"""The page as Streamlit runs it: an example in one click, the threshold, a file that is none."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("streamlit")
pytest.importorskip("onnx")

from streamlit.testing.v1 import AppTest

import instrunet.apps.web as page
from instrunet.apps.commands.app import page_arguments
from tests.tiny_tagger import save_tiny


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    """The page after a click on the example."""
    from instrunet.apps.page import studio

    patch = pytest.MonkeyPatch()
    patch.setenv(studio.MODEL_VARIABLE, str(save_tiny(tmp_path_factory.mktemp("app") / "tiny").path))
    patch.setattr("instrunet.apps.page.score_tab.can_score", lambda: False)
    found = AppTest.from_file(str(Path(page.__file__)), default_timeout=60).run()
    assert not found.exception
    next(b for b in found.button if "example" in b.label).click().run()
    yield found
    patch.undo()
    studio.decoding().close()


@pytest.mark.slow
def test_one_click_gives_an_answer(app):
    assert not app.exception
    assert not app.error
    assert app.metric[0].label == "Most likely"
    assert app.metric[0].value in ("flute", "violin", "drums")
    assert any("of these three" in m.value for m in app.markdown)


@pytest.mark.slow
def test_the_threshold_changes_what_is_listed(app):
    app.toggle[0].set_value(False).run()
    app.slider[0].set_value(0.01).run()
    assert not app.exception
    low = app.dataframe[0].value
    app.slider[0].set_value(0.99).run()
    assert any("reaches its threshold" in i.value for i in app.info) or len(app.dataframe[0].value) < len(low)


@pytest.mark.slow
def test_other_words(app):
    app.sidebar.selectbox[1].set_value("openmic").run()
    assert not app.exception
    assert any("20 words of openmic" in e.label for e in app.expander)


@pytest.mark.slow
def test_files_that_cannot_be_heard_are_sentences(app):
    app.file_uploader(key="listen-files").set_value([("poem.mp3", b"roses are red" * 99, "audio/mpeg")]).run()
    assert not app.exception
    assert any("poem.mp3" in e.value and "not audio" in e.value for e in app.error)


def test_the_page_is_served_to_this_machine_only_and_tells_nobody():
    arguments = page_arguments("127.0.0.1", 8501, 200, True)
    assert "--server.address=127.0.0.1" in arguments
    assert "--browser.gatherUsageStats=false" in arguments
    assert Path(arguments[0]).is_file()
