"""The page as Streamlit runs it: an example in one click, the threshold, a file that is none."""

from __future__ import annotations

import gc
import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytest.importorskip("streamlit")
pytest.importorskip("onnx")

from streamlit.testing.v1 import AppTest

import instrunet.apps.web as page
from instrunet.apps.commands.app import page_arguments
from tests.synth import tone
from tests.tiny_tagger import TONES_HZ, save_tiny


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


@pytest.fixture(scope="module")
def song():
    file = io.BytesIO()
    soundfile.write(file, tone(TONES_HZ[0], 2.0, sample_rate_hz=8_000, level=0.3), 8_000, format="WAV")
    return file.getvalue()


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


@pytest.mark.slow
def test_a_batch_is_one_table_and_bad_files_are_sentences(app, song):
    files = [("good.wav", song, "audio/wav"), ("poem.mp3", b"roses are red" * 99, "audio/mpeg")]
    app.file_uploader(key="batch-files").set_value(files).run()
    assert not app.exception
    table = next(frame.value for frame in app.dataframe if "most likely" in frame.value)
    assert list(table["file"]) == ["good.wav", "poem.mp3"]
    assert table["most likely"][0] == "flute"
    assert "not audio" in table["remark"][1]
    assert any("poem.mp3" in e.value for e in app.error)
    app.file_uploader(key="batch-files").set_value([]).run()


@pytest.mark.slow
def test_two_models_are_compared(app, song):
    app.file_uploader(key="compare-file-1").set_value(("good.wav", song, "audio/wav")).run()
    names = app.selectbox(key="compare-model-2").options
    app.selectbox(key="compare-model-2").set_value(next(n for n in names if n == "default")).run()
    assert not app.exception
    table = next(frame.value for frame in app.dataframe if "difference" in frame.value)
    assert [name for name in table.columns if "default" in name]
    assert "flute" in set(table["instrument"])
    app.file_uploader(key="compare-file-1").set_value([]).run()


@pytest.mark.slow
def test_why_is_told_in_words(app, song):
    app.file_uploader(key="listen-files").set_value([("good.wav", song, "audio/wav")]).run()
    app.button(key="why-show").click().run()
    assert not app.exception
    assert any("rests most on" in m.value or "No single part" in m.value for m in app.markdown)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "seconds", "words"), [("silence.wav", 2, "is silent"), ("evening.wav", 1205, "longer than the 20 minutes")]
)
def test_silence_and_length(app, name, seconds, words):
    file = io.BytesIO()
    soundfile.write(file, np.zeros(seconds * 8_000, np.int16), 8_000, format="WAV")
    app.file_uploader(key="listen-files").set_value([(name, file.getvalue(), "audio/wav")]).run()
    assert not app.exception
    assert any(words in one.value for one in (*app.warning, *app.error))


def test_too_many_bytes_and_none_are_sentences(tmp_path, monkeypatch):
    from instrunet.apps.page import studio
    from instrunet.errors import InstrunetError

    monkeypatch.setattr(studio, "folder", lambda: tmp_path)
    monkeypatch.setattr(studio, "MOST_BYTES", 1 << 20)
    with pytest.raises(InstrunetError, match="larger than 1 MB"):
        studio.take("a.wav", bytes((1 << 20) + 1))
    with pytest.raises(InstrunetError, match="is empty"):
        studio.take("a.wav", b"")
    assert studio.take("../../a.wav", b"x").parent.parent == tmp_path


def test_the_folder_of_a_session_goes_with_it():
    from instrunet.apps.page.studio import _Folder

    folder = _Folder()
    path = folder.path
    (path / "a.wav").write_bytes(b"x")
    del folder
    gc.collect()
    assert not path.exists()
