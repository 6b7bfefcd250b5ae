"""What the page keeps: models and decoders for everybody, recordings for each session."""

from __future__ import annotations

import os
import tempfile
import weakref
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import streamlit as st

from instrunet.apps.page.hearing import Choice, Piece, hear, hear_briefly, in_choice, keep, tags_of
from instrunet.apps.service.catalogue import Catalogue
from instrunet.apps.service.decoding import IsolatedDecoding
from instrunet.errors import InstrunetError
from instrunet.tagging import Tagger, Tags
from instrunet.tagging.hearing import Heard

MODEL_VARIABLE = "INSTRUNET_MODEL"
MOST_BYTES = int(os.environ.get("INSTRUNET_MAX_MB", "200")) * 1024**2
MOST_PIECES = 24
MOST_BRIEFLY = 1000


@st.cache_resource(show_spinner="Opening the model …")
def catalogue(model: str) -> Catalogue:
    """The models, opened once for all sessions."""
    return Catalogue(model, threads=os.cpu_count() or 1)


@st.cache_resource(show_spinner=False)
def decoding() -> IsolatedDecoding:
    """Where decoders come from."""
    found = IsolatedDecoding(n_ready=1)
    found.warm_up()
    return found


def models() -> Catalogue:
    """The catalogue that the operator chose."""
    return catalogue(os.environ.get(MODEL_VARIABLE, "default"))


def folder() -> Path:
    """The folder of this session; it goes when the session goes."""
    if "folder" not in st.session_state:
        st.session_state["folder"] = _Folder()
    found: Path = st.session_state["folder"].path
    return found


def take(name: str, data: bytes) -> Path:
    """Put an upload into the folder of the session.

    Raises:
        InstrunetError: it is empty or too big.
    """
    if not data:
        raise InstrunetError(f"{name}: the file is empty; choose another")
    if len(data) > MOST_BYTES:
        raise InstrunetError(f"{name}: is larger than {MOST_BYTES // 1024**2} MB; send a compressed or shorter file")
    return keep(data, name, folder())


def heard(path: Path, model: str) -> tuple[Tagger, Piece]:
    """Listen to a file, once a session and model.

    Raises:
        InstrunetError: it cannot be heard.
    """
    tagger = models().tagger(model)
    pieces: dict[tuple[str, str], Piece] = st.session_state.setdefault("pieces", {})
    key = (str(path), model)
    if key not in pieces:
        bar = st.progress(0.0, text=f"Listening to {plain(path.name)} …")
        try:
            pieces[key] = _heard_with(bar, tagger, path)
        finally:
            bar.empty()
        while len(pieces) > MOST_PIECES:
            del pieces[next(iter(pieces))]
    return tagger, pieces[key]


def _heard_with(bar: Any, tagger: Tagger, path: Path) -> Piece:
    """Listen in another thread; Streamlit's own may be the only one that draws."""
    shares = [0.0]
    decoder = decoding()
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(hear, tagger, decoder, path, shares.append)
        while not wait([future], timeout=0.1).done:
            bar.progress(shares[-1])
    return future.result()


def told(path: Path, model: str, choice: Choice) -> tuple[Tags, Piece]:
    """Listen, and say it in words."""
    tagger, piece = heard(path, model)
    return tags_of(tagger, piece, choice), piece


def told_briefly(path: Path, model: str, choice: Choice) -> Tags:
    """The same for one of many: without a picture and without its sound, so that hundreds fit into a session."""
    tagger = models().tagger(model)
    kept: dict[tuple[str, str], Heard] = st.session_state.setdefault("briefly", {})
    key = (str(path), model)
    if key not in kept:
        kept[key] = hear_briefly(tagger, decoding(), path)
        while len(kept) > MOST_BRIEFLY:
            del kept[next(iter(kept))]
    return in_choice(tagger, kept[key], path, choice)


def theme() -> str:
    """light, dark, or auto if this Streamlit does not tell."""
    try:
        return st.context.theme.type or "auto"
    except AttributeError:
        return "auto"


def audio_url(piece: Piece, place: str) -> str:
    """Where the browser finds the sound: beside the page, or within it if there is no server."""
    from instrunet.apps.page.timeline import data_url

    try:
        from streamlit.runtime import get_instance

        url: Any = get_instance().media_file_mgr.add(piece.audio, piece.mime, f"instrunet-{place}")
    except (ImportError, AttributeError, RuntimeError, TypeError):
        url = None
    return str(url) if url else data_url(piece.audio, piece.mime)


def plain(text: str) -> str:
    """A name without meaning for Markdown."""
    return "".join("\\" + c if c in "\\`*_{}[]()<>#+-!|$~:" else c for c in text)


class _Folder:
    """A folder that is deleted with the session that holds it."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="instrunet-page-")
        self.path = Path(self._folder.name)
        weakref.finalize(self, self._folder.cleanup)
