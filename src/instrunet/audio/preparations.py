"""The ways in which published work prepares a clip, each by name."""

from __future__ import annotations

from dataclasses import dataclass

from instrunet.audio.resampling import resample
from instrunet.audio.shaping import first_above, fit, peak_normalise, to_mono, trim_silence
from instrunet.audio.sound import Audio, Samples
from instrunet.errors import UsageError


@dataclass(frozen=True)
class Preparation:
    """How a clip becomes a model's input; the steps happen in the order of the fields, the fit at the end.

    Attributes:
        duration_s: The length of the result, zero-padded if need be.
        sample_rate_hz: The rate to resample to; None keeps the clip's own.
        peak: Scale the largest magnitude to this; None leaves the level.
        trim_db: Cut the lead-in and tail this far below the loudest frame; None keeps them.
        onset_level: Begin at the first sample above this magnitude (or at an annotated start); None begins at 0.
    """

    duration_s: float
    sample_rate_hz: int | None = None
    peak: float | None = None
    trim_db: float | None = None
    onset_level: float | None = None


PREPARATIONS: dict[str, Preparation] = {
    "mel-image": Preparation(5.0, sample_rate_hz=16_000, peak=1.0, trim_db=60.0),
    "medleydb": Preparation(15.0, sample_rate_hz=22_050, peak=1.0, onset_level=0.01),
    "openmic": Preparation(10.0, sample_rate_hz=32_000),
    "openmic-16k": Preparation(10.0, sample_rate_hz=16_000),
    "irmas": Preparation(3.0),
}


def prepare(audio: Audio, preparation: str | Preparation, *, start_s: float | None = None) -> Audio:
    """Prepare a clip: mono, resampled, levelled, trimmed and fitted as the preparation says.

    | name | rate | level | beginning | length |
    |---|---|---|---|---|
    | ``mel-image`` | 16 kHz | peak 1 | silence trimmed at both ends | 5 s |
    | ``medleydb`` | 22.05 kHz | peak 1 | first sample above 0.01, or ``start_s`` | 15 s |
    | ``openmic`` | 32 kHz | as it is | as it is | 10 s |
    | ``openmic-16k`` | 16 kHz | as it is | as it is | 10 s |
    | ``irmas`` | as it is | as it is | as it is | 3 s |

    With ``medleydb``, where less than the length remains after the beginning but the clip is long enough, the last
    15 s are taken; a shorter clip is padded with zeros.

    Args:
        audio: The clip, of any rate and number of channels.
        preparation: One of ``PREPARATIONS``, by name, or your own.
        start_s: An annotated beginning, used instead of looking for one.

    >>> import numpy as np
    >>> clip = Audio(np.ones((2, 44_100), np.float32), 44_100)
    >>> prepare(clip, "mel-image").samples.shape
    (80000,)

    Raises:
        UsageError: no preparation of that name.
    """
    how = _named(preparation) if isinstance(preparation, str) else preparation
    rate = how.sample_rate_hz or audio.sample_rate_hz
    x = resample(to_mono(audio.samples), audio.sample_rate_hz, rate)
    if how.peak is not None:
        x = peak_normalise(x, peak=how.peak)
    if how.trim_db is not None:
        x = trim_silence(x, top_db=how.trim_db)
    n = round(how.duration_s * rate)
    return Audio(fit(x[_beginning(x, n, how, start_s, rate) :], n), rate, audio.remarks)


def _named(name: str) -> Preparation:
    if name not in PREPARATIONS:
        raise UsageError(f"{name!r} is not a preparation; choose from {', '.join(PREPARATIONS)}")
    return PREPARATIONS[name]


def _beginning(x: Samples, n: int, how: Preparation, start_s: float | None, rate: int) -> int:
    if start_s is not None:
        start = min(round(start_s * rate), len(x))
    elif how.onset_level is not None:
        start = first_above(x, how.onset_level)
    else:
        return 0
    return min(start, len(x) - n) if len(x) >= n else start
