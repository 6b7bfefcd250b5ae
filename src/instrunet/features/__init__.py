"""Log-mel front ends and the mel image: a frozen config and a deterministic transform each."""

from __future__ import annotations

from instrunet.features.front_ends import FRONT_ENDS, front_end
from instrunet.features.log_mel import LogMelConfig, log_mel
from instrunet.features.mel_image import MelImageConfig, mel_image

__all__ = ["FRONT_ENDS", "LogMelConfig", "MelImageConfig", "front_end", "log_mel", "mel_image"]
