"""From samples to a log-mel spectrogram: one definition, used both to train and to serve."""

from __future__ import annotations

import dataclasses
import functools
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from instrunet.errors import InstrunetError
from instrunet.features.mel_filters import MelScale, hann, mel_filters

_BLOCK_FRAMES = 64
_CHOICES = {
    "mel_scale": ("slaney", "htk", "kaldi"),
    "padding": ("reflect", "zeros"),
    "scale": ("ln", "db"),
    "reference": ("one", "max"),
    "normalise": ("none", "standard"),
    "precision": ("single", "double"),
}


@dataclass(frozen=True)
class LogMelConfig:
    """How a waveform becomes a log-mel spectrogram. The defaults are the front end of our own models.

    Frames are centred: frame k is the spectrum around sample ``k * hop_length``, and ``n`` samples give
    ``1 + n // hop_length`` frames (pre-emphasis takes one sample away first). The result is
    ``(log(power) + offset) / divisor``.

    Attributes:
        sample_rate_hz: the rate the samples must have.
        n_fft: length of the Fourier transform, at least ``win_length``.
        win_length: length of the Hann window, in samples.
        hop_length: distance of frames, in samples.
        n_mels: number of mel bands.
        fmin_hz: lower edge of the lowest band.
        fmax_hz: upper edge of the highest band.
        mel_scale: ``slaney`` and ``htk`` (bands of equal area), ``kaldi`` (bands of equal height).
        periodic_window: whether the Hann window is the periodic one.
        preemphasis: ``y[t] = x[t + 1] - preemphasis * x[t]`` before the transform; 0 leaves the samples alone.
        padding: what stands outside the recording, its mirror image or zeros.
        scale: natural logarithm or decibels.
        floor: the power added before ``ln``, or the least power that ``db`` sees.
        reference: decibels relative to 1 or to the loudest band of the recording.
        top_db: everything lower than this below the loudest band is raised to it; ``None`` for no limit (``db`` only).
        offset: added to the logarithm.
        divisor: divides the sum.
        normalise: ``standard`` gives each recording zero mean and unit deviation over all its bands and frames.
        precision: ``single`` is fast; ``double`` keeps 1e-3 dB at 80 dB below the peak.

    >>> LogMelConfig().n_frames(320_000)
    501
    >>> LogMelConfig.from_dict(LogMelConfig(n_mels=64).to_dict()).n_mels
    64
    """

    sample_rate_hz: int = 32_000
    n_fft: int = 1600
    win_length: int = 1600
    hop_length: int = 640
    n_mels: int = 128
    fmin_hz: float = 30.0
    fmax_hz: float = 15_500.0
    mel_scale: MelScale = "slaney"
    periodic_window: bool = True
    preemphasis: float = 0.0
    padding: Literal["reflect", "zeros"] = "reflect"
    scale: Literal["ln", "db"] = "ln"
    floor: float = 1e-5
    reference: Literal["one", "max"] = "one"
    top_db: float | None = None
    offset: float = 6.0
    divisor: float = 4.0
    normalise: Literal["none", "standard"] = "none"
    precision: Literal["single", "double"] = "single"

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise InstrunetError(f"front end: {name} is {getattr(self, name)!r}; choose from {', '.join(allowed)}")
        for name in ("sample_rate_hz", "n_fft", "win_length", "hop_length", "n_mels", "floor", "divisor"):
            if not getattr(self, name) > 0:
                raise InstrunetError(f"front end: {name} must be positive, not {getattr(self, name)}")
        if self.win_length > self.n_fft:
            raise InstrunetError(f"front end: win_length {self.win_length} is longer than n_fft {self.n_fft}")
        if not 0 <= self.fmin_hz < self.fmax_hz <= self.sample_rate_hz / 2:
            raise InstrunetError(
                f"front end: bands from {self.fmin_hz:g} to {self.fmax_hz:g} Hz do not fit "
                f"below half of {self.sample_rate_hz} Hz"
            )

    @property
    def frame_s(self) -> float:
        """Distance of frames in seconds."""
        return self.hop_length / self.sample_rate_hz

    def n_frames(self, n_samples: int) -> int:
        """How many frames so many samples give."""
        return 1 + (n_samples - bool(self.preemphasis and n_samples > 1)) // self.hop_length

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as they stand in a bundle."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> LogMelConfig:
        """The inverse of :meth:`to_dict`; an unknown name is an error, because ignoring it would change the sound."""
        unknown = sorted(set(values) - {field.name for field in dataclasses.fields(cls)})
        if unknown:
            raise InstrunetError(f"front end: unknown setting {', '.join(unknown)}; a newer instrunet may know it")
        return cls(**values)


