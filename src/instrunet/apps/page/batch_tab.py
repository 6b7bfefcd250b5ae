"""Many recordings to one table."""

from __future__ import annotations

import streamlit as st

from instrunet.apps.page import studio, views
from instrunet.apps.page.downloads import batch_csv
from instrunet.apps.page.tables import batch_row
from instrunet.errors import InstrunetError
from instrunet.tagging import Tags


def batch_tab(wanted: views.Wanted) -> None:
    """Drop many recordings; a file that cannot be heard is one row that says why."""
    files = st.file_uploader("Drop many recordings here", accept_multiple_files=True, key="batch-files")
    if not files:
        return
    results: list[Tags] = []
    rows: list[dict[str, object]] = []
    for file in files:
        try:
            tags, _ = studio.told(studio.take(file.name, file.getvalue()), wanted.model, wanted.choice)
        except InstrunetError as error:
            rows.append({"file": file.name, "instruments": "", "remark": str(error)})
            continue
        results.append(tags)
        rows.append(batch_row(tags))
    st.dataframe(rows, hide_index=True)
    n_bad = len(files) - len(results)
    if n_bad:
        st.warning(f"{n_bad} of {len(files)} could not be heard; the table says why.")
    if results:
        table = batch_csv(results)
        st.download_button("Download the table (CSV)", table.content, table.name, table.mime, on_click="ignore")
