"""The page that ``instrunet app`` opens: drop a song, see and hear who plays."""

from __future__ import annotations

import logging

import numpy as np
import streamlit as st

from instrunet.apps.page import studio, views
from instrunet.apps.page.batch_tab import batch_tab
from instrunet.apps.page.compare_tab import compare_tab
from instrunet.apps.page.listen_tab import listen_tab
from instrunet.apps.page.models_tab import models_tab
from instrunet.apps.page.pictures import coloured, png
from instrunet.apps.page.score_tab import can_score, score_tab
from instrunet.errors import InstrunetError

STYLE = """
<style>
.block-container { max-width: 1180px; padding-top: 2.6rem; padding-bottom: 4rem; }
h2 { font-size: 1.7rem !important; }
[data-testid="stCaptionContainer"], [data-testid="stCaptionContainer"] p { color: inherit; opacity: 0.93; }
.stFileChip > [role="alert"] {  /* why a file was refused: told to screen readers alone otherwise */
  position: static !important; width: auto !important; height: auto !important; margin: 0 0.6rem !important;
  overflow: visible !important; clip: auto !important; clip-path: none !important; white-space: normal !important;
}
@media (max-width: 640px) {
  .block-container { padding-left: 1rem; padding-right: 1rem; }
  h1 { font-size: 2.1rem !important; }
}
</style>
"""


def main() -> None:
    """Draw the page."""
    st.set_page_config(page_title="instrunet", page_icon=_icon(), layout="wide")
    st.html(STYLE)
    st.title("Which instruments play?", anchor=False)
    st.markdown("Drop a recording: see and hear who plays, and when.")
    try:
        _tabs()
    except InstrunetError as error:
        st.error(str(error))
    except Exception as error:
        if type(error).__module__.startswith("streamlit."):
            raise
        logging.getLogger("instrunet.page").exception("the page failed")
        st.error(f"Something failed unexpectedly ({type(error).__name__}). Please report what you did.")


def _icon() -> bytes:
    """A picture of our own: an icon by name would be fetched from elsewhere."""
    lanes = np.kron(np.array([[0.9, 0.9, 0.1, 0.1], [0.1, 0.6, 0.6, 0.1], [0.1, 0.1, 1.0, 1.0]]), np.ones((11, 8)))
    return png(coloured(lanes[:32]))


def _tabs() -> None:
    wanted = views.side_bar()
    studio.decoding()  # a decoder waits before the first file comes
    names = ["Listen", "Compare", "Batch", "Models", *(["Score"] if can_score() else [])]
    tabs = dict(zip(names, st.tabs(names), strict=True))
    with tabs["Listen"]:
        listen_tab(wanted)
    with tabs["Compare"]:
        compare_tab(wanted)
    with tabs["Batch"]:
        batch_tab(wanted)
    with tabs["Models"]:
        models_tab(wanted.model)
    if "Score" in tabs:
        with tabs["Score"]:
            score_tab(wanted)


if __name__ == "__main__":
    main()
