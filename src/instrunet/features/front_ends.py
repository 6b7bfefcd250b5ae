"""The front ends that have a name: ours and those of published systems."""

from __future__ import annotations

from instrunet.errors import UsageError
from instrunet.features.log_mel import LogMelConfig

FRONT_ENDS: dict[str, LogMelConfig] = {
    "instrunet32k": LogMelConfig(),
    # librosa.feature.melspectrogram with nothing but its defaults, then power_to_db(ref=np.max)
    "librosa22k-db": LogMelConfig(
        sample_rate_hz=22_050,
        n_fft=2048,
        win_length=2048,
        hop_length=512,
        fmin_hz=0.0,
        fmax_hz=11_025.0,
        padding="zeros",
        scale="db",
        floor=1e-10,
        reference="max",
        top_db=80.0,
        offset=0.0,
        divisor=1.0,
        precision="double",
    ),
    "mel16k-standardised": LogMelConfig(
        sample_rate_hz=16_000,
        n_fft=1024,
        win_length=1024,
        hop_length=320,
        fmin_hz=30.0,
        fmax_hz=7_600.0,
        floor=1e-6,
        offset=0.0,
        divisor=1.0,
        normalise="standard",
    ),
    "passt32k": LogMelConfig(
        n_fft=1024,
        win_length=800,
        hop_length=320,
        fmin_hz=0.0,
        fmax_hz=15_000.0,
        mel_scale="kaldi",
        periodic_window=False,
        preemphasis=0.97,
        offset=4.5,
        divisor=5.0,
    ),
}
"""By name. The fifth front end, the mel image, is :func:`instrunet.features.mel_image`."""


def front_end(name: str) -> LogMelConfig:
    """The config of that name.

    >>> front_end("instrunet32k").sample_rate_hz
    32000

    Raises:
        UsageError: there is none of that name; the message lists them.
    """
    try:
        return FRONT_ENDS[name]
    except KeyError:
        raise UsageError(f"no front end is called {name!r}; there are {', '.join(FRONT_ENDS)}") from None
