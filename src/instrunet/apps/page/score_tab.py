"""From a recording to a score, where the packages for it are installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import streamlit as st

from instrunet.apps.page import studio, views

NEEDED = ("librosa", "music21", "verovio", "cairosvg")
MIMES = {".pdf": "application/pdf", ".musicxml": "application/xml", ".mid": "audio/midi"}


def can_score() -> bool:
    """Whether the extra ``transcribe`` is there."""
    return all(importlib.util.find_spec(name) for name in NEEDED)


def score_tab(wanted: views.Wanted) -> None:
    """Separate, transcribe and engrave a recording."""
    st.caption("Takes the recording apart, writes the notes down and sets them. Best with few instruments; a draft.")
    file = st.file_uploader("Recording", key="score-file")
    seconds = st.slider("Take the first … seconds", 5, 120, 30, key="score-seconds")
    if file is None:
        return
    with views.sentences():
        path = studio.take(file.name, file.getvalue())
        out = path.parent / f"score-{seconds}"
        if st.button("Write the score", key="score-write"):
            with st.status("Listening …") as status:
                _write(path, out, wanted.model, seconds, status)
        if (out / "score.pdf").is_file():
            _show(out, path.stem)


def _write(path: Path, out: Path, model: str, seconds: int, status: object) -> None:
    from instrunet.transcription.pipeline import ScoreMaker, ScoreRequest

    def notify(stage: str, state: str) -> None:
        status.update(label=f"{stage}: {state}")  # type: ignore[attr-defined]

    request = ScoreRequest(model=str(studio.models().bundle(model).path), duration_s=float(seconds), title=path.stem)
    ScoreMaker(path, out, request, notify=notify).engrave()


def _show(out: Path, name: str) -> None:
    pages = sorted(out.rglob("*.svg"))
    for page in pages:
        st.image(page.read_text(encoding="utf-8"), width="stretch")
    files = [p for p in sorted(out.rglob("*")) if p.suffix in MIMES][:6]
    for column, file in zip(st.columns(max(1, len(files))), files, strict=False):
        column.download_button(
            file.name, file.read_bytes(), f"{name}-{file.name}", MIMES[file.suffix], on_click="ignore"
        )
