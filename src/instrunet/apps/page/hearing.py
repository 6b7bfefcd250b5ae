"""Listening for the page: what a session keeps of each recording, so that sliders answer at once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from instrunet.apps.page.portrait import Portrait, PortraitPainter
from instrunet.apps.service.catalogue import in_words
from instrunet.apps.service.decoding import IsolatedDecoding
from instrunet.apps.service.listening import Patience, Progress, Recording, listen
from instrunet.apps.service.names import clean_name
from instrunet.tagging import Tagger, Tags
from instrunet.tagging.hearing import Heard

PATIENCE = Patience(longest_s=20 * 60.0, time_s=600.0)
PLAYABLE = {
    ".wav": "audio/wav",
    ".mp3": "audio/mpeg",
    ".flac": "audio/flac",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".m4a": "audio/mp4",
    ".webm": "audio/webm",
}
"""What browsers play, and how to announce it to them."""


@dataclass(frozen=True)
class Piece:
    """A recording that was heard by one model.

    Attributes:
        name: what its owner calls it.
        path: where it lies while the session lasts.
        heard: what the network said.
        portrait: its picture.
        audio: bytes that a browser plays.
        mime: how to announce them.
    """

    name: str
    path: Path
    heard: Heard
    portrait: Portrait
    audio: bytes
    mime: str


@dataclass(frozen=True)
class Choice:
    """In which words, and from which confidence on.

    Attributes:
        vocabulary: name of a vocabulary; the model's own if None.
        threshold: a number, or ``tuned``.
    """

    vocabulary: str | None = None
    threshold: float | str = "tuned"


def keep(data: bytes, name: str, folder: Path) -> Path:
    """Put an upload into a folder of the session, under its own name in a folder named by its content."""
    place = folder / hashlib.sha256(data).hexdigest()[:16]
    place.mkdir(parents=True, exist_ok=True)
    path = place / clean_name(name)
    if not path.exists():
        path.write_bytes(data)
    return path


def hear(
    tagger: Tagger, decoding: IsolatedDecoding, path: Path, progress: Progress, patience: Patience = PATIENCE
) -> Piece:
    """Listen to a file, and draw it.

    Raises:
        InstrunetError: it is not audio, too long, or takes too much time.
    """
    mime = PLAYABLE.get(path.suffix.lower())
    painter = PortraitPainter(tagger.sample_rate_hz, keep_samples=mime is None)
    heard = listen(tagger, decoding, Recording(path, path.name), patience, progress, painter.watch)
    audio = path.read_bytes() if mime else painter.wav()
    return Piece(path.name, path, heard, painter.portrait(), audio, mime or "audio/wav")


def hear_briefly(tagger: Tagger, decoding: IsolatedDecoding, path: Path, patience: Patience = PATIENCE) -> Heard:
    """Listen to a file without drawing it or keeping its sound.

    Raises:
        InstrunetError: it is not audio, too long, or takes too much time.
    """
    return listen(tagger, decoding, Recording(path, path.name), patience)


def tags_of(tagger: Tagger, piece: Piece, choice: Choice) -> Tags:
    """What was heard, in words; quick, because nobody listens again."""
    return in_choice(tagger, piece.heard, piece.path, choice)


def in_choice(tagger: Tagger, heard: Heard, path: Path, choice: Choice) -> Tags:
    """What was heard of a file, in words."""
    worded = in_words(tagger, vocabulary=choice.vocabulary, threshold=choice.threshold)
    return worded.tags(replace(heard, path=str(path)))
