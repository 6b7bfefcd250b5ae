"""What the room passes around: samples with their rate, facts about a file, and what can go wrong."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from instrunet.errors import InstrunetError

Samples = NDArray[np.float32]


class AudioError(InstrunetError):
    """A file that cannot be found, opened or decoded; the text names the file and the cure."""


@dataclass(frozen=True)
class Audio:
    """Samples in memory.

    Attributes:
        samples: float32, (n,) when mono, (channels, n) otherwise; always finite.
        sample_rate_hz: Samples per second.
        remarks: What the listener should know of the file: that it ends early, that unusable samples were silenced.

    >>> Audio(np.zeros((2, 8000), np.float32), 16_000).duration_s
    0.5
    """

    samples: Samples = field(repr=False)
    sample_rate_hz: int
    remarks: tuple[str, ...] = ()

    @property
    def duration_s(self) -> float:
        """How long it sounds."""
        return self.samples.shape[-1] / self.sample_rate_hz

    @property
    def n_channels(self) -> int:
        """How many channels it has; 1 when mono."""
        return 1 if self.samples.ndim == 1 else self.samples.shape[0]


@dataclass(frozen=True)
class AudioInfo:
    """What the header of a file says.

    Attributes:
        duration_s: The length; for formats without a length in the header, an estimate.
        sample_rate_hz: Samples per second in the file.
        channels: Number of channels.
        format: Container and coding in words (``FLAC PCM_16``).
    """

    duration_s: float
    sample_rate_hz: int
    channels: int
    format: str


def shown(path: str | bytes | os.PathLike[str]) -> str:
    r"""A path as one printable line: control characters escaped, undecodable bytes replaced.

    >>> shown("two\nlines.wav")
    'two\\nlines.wav'
    """
    text = os.fsencode(path).decode("utf-8", "replace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
