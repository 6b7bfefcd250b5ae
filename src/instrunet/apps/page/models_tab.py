"""The models, each with its card."""

from __future__ import annotations

import re

import streamlit as st

from instrunet.apps.page import studio
from instrunet.apps.page.tables import words


def models_tab(model: str) -> None:
    """What is known of the chosen model."""
    told = studio.models().describe(model)
    st.header(told["title"] or told["name"])
    st.markdown(
        f"Licence: {told['licence']}. It listens at {told['sample_rate_hz']} Hz in windows of {told['window_s']:g} s "
        f"and knows {len(told['labels'])} words of {told['vocabulary']}."
    )
    if told["card"]:
        st.markdown(_under_a_heading(told["card"]))
    else:
        st.info("This model came without a card.")
    rows = zip(told["labels"], told["thresholds"], strict=True)
    with st.expander("Words and tuned thresholds"):
        st.dataframe([{"instrument": words(label), "threshold": t} for label, t in rows], hide_index=True)


def _under_a_heading(card: str) -> str:
    """A card without its own title, which stands above it already; its other headings two steps smaller."""
    first, _, rest = card.strip().partition("\n")
    lines = rest if first.startswith("# ") else card
    return re.sub(r"^(#+) ", r"##\1 ", lines.strip(), flags=re.MULTILINE)
