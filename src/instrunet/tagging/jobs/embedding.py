"""What was heard, written into the audio files themselves: an ``INSTRUMENTS`` tag, undone by a journal."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from instrunet.errors import InstrunetError, MissingExtraError
from instrunet.tagging.tags import Tags

FIELD = "INSTRUMENTS"
SEPARATOR = "; "
MP4_KEY = f"----:com.apple.iTunes:{FIELD}"


@dataclass(frozen=True)
class Change:
    """One file's tag before and after; ``None`` is no tag. ``error`` says why a file was left alone."""

    path: str
    before: str | None
    after: str | None
    error: str | None = None

    @property
    def is_change(self) -> bool:
        """Whether there is anything to write."""
        return self.error is None and self.before != self.after


def plan(results: Iterable[Tags]) -> Iterator[Change]:
    """Say what would be written into each file; nothing is touched."""
    for tags in results:
        after = SEPARATOR.join(tag.label for tag in tags.detected) or None
        try:
            yield Change(tags.path, read(Path(tags.path)), after)
        except InstrunetError as error:
            yield Change(tags.path, None, after, str(error))


def apply(changes: Iterable[Change], journal: Path) -> Iterator[Change]:
    """Write the changes; each is noted in the journal before its file is touched, so that it can be undone."""
    with journal.open("a", encoding="utf-8", errors="surrogateescape") as notes:
        for change in changes:
            if not change.is_change:
                yield change
                continue
            notes.write(json.dumps(asdict(change)) + "\n")
            notes.flush()
            yield _written(change.path, change)


def undo(journal: Path) -> Iterator[Change]:
    """Put back what the journal says was there before, the latest change first."""
    try:
        lines = journal.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError as error:
        raise InstrunetError(f"{journal}: cannot be read: {error.strerror or error}") from error
    for line in reversed(lines):
        noted = Change(**json.loads(line))
        yield _written(noted.path, Change(noted.path, noted.after, noted.before))


def read(path: Path) -> str | None:
    """Give the file's ``INSTRUMENTS`` tag, ``None`` if it has none."""
    audio = _opened(path)
    if audio.tags is None:
        return None
    kind = type(audio).__name__
    if kind in ("MP3", "WAVE", "AIFF"):
        frames = audio.tags.getall(f"TXXX:{FIELD}")
        return str(frames[0].text[0]) if frames else None
    if kind == "MP4":
        values = audio.tags.get(MP4_KEY)
        return bytes(values[0]).decode("utf-8") if values else None
    values = audio.tags.get(FIELD)
    return str(values[0]) if values else None


def write(path: Path, words: str | None) -> None:
    """Set the tag, or take it away with ``None``; every other tag stays as it is."""
    audio = _opened(path)
    if audio.tags is None:
        if words is None:
            return
        audio.add_tags()
    kind = type(audio).__name__
    if kind in ("MP3", "WAVE", "AIFF"):
        _set_id3(audio, words)
    elif kind == "MP4":
        _set(audio, MP4_KEY, None if words is None else [_freeform(words)])
    else:
        _set(audio, FIELD, None if words is None else [words])
    try:
        audio.save()
    except Exception as error:
        raise InstrunetError(f"{path}: its tags cannot be written: {error}") from error


def _written(path: str, change: Change) -> Change:
    try:
        write(Path(path), change.after)
    except InstrunetError as error:
        return Change(change.path, change.before, change.after, str(error))
    return change


def _opened(path: Path) -> Any:
    try:
        import mutagen
    except ImportError as error:
        raise MissingExtraError("tags", "writing tags into audio files") from error
    try:
        audio = mutagen.File(path)
    except Exception as error:
        raise InstrunetError(f"{path}: its tags cannot be read: {error}") from error
    if audio is None:
        raise InstrunetError(f"{path}: holds no tags that can be written (of a kind that is not known)")
    return audio


def _set(audio: Any, key: str, value: Any) -> None:
    if value is None:
        if key in audio.tags:
            del audio.tags[key]
    else:
        audio.tags[key] = value


def _set_id3(audio: Any, words: str | None) -> None:
    from mutagen.id3 import TXXX

    audio.tags.delall(f"TXXX:{FIELD}")
    if words is not None:
        audio.tags.add(TXXX(encoding=3, desc=FIELD, text=[words]))


def _freeform(words: str) -> Any:
    from mutagen.mp4 import AtomDataType, MP4FreeForm

    return MP4FreeForm(words.encode("utf-8"), dataformat=AtomDataType.UTF8)
