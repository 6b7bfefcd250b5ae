"""Many recordings to one table."""

from __future__ import annotations

import streamlit as st

from instrunet.apps.page import studio, views
from instrunet.apps.page.downloads import batch_csv
from instrunet.apps.page.tables import batch_row, failed_row
from instrunet.errors import InstrunetError
from instrunet.tagging import Tags

CONFIDENCE = st.column_config.ProgressColumn("confidence", min_value=0.0, max_value=1.0, format="%.2f")
MOST_SENTENCES = 10


def batch_tab(wanted: views.Wanted) -> None:
    """Drop many recordings; a file that cannot be heard is one row that says why."""
    files = st.file_uploader("Drop many recordings here", accept_multiple_files=True, key="batch-files")
    if not files:
        st.caption("Each becomes a row of one table, to look at and to download.")
        return
    results: list[Tags] = []
    rows: list[dict[str, object]] = []
    sentences: list[str] = []
    bar = st.progress(0.0) if len(files) > 1 else None
    for number, file in enumerate(files):
        if bar is not None:
            bar.progress(number / len(files), text=f"{number} of {len(files)} heard")
        try:
            results.append(studio.told_briefly(studio.take(file.name, file.getvalue()), wanted.model, wanted.choice))
            rows.append(batch_row(results[-1]))
        except InstrunetError as error:
            rows.append(failed_row(file.name, str(error)))
            sentences.append(str(error))
    if bar is not None:
        bar.empty()
    _show(rows, sentences, results)


def _show(rows: list[dict[str, object]], sentences: list[str], results: list[Tags]) -> None:
    st.dataframe(rows, hide_index=True, column_config={"confidence": CONFIDENCE})
    for sentence in sentences[:MOST_SENTENCES]:
        st.error(studio.plain(sentence), icon=":material/error:")
    if len(sentences) > MOST_SENTENCES:
        st.error(f"{len(sentences) - MOST_SENTENCES} more could not be heard; the table says why.")
    if results:
        table = batch_csv(results)
        st.download_button("Download the table (CSV)", table.content, table.name, table.mime, on_click="ignore")
