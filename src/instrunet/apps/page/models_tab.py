"""The models, each with its card."""

from __future__ import annotations

import streamlit as st

from instrunet.apps.page import studio
from instrunet.apps.page.tables import words


def models_tab(model: str) -> None:
    """What is known of the chosen model."""
    told = studio.models().describe(model)
    st.subheader(told["title"] or told["name"])
    st.markdown(
        f"Licence: {told['licence']}. It listens at {told['sample_rate_hz']} Hz in windows of {told['window_s']:g} s "
        f"and knows {len(told['labels'])} words of {told['vocabulary']}."
    )
    if told["card"]:
        st.markdown(told["card"])
    else:
        st.info("This model came without a card.")
    rows = zip(told["labels"], told["thresholds"], strict=True)
    with st.expander("Words and tuned thresholds"):
        st.dataframe([{"instrument": words(label), "threshold": t} for label, t in rows], hide_index=True)
