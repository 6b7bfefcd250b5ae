"""The first tab: one recording, what plays in it, when and why."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from instrunet.apps.page import studio, views
from instrunet.apps.page.hearing import Piece
from instrunet.apps.page.reasons import in_words, reason_svg
from instrunet.apps.page.tables import words
from instrunet.apps.page.why import explain
from instrunet.tagging import Tags

EXAMPLES = Path(__file__).parent / "examples"


def listen_tab(wanted: views.Wanted) -> None:
    """Choose a recording, see and hear who plays."""
    paths = _chosen()
    if not paths:
        return
    path = paths[0]
    if len(paths) > 1:
        path = st.selectbox("Recording", paths, format_func=lambda p: p.name, key="listen-which")
    with views.sentences():
        tags, piece = studio.told(path, wanted.model, wanted.choice)
        _show(tags, piece, wanted)


def _show(tags: Tags, piece: Piece, wanted: views.Wanted) -> None:
    views.remarks(tags, piece)
    views.best_three(tags)
    st.header("Who plays when")
    views.player(tags, piece, place="listen")
    st.header("All instruments above the threshold")
    views.everything(tags)
    views.all_labels(tags)
    st.header("Download")
    views.downloads(tags, place="listen")
    st.header("Why?")
    _why(tags, wanted)


def _chosen() -> list[Path]:
    """Uploads, or a recording from the microphone, or an example: whatever came last."""
    files = st.file_uploader(
        "Drop recordings here (wav, mp3, flac, ogg, m4a, webm …)", accept_multiple_files=True, key="listen-files"
    )
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        said = st.audio_input("or record with the microphone", key="listen-microphone")
    with right:
        for example in sorted(EXAMPLES.glob("*.ogg")):
            if st.button(f"Try the example: {words(example.stem)}", key=f"example-{example.stem}", width="stretch"):
                st.session_state["example"] = str(example)
    uploads = [(file.name, file.getvalue()) for file in files or ()]
    if not uploads and said is not None:
        uploads = [("microphone.wav", said.getvalue())]
    if not uploads:
        example = st.session_state.get("example")
        uploads = [(Path(example).name, Path(example).read_bytes())] if example else []
    paths = []
    for name, data in uploads:
        with views.sentences():
            paths.append(studio.take(name, data))
    return paths


def _why(tags: Tags, wanted: views.Wanted) -> None:
    st.caption(
        "Parts of the spectrogram are covered one after another, where the instrument is most active. "
        "Bright and framed is what the model needs to say its name."
    )
    ranked = [tag.label for tag in tags.ranked]
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    label = left.selectbox("Instrument", ranked, format_func=words, key="why-label")
    key = (tags.path, wanted.model, tags.vocabulary, label)
    if right.button("Show why", key="why-show", width="stretch"):
        with views.sentences(), st.spinner("Covering parts of the spectrogram …"):
            reason = explain(studio.models().tagger(wanted.model), studio.decoding(), tags, label)
            st.session_state["why"] = (key, reason)
    kept = st.session_state.get("why")
    if kept and kept[0] == key:
        st.image(reason_svg(kept[1], dark=studio.theme() == "dark"), width="stretch")
        st.markdown(in_words(kept[1]))
