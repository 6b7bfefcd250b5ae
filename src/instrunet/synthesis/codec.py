"""A codec pass: what MP3, Ogg Vorbis or Opus leave of the sound, and low sample rates."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from instrunet.errors import InstrunetError

Samples = NDArray[np.float32]

FORMATS = {"mp3": ("MP3", "MPEG_LAYER_III"), "ogg": ("OGG", "VORBIS"), "opus": ("OGG", "OPUS")}
MP3_RATES_HZ = (48000, 44100, 32000, 24000, 22050, 16000)
OPUS_RATES_HZ = (48000, 24000, 16000)
SLACK_S = 0.1
MP3_DELAY = 1105
"""Samples by which an MP3 starts late when its frames are too small to carry the note about it."""


@dataclass(frozen=True)
class Coding:
    """Through which codec the mix goes.

    ``codec`` is mp3, ogg, opus or "" (none); ``rate_hz`` is a sample rate in between (0 = as it is).
    """

    codec: str = ""
    kbit_s: int = 128
    rate_hz: int = 0

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Coding:
        """One of the codecs three times in four; a lower sample rate one time in four."""
        codec = str(rng.choice(["mp3", "ogg", "opus", ""], p=[0.35, 0.2, 0.2, 0.25]))
        kbit_s = int(rng.choice([32, 48, 64, 96, 128, 192, 256, 320]))
        rate_hz = int(rng.choice([8000, 11025, 16000, 22050])) if rng.random() < 0.25 else 0
        return cls(codec, kbit_s, rate_hz)


def code(x: Samples, sample_rate_hz: int, coding: Coding) -> Samples:
    """Encode and decode; same length, same rate, aligned with the input.

    Raises:
        InstrunetError: the sound library was built without this codec.

    >>> x = np.sin(np.arange(16000) * 0.1).astype(np.float32) * 0.5
    >>> y = code(x, 16000, Coding("ogg", 96))
    >>> len(y) == len(x), bool(np.corrcoef(x, y)[0, 1] > 0.98)
    (True, True)
    """
    if not len(x):
        return x
    n = len(x)
    if coding.rate_hz and coding.rate_hz < sample_rate_hz:
        x = _resampled(_resampled(x, sample_rate_hz, coding.rate_hz), coding.rate_hz, sample_rate_hz)
    if coding.codec:
        through_hz = _rate_for(coding.codec, sample_rate_hz)
        there = _resampled(x, sample_rate_hz, through_hz)
        x = _resampled(_round_trip(there, through_hz, coding), through_hz, sample_rate_hz)
    out = np.zeros(n, np.float32)
    out[: min(n, len(x))] = x[:n]
    return out


def _rate_for(codec: str, rate_hz: int) -> int:
    """The lowest rate of the codec that keeps the band."""
    rates = {"mp3": MP3_RATES_HZ, "opus": OPUS_RATES_HZ}.get(codec, (rate_hz,))
    return min((rate for rate in rates if rate >= rate_hz), default=max(rates))


def _round_trip(x: Samples, rate_hz: int, coding: Coding) -> Samples:
    import soundfile

    if coding.codec not in FORMATS:
        raise ValueError(f"a codec is one of {', '.join(FORMATS)}, not {coding.codec!r}")
    container, subtype = FORMATS[coding.codec]
    encoded = io.BytesIO()
    options = {"format": container, "subtype": subtype, "compression_level": _level(coding, rate_hz)}
    if coding.codec == "mp3":
        options["bitrate_mode"] = "CONSTANT"
    slack = np.zeros(round(SLACK_S * rate_hz), np.float32)
    try:
        with soundfile.SoundFile(encoded, "w", rate_hz, 1, **options) as file:
            for start in range(0, len(x) + len(slack), 65536):
                file.write(np.concatenate([x, slack])[start : start + 65536])
        encoded.seek(0)
        decoded, _ = soundfile.read(encoded, dtype="float32")
    except (RuntimeError, ValueError, TypeError) as error:
        raise InstrunetError(f"the sound library cannot encode {coding.codec}: {error}") from error
    if coding.codec == "mp3" and len(decoded) > len(x) + len(slack):
        decoded = decoded[MP3_DELAY:]
    return np.asarray(decoded[: len(x)], np.float32)


def _level(coding: Coding, rate_hz: int) -> float:
    """The bit rate as libsndfile's compression level: 0 is its highest rate, 1 its lowest."""
    if coding.codec == "mp3":
        lowest, highest = (32, 320) if rate_hz > 24000 else (8, 160)
    else:
        lowest, highest = (6, 260) if coding.codec == "opus" else (32, 256)
    kbit_s = float(np.clip(coding.kbit_s, lowest, highest))
    share = (kbit_s - lowest) / (highest - lowest)
    return float(np.clip(1 - share, 0.0, 0.99))


def _resampled(x: Samples, from_hz: int, to_hz: int) -> Samples:
    import soxr

    if from_hz == to_hz:
        return x
    return np.asarray(soxr.resample(x, from_hz, to_hz, quality="MQ"), np.float32)
