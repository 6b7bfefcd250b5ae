"""From a recording to a score, where the packages for it are installed."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import zipfile
from functools import partial
from pathlib import Path

import streamlit as st

from instrunet.apps.page import studio, views
from instrunet.apps.page.scribe import DONE, EXCERPT, LONGEST_S, Commission, write_score

NEEDED = ("music21", "verovio", "cairosvg", "pypdf")
FILES = {
    "score.pdf": ("Score (PDF)", "application/pdf"),
    "score.musicxml": ("MusicXML", "application/xml"),
    "midi/all.mid": ("MIDI", "audio/midi"),
}
PAGE_HEIGHT = 900


def can_score() -> bool:
    """Whether the extra ``transcribe`` is there."""
    return all(importlib.util.find_spec(name) for name in NEEDED)


def score_tab(wanted: views.Wanted) -> None:
    """Separate, transcribe and engrave a recording; then the page that follows the playback, and everything to keep."""
    st.caption("Takes the recording apart, writes the notes down and sets them. A draft; best with few instruments.")
    file = st.file_uploader("Recording", key="score-file")
    left, right = st.columns(2, vertical_alignment="bottom")
    seconds = left.slider("Take the first … seconds", 5, LONGEST_S, 30, 5, key="score-seconds")
    players = right.text_input(
        "Who plays", key="score-players", placeholder="piano, violin", help="Leave it empty to let the model decide."
    )
    if file is None:
        return
    with views.sentences():
        path = studio.take(file.name, file.getvalue())
        key = hashlib.sha256(f"{wanted.model}|{seconds}|{players}".encode()).hexdigest()[:12]
        model = str(studio.models().bundle(wanted.model).path)
        commission = Commission(path, path.parent / f"score-{key}", model, seconds, players)
        if st.button("Write the score", key="score-write"):
            _write(commission)
        if (commission.folder / DONE).is_file():
            _show(commission.folder, path.stem)


def _write(commission: Commission) -> None:
    with st.status("Beginning …", expanded=False) as status:
        try:
            for doing in write_score(studio.decoding(), commission):
                status.update(label=f"{doing} …")
        except BaseException:
            status.update(label="No score was written", state="error")
            raise
        status.update(label="The score is written", state="complete")


def _show(folder: Path, name: str) -> None:
    columns = st.columns(len(FILES) + 1)
    columns[0].download_button(
        "Everything (ZIP)",
        partial(_everything, folder),
        f"{name}.zip",
        "application/zip",
        key="score-all",
        on_click="ignore",
        width="stretch",
    )
    for column, (file, (title, mime)) in zip(columns[1:], FILES.items(), strict=True):
        given = f"{name}{Path(file).suffix}"
        column.download_button(
            title, (folder / file).read_bytes, given, mime, key=f"score-{file}", on_click="ignore", width="stretch"
        )
    views.html_page((folder / DONE).read_text(encoding="utf-8"), PAGE_HEIGHT)


def _everything(folder: Path) -> bytes:
    """Stems, MIDI, MusicXML, pages and the page, in one archive."""
    with io.BytesIO() as buffer:
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(p for p in folder.rglob("*") if p.is_file() and ".stages" not in p.parts):
                if path.name != EXCERPT:
                    archive.write(path, path.relative_to(folder))
        return buffer.getvalue()
