"""Two recordings, or two models, side by side."""

from __future__ import annotations

import streamlit as st

from instrunet.apps.page import studio, views
from instrunet.apps.page.tables import compared_rows
from instrunet.tagging.writers.table import clock


def compare_tab(wanted: views.Wanted) -> None:
    """Choose two recordings and two models."""
    st.caption("Two recordings heard by one model, or one recording heard by two.")
    names = studio.models().names
    sides = []
    for number, column in enumerate(st.columns(2), 1):
        with column:
            file = st.file_uploader(f"Recording {number}", key=f"compare-file-{number}")
            preset = names.index(wanted.model)
            model = st.selectbox(f"Model {number}", names, index=preset, key=f"compare-model-{number}")
            sides.append((file, model))
    (one, model_one), (other, model_other) = sides
    other = other or one
    one = one or other
    if one is None or other is None:
        st.info("Drop a recording on either side.")
        return
    with views.sentences():
        first, piece = studio.told(studio.take(one.name, one.getvalue()), model_one, wanted.choice)
        second, piece_two = studio.told(studio.take(other.name, other.getvalue()), model_other, wanted.choice)
        titles = (f"1: {one.name}, {model_one}", f"2: {other.name}, {model_other}")
        for column, tags, part, title in zip(st.columns(2), (first, second), (piece, piece_two), titles, strict=True):
            with column:
                st.markdown(f"**{studio.plain(title)}** ({clock(tags.duration_s)})")
                views.remarks(tags, part)
                views.player(tags, part, place=f"compare-{title[0]}")
        st.dataframe(compared_rows(first, second, titles), hide_index=True)
