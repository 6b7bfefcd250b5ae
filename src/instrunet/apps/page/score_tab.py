"""From a recording to a score, where the packages for it are installed."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.components import v1 as components

from instrunet.apps.page import studio, views

if TYPE_CHECKING:
    from instrunet.transcription.pipeline import ScoreRequest

NEEDED = ("music21", "verovio", "cairosvg", "pypdf")
PAGE_HEIGHT = 900
MIMES = {".pdf": "application/pdf", ".musicxml": "application/xml", ".mid": "audio/midi"}


def can_score() -> bool:
    """Whether the extra ``transcribe`` is there."""
    return all(importlib.util.find_spec(name) for name in NEEDED)


def score_tab(wanted: views.Wanted) -> None:
    """Separate, transcribe and engrave a recording; then the page that follows the playback, and everything to keep."""
    st.caption("Takes the recording apart, writes the notes down and sets them. Best with few instruments; a draft.")
    file = st.file_uploader("Recording", key="score-file")
    seconds = st.slider("Take the first … seconds", 5, 180, 30, key="score-seconds")
    players = st.text_input("Who plays (empty: the tagger decides)", key="score-players", placeholder="piano, violin")
    if file is None:
        return
    with views.sentences():
        path = studio.take(file.name, file.getvalue())
        out = path.parent / f"score-{seconds}-{hashlib.sha256(players.encode()).hexdigest()[:8]}"
        if st.button("Write the score", key="score-write"):
            with st.status("Listening …") as status:
                _write(path, out, _request(path, wanted.model, seconds, players), status)
        if (out / "index.html").is_file():
            _show(out, path.stem)


def _request(path: Path, model: str, seconds: int, players: str) -> ScoreRequest:
    from instrunet.transcription.pipeline import ScoreRequest, with_instruments

    request = ScoreRequest(model=str(studio.models().bundle(model).path), duration_s=float(seconds), title=path.stem)
    return with_instruments(request, players if players.strip() else None)


def _write(path: Path, out: Path, request: ScoreRequest, status: object) -> None:
    from instrunet.transcription.pipeline import ScoreMaker

    def notify(stage: str, state: str) -> None:
        status.update(label=f"{stage}: {state}")  # type: ignore[attr-defined]

    ScoreMaker(path, out, request, notify=notify).page()


def _show(out: Path, name: str) -> None:
    components.html((out / "index.html").read_text(encoding="utf-8"), height=PAGE_HEIGHT, scrolling=True)
    files = [p for p in sorted(out.rglob("*")) if p.suffix in MIMES and p.stem in ("score", "all")]
    columns = st.columns(len(files) + 1)
    columns[0].download_button(
        "everything.zip", _everything(out), f"{name}.zip", "application/zip", on_click="ignore", key="score-all"
    )
    for column, file in zip(columns[1:], files, strict=True):
        column.download_button(
            file.name, file.read_bytes(), f"{name}-{file.name}", MIMES[file.suffix], on_click="ignore"
        )


def _everything(out: Path) -> bytes:
    """Stems, MIDI, MusicXML, pages and the page, in one archive."""
    with io.BytesIO() as buffer:
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(p for p in out.rglob("*") if p.is_file() and ".stages" not in p.parts):
                archive.write(path, path.relative_to(out))
        return buffer.getvalue()