def log_mel(x: NDArray[np.floating], config: LogMelConfig | None = None) -> NDArray[np.float32]:
    """The log-mel spectrogram of mono samples, float32 of shape (n_mels, n_frames).

    >>> log_mel(np.zeros(32_000, np.float32)).shape
    (128, 51)
    """
    config = config or LogMelConfig()
    dtype = np.float32 if config.precision == "single" else np.float64
    x = np.asarray(x, dtype)
    if x.ndim != 1 or len(x) == 0:
        raise InstrunetError(f"a log-mel spectrogram needs mono samples, not an array of shape {x.shape}")
    if config.preemphasis:
        x = x[1:] - dtype(config.preemphasis) * x[:-1] if len(x) > 1 else x
    return np.ascontiguousarray(_compress(_mel_power(x, config), config).T, dtype=np.float32)


def _compress(mel: NDArray[Any], config: LogMelConfig) -> NDArray[Any]:
    """Power to the logarithm of the config."""
    if config.scale == "ln":
        out = np.log(mel + config.floor)
    else:
        out = _decibels(mel, config)
    if config.offset or config.divisor != 1.0:
        out = (out + config.offset) / config.divisor
    if config.normalise == "standard":
        out = standardised(out)
    return out


def standardised(mel: NDArray[Any]) -> NDArray[Any]:
    """Zero mean and unit deviation over all bands and frames of one recording; silence becomes zero.

    >>> standardised(np.array([[1.0, 3.0]])).tolist()
    [[-1.0, 1.0]]
    """
    centred: NDArray[Any] = mel - mel.dtype.type(mel.mean(dtype=np.float64))
    return centred / max(float(mel.std()), 1e-3)


def _decibels(mel: NDArray[Any], config: LogMelConfig) -> NDArray[Any]:
    out = 10.0 * np.log10(np.maximum(mel, config.floor))
    if config.reference == "max":
        out = out - out.max()
    return out if config.top_db is None else np.maximum(out, out.max() - config.top_db)


def _mel_power(x: NDArray[Any], config: LogMelConfig) -> NDArray[Any]:
    """Power in each band, (n_frames, n_mels); a block of frames at a time, which stays in the cache."""
    padded = pad(x, config)
    # The window stands in the middle of n_fft; zeros around it do not change the power, so only it is transformed.
    first = (config.n_fft - config.win_length) // 2
    frames = np.lib.stride_tricks.sliding_window_view(padded[first:], config.win_length)[:: config.hop_length]
    window = hann(config.win_length, periodic=config.periodic_window).astype(x.dtype)
    mel = np.empty((1 + len(x) // config.hop_length, config.n_mels), x.dtype)
    for start in range(0, len(mel), _BLOCK_FRAMES):
        block = mel[start : start + _BLOCK_FRAMES]
        spectrum = np.fft.rfft(frames[start : start + len(block)] * window, n=config.n_fft)
        power = spectrum.real**2 + spectrum.imag**2  # (frames of the block, n_fft // 2 + 1)
        for bands, bins, weights in _band_groups(config):
            np.matmul(power[:, bins], weights, out=block[:, bands])
    return mel


def pad(x: NDArray[Any], config: LogMelConfig) -> NDArray[Any]:
    """Half a transform of mirror image or zeros on each side, for any length of x."""
    margin = config.n_fft // 2
    if config.padding == "zeros":
        return np.pad(x, margin)
    if len(x) > margin:
        return np.concatenate([x[margin:0:-1], x, x[-2 : -margin - 2 : -1]])
    return x[mirrored(len(x), margin)]


def mirrored(n_samples: int, margin: int) -> NDArray[np.int64]:
    """Indices that continue n samples on both sides by reflection, as often as it takes.

    >>> mirrored(3, 4).tolist()
    [0, 1, 2, 1, 0, 1, 2, 1, 0, 1, 2]
    """
    index = np.arange(-margin, n_samples + margin)
    if n_samples == 1:
        return np.zeros_like(index)
    period = 2 * (n_samples - 1)
    index %= period
    return np.minimum(index, period - index)


@functools.lru_cache(maxsize=16)
def _band_groups(config: LogMelConfig) -> tuple[tuple[slice, slice, NDArray[Any]], ...]:
    """Neighbouring bands touch few bins, so they are multiplied sixteen at a time: (bands, bins, weights)."""
    bank = filter_bank(config)
    dtype = np.float32 if config.precision == "single" else np.float64
    groups = []
    for start in range(0, config.n_mels, 16):
        bands = slice(start, min(start + 16, config.n_mels))
        touched = np.flatnonzero(bank[bands].any(axis=0))
        bins = slice(int(touched[0]), int(touched[-1]) + 1) if len(touched) else slice(0, 1)
        groups.append((bands, bins, np.ascontiguousarray(bank[bands, bins].T, dtype)))
    return tuple(groups)


def filter_bank(config: LogMelConfig) -> NDArray[np.float64]:
    """The mel filters of a config, (n_mels, n_fft // 2 + 1)."""
    return mel_filters(
        config.sample_rate_hz, config.n_fft, config.n_mels, config.fmin_hz, config.fmax_hz, config.mel_scale
    )
