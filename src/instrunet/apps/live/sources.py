"""Where live sound comes from: an input device, or a file played in real time."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from instrunet.audio import Samples, stream
from instrunet.errors import InstrunetError, MissingExtraError

BLOCK_S = 0.1


def from_file(
    path: Path,
    *,
    sample_rate_hz: int,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.monotonic,
) -> Iterator[Samples]:
    """A file in blocks, each given when it would have been played to its end.

    Args:
        path: the file.
        sample_rate_hz: of the blocks.
        sleep: how to wait.
        now: what time it is.
    """
    began, played_s = now(), 0.0
    with stream(path, sample_rate_hz=sample_rate_hz, block_s=BLOCK_S) as blocks:
        for block in blocks:
            played_s += len(block) / sample_rate_hz
            ahead_s = played_s - (now() - began)
            if ahead_s > 0:
                sleep(ahead_s)
            yield block


def from_device(device: str | int | None) -> tuple[int, Iterator[Samples]]:
    """The rate of an input device, and its sound as it comes, mixed to one channel.

    Raises:
        MissingExtraError: sounddevice is not installed.
        InstrunetError: there is no such device, or it cannot be opened.
    """
    try:
        import sounddevice
    except (ImportError, OSError) as error:  # OSError: the package is there, PortAudio is not
        raise MissingExtraError("live", "listening to a microphone (and PortAudio)") from error
    try:
        told = sounddevice.query_devices(device, "input")
        rate_hz = int(told["default_samplerate"])
        return rate_hz, _heard(sounddevice, device, rate_hz)
    except (sounddevice.PortAudioError, ValueError) as error:
        which = "an input device" if device is None else f"the input device {device!r}"
        raise InstrunetError(f"{which} cannot be opened ({error}); `instrunet listen --devices` lists them") from error


def devices() -> list[str]:
    """The input devices, a line each.

    Raises:
        MissingExtraError: sounddevice is not installed.
    """
    try:
        import sounddevice
    except (ImportError, OSError) as error:
        raise MissingExtraError("live", "listening to a microphone (and PortAudio)") from error
    rows = enumerate(sounddevice.query_devices())
    return [f"{i:>3}  {d['name']} ({d['max_input_channels']} channels)" for i, d in rows if d["max_input_channels"]]


def _heard(sounddevice: Any, device: str | int | None, rate_hz: int) -> Iterator[Samples]:
    waiting: queue.Queue[Samples] = queue.Queue()

    def take(block: Any, _frames: int, _time: Any, _status: Any) -> None:
        waiting.put(np.asarray(block, np.float32).mean(axis=1))

    size = round(BLOCK_S * rate_hz)
    with sounddevice.InputStream(device=device, samplerate=rate_hz, blocksize=size, callback=take):
        while True:
            yield waiting.get()
