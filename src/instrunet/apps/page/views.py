"""Pieces of the page that several tabs show."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import streamlit as st

from instrunet.apps.page import studio
from instrunet.apps.page.downloads import MIMES, content, download_name
from instrunet.apps.page.hearing import Choice, Piece
from instrunet.apps.page.studio import plain
from instrunet.apps.page.tables import all_rows, detected_rows, rivals, words
from instrunet.apps.page.timeline import timeline_height, timeline_html
from instrunet.apps.service.catalogue import vocabularies
from instrunet.errors import InstrunetError
from instrunet.tagging import Tags

FORMATS = {"CSV": "csv", "JSON": "json", "JAMS": "jams", "Audacity labels": "audacity", "PNG picture": "png"}


@dataclass(frozen=True)
class Wanted:
    """What the side bar says.

    Attributes:
        model: who listens.
        choice: in which words, from which confidence on.
    """

    model: str
    choice: Choice


def side_bar() -> Wanted:
    """Model, words and threshold."""
    with st.sidebar:
        st.header("Settings")
        names = studio.models().names
        model = st.selectbox("Model", names, help="The Models tab shows the card of each.")
        found = {v["name"]: v["title"] for v in vocabularies()}
        own = studio.models().tagger(model).spec.vocabulary
        order = [own, *(name for name in found if name != own)]
        vocabulary = st.selectbox("Words of the answer", order, format_func=lambda name: short_title(found[name]))
        st.caption(found[vocabulary])
        tuned = st.toggle("Tuned thresholds", value=True, help="One for each instrument, chosen on validation data.")
        number = "tuned" if tuned else st.slider("Threshold", 0.01, 0.99, 0.5, 0.01, help="One for all instruments.")
        st.caption("Recordings stay in the memory of this session and are deleted with it.")
    return Wanted(model, Choice(vocabulary, number))


def short_title(title: str) -> str:
    """The beginning of a vocabulary's title, which fits into the side bar.

    >>> short_title("OpenMIC-2018: 20 instruments")
    'OpenMIC-2018'
    """
    return title.partition(":")[0].partition(",")[0]


@contextmanager
def sentences() -> Iterator[None]:
    """Whatever goes wrong inside is a sentence on the page."""
    try:
        yield
    except InstrunetError as error:
        st.error(plain(str(error)), icon=":material/error:")


def remarks(tags: Tags, piece: Piece) -> None:
    """What the listener should know of the recording."""
    if piece.portrait.silent:
        st.warning(f"{plain(piece.name)} is silent: there is nothing to hear in it.", icon=":material/volume_off:")
    for remark in tags.remarks:
        st.info(f"{plain(piece.name)}: {plain(remark)}", icon=":material/info:")


def best_three(tags: Tags) -> None:
    """The single-instrument view: the best of all, and the best three against each other."""
    best = rivals(tags)
    top, rest = st.columns([1, 2], vertical_alignment="top")
    with top:
        st.metric("Most likely", best[0].label)
        st.caption(f"confidence {best[0].confidence:.2f}")
    with rest:
        lines = ["| place | instrument | confidence | of these three |", "|---|---|---:|---:|"]
        lines += [f"| {i} | {r.label} | {r.confidence:.3f} | {100 * r.share:.0f} % |" for i, r in enumerate(best, 1)]
        st.markdown("\n".join(lines))


def everything(tags: Tags) -> None:
    """The multi-label view."""
    rows = detected_rows(tags)
    if not rows:
        near = ", ".join(r.label for r in rivals(tags))
        st.info(f"No instrument reaches its threshold; the nearest are {near}. A lower threshold shows them.")
        return
    bar = st.column_config.ProgressColumn("confidence", min_value=0.0, max_value=1.0, format="%.2f")
    st.dataframe(rows, hide_index=True, column_config={"confidence": bar})


def all_labels(tags: Tags) -> None:
    """Every word of the vocabulary."""
    with st.expander(f"All {len(tags.words)} words of {tags.vocabulary}"):
        st.dataframe(all_rows(tags), hide_index=True)
        if tags.unknown:
            names = ", ".join(words(label) for label in tags.unknown)
            st.caption(f"Unknown to this model, which is not the same as absent: {names}.")


def player(tags: Tags, piece: Piece, *, place: str) -> None:
    """The picture that plays."""
    url = studio.audio_url(piece, place)
    page = timeline_html(tags, piece.portrait, url, theme=studio.theme(), title=piece.name)
    html_page(page, timeline_height(tags))


def html_page(page: str, height: int) -> None:
    """A whole page of HTML inside this one, in a frame of its own."""
    if hasattr(st, "iframe"):
        st.iframe(page, height=height)
    else:
        import streamlit.components.v1 as components

        components.html(page, height=height)


def downloads(tags: Tags, *, place: str) -> None:
    """A button for each format; the file is made when somebody asks for it."""
    columns = st.columns(len(FORMATS))
    for column, (title, name) in zip(columns, FORMATS.items(), strict=True):
        column.download_button(
            title,
            partial(content, tags, name),
            download_name(tags, name),
            MIMES[name],
            key=f"{place}-{name}",
            on_click="ignore",
            width="stretch",
        )
