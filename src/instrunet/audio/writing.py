"""Writing samples to a file, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import soundfile

from instrunet.audio.sound import AudioError, Samples, shown
from instrunet.errors import UsageError
from instrunet.files import written_whole

CHUNK_FRAMES = 65_536
_FORMATS = {
    ".wav": ("WAV", "PCM_16"),
    ".flac": ("FLAC", "PCM_16"),
    ".aiff": ("AIFF", "PCM_16"),
    ".aif": ("AIFF", "PCM_16"),
    ".ogg": ("OGG", "VORBIS"),
    ".opus": ("OGG", "OPUS"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
}


def write(path: str | os.PathLike[str], x: Samples, sample_rate_hz: int, *, subtype: str | None = None) -> None:
    """Write samples; the format follows the suffix, and the file appears whole or not at all.

    Args:
        path: Where to; ``.wav``, ``.flac``, ``.aiff``, ``.ogg``, ``.opus`` or ``.mp3``.
        x: (n,) or (channels, n); beyond ±1 it is clipped where the coding is integer.
        sample_rate_hz: Samples per second.
        subtype: libsndfile's name of the coding (``PCM_16``, ``PCM_24``, ``FLOAT`` …); None takes 16 bits for wav,
            flac and aiff, and the only coding that the others have.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.wav"
    >>> write(path, np.zeros((2, 800), np.float32), 8000)
    >>> soundfile.info(path).channels
    2

    Raises:
        AudioError: that format cannot hold such samples.
        UsageError: the suffix names no format that can be written.
        InstrunetError: the disk is full or the folder cannot be written to.
    """
    frames = np.ascontiguousarray(np.atleast_2d(np.asarray(x, np.float32)).T)
    with writing(path, sample_rate_hz, channels=frames.shape[1], subtype=subtype) as put:
        put(frames)


@contextmanager
def writing(
    path: str | os.PathLike[str], sample_rate_hz: int, *, channels: int = 1, subtype: str | None = None
) -> Iterator[Callable[[Samples], None]]:
    """As :func:`write`, piece by piece: gives a function that takes (n,) or (n, channels) frames.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.flac"
    >>> with writing(path, 8000) as put:
    ...     put(np.zeros(300, np.float32))
    ...     put(np.zeros(500, np.float32))
    >>> soundfile.info(path).frames
    800
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _FORMATS:
        raise UsageError(
            f"{shown(path)}: cannot write {suffix or 'a file without a suffix'}; use {', '.join(_FORMATS)}"
        )
    container, coding = _FORMATS[suffix]
    coding = subtype or coding
    with written_whole(path) as beside:
        try:
            file = soundfile.SoundFile(beside, "w", sample_rate_hz, channels, coding, format=container)
        except (soundfile.LibsndfileError, ValueError) as error:
            what = f"{channels}-channel sound at {sample_rate_hz} Hz"
            raise AudioError(f"{shown(path)}: {what} does not go into {container} {coding}; choose another") from error

        full = f"{shown(path)}: could not be written to the end; is the disk full?"

        def put(frames: Samples) -> None:
            try:
                for at in range(0, len(frames), CHUNK_FRAMES):
                    file.write(frames[at : at + CHUNK_FRAMES])
            except (soundfile.LibsndfileError, AssertionError) as error:
                raise AudioError(full) from error

        try:
            with file:
                yield put
        except soundfile.LibsndfileError as error:
            raise AudioError(full) from error
