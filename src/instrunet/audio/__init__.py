"""Samples: decode, resample, mix down, trim, fit and cut into windows."""

from __future__ import annotations

from instrunet.audio.decoding import silence_unusable
from instrunet.audio.finding import AUDIO_SUFFIXES, each_audio, find_audio
from instrunet.audio.preparations import PREPARATIONS, Preparation, prepare
from instrunet.audio.resampling import Resampler, resample
from instrunet.audio.shaping import first_above, fit, peak_normalise, to_mono, trim_silence
from instrunet.audio.sound import Audio, AudioError, AudioInfo, Samples, shown
from instrunet.audio.streaming import BlockStream, load, probe, stream
from instrunet.audio.windows import cut, plan_windows, stitch
from instrunet.audio.writing import write, writing

__all__ = [
    "AUDIO_SUFFIXES",
    "PREPARATIONS",
    "Audio",
    "AudioError",
    "AudioInfo",
    "BlockStream",
    "Preparation",
    "Resampler",
    "Samples",
    "cut",
    "each_audio",
    "find_audio",
    "first_above",
    "fit",
    "load",
    "peak_normalise",
    "plan_windows",
    "prepare",
    "probe",
    "resample",
    "shown",
    "silence_unusable",
    "stitch",
    "stream",
    "to_mono",
    "trim_silence",
    "write",
    "writing",
]
