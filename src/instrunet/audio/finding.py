"""Finding the audio that a person named: files, folders, patterns."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

SOUNDFILE_SUFFIXES = frozenset(
    ".wav .wave .flac .ogg .oga .opus .mp3 .mp2 .aif .aiff .aifc .caf .au .snd .w64 .rf64".split()
)
CONTAINER_SUFFIXES = frozenset(".m4a .m4b .aac .alac .mp4 .mov .webm .weba .mka .mkv .wma .asf".split())
AUDIO_SUFFIXES: frozenset[str] = SOUNDFILE_SUFFIXES | CONTAINER_SUFFIXES


def find_audio(paths: Iterable[str | os.PathLike[str]], *, follow_links: bool = False) -> list[Path]:
    """The audio files behind names that may be files, folders (searched throughout) or patterns.

    A file is taken whatever it is called; in a folder only names that end in one of ``AUDIO_SUFFIXES`` and do not
    begin with a dot. What leads to nothing (a missing file, a pattern without a match, a folder without audio) stays
    in the list as it was given, so that loading it says what is wrong while the others go on.

    Args:
        paths: What was named, in order; the files of a folder follow in the order of their names.
        follow_links: Follow symbolic links inside folders to wherever they lead; otherwise only to what lies inside
            the same folder.

    Returns:
        Each file once, at its first place.

    >>> [str(p) for p in find_audio(["missing.wav", "missing.wav"])]
    ['missing.wav']
    """
    return list(dict.fromkeys(each_audio(paths, follow_links=follow_links)))


def each_audio(paths: Iterable[str | os.PathLike[str]], *, follow_links: bool = False) -> Iterator[Path]:
    """As :func:`find_audio`, one after another, for libraries too large for a list; one named twice comes twice."""
    for name in paths:
        path, is_there = Path(name), False
        for file in _behind(path, follow_links):
            is_there = True
            yield file
        if not is_there:
            yield path


def _behind(path: Path, follow_links: bool) -> Iterator[Path]:
    if path.is_dir():
        yield from _inside(path, follow_links)
    elif path.exists() or not glob.has_magic(str(path)):
        yield path
    else:
        for match in map(Path, sorted(glob.glob(str(path), recursive=True))):
            yield from _inside(match, follow_links) if match.is_dir() else [match]


def _inside(folder: Path, follow_links: bool) -> Iterator[Path]:
    root = _real(folder)
    seen = {root}
    for here, folders, files in os.walk(folder, followlinks=True):
        place = Path(here)
        folders[:] = [f for f in sorted(folders) if not f.startswith(".") and _allowed(place / f, root, follow_links)]
        folders[:] = [f for f in folders if _first_visit(_real(place / f), seen)]
        for name in sorted(files):
            suffix = os.path.splitext(name)[1].lower()
            if suffix in AUDIO_SUFFIXES and not name.startswith(".") and _allowed(place / name, root, follow_links):
                yield place / name


def _real(path: Path) -> Path:
    """Where links lead; a circle of links leads to itself, where ``Path.resolve`` raises before Python 3.13."""
    return Path(os.path.realpath(path))


def _allowed(path: Path, root: Path, follow_links: bool) -> bool:
    return follow_links or not path.is_symlink() or _real(path).is_relative_to(root)


def _first_visit(folder: Path, seen: set[Path]) -> bool:
    """Whether a real folder is met for the first time: links in a circle end here."""
    if folder in seen:
        return False
    seen.add(folder)
    return True
