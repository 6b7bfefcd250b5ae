"""What a decoding process says: a line of JSON, and after it as many bytes as the line announces."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import IO, Any

import numpy as np

from instrunet.tagging.scoring import Spectrogram

LONGEST_LINE = 1 << 22
MOST_BYTES = 1 << 28


@dataclass(frozen=True)
class Message:
    """One message.

    Attributes:
        kind: ``ready``, ``broken``, ``beat``, ``windows``, ``heard`` or ``failed``.
        facts: plain values.
        body: what follows the line; the spectrograms of ``windows``.
    """

    kind: str
    facts: Mapping[str, Any]
    body: bytes = b""


def say(pipe: IO[bytes], kind: str, body: bytes = b"", **facts: object) -> None:
    """Write a message."""
    line = json.dumps({"kind": kind, "n_bytes": len(body), **facts})
    pipe.write(line.encode() + b"\n")
    pipe.write(body)
    pipe.flush()


def hear(pipe: IO[bytes]) -> Message | None:
    """Read the next message; ``None`` when there are no more, or the one who spoke has lost its mind.

    >>> import io
    >>> pipe = io.BytesIO()
    >>> say(pipe, "failed", reason="a.wav: is empty")
    >>> _ = pipe.seek(0)
    >>> hear(pipe).facts["reason"], hear(pipe)
    ('a.wav: is empty', None)
    """
    try:
        line = pipe.readline(LONGEST_LINE)
        facts = json.loads(line) if line else None
        if not isinstance(facts, dict):
            return None
        kind, n_bytes = str(facts.pop("kind")), int(facts.pop("n_bytes"))
        body = pipe.read(n_bytes) if 0 < n_bytes <= MOST_BYTES else b""
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Message(kind, facts, body) if len(body) == n_bytes else None


def say_windows(pipe: IO[bytes], batch: list[Spectrogram]) -> None:
    """Write windows, those of equal shape together."""
    for shape, same in groupby(batch, key=lambda window: window.mel.shape):
        alike = list(same)
        facts = [[w.start, w.n_samples, w.n_heard, w.silent] for w in alike]
        say(pipe, "windows", np.stack([w.mel for w in alike]).tobytes(), windows=facts, shape=list(shape))


def windows_in(message: Message) -> list[Spectrogram]:
    """The windows of a message."""
    facts = message.facts["windows"]
    mels = np.frombuffer(message.body, np.float32).reshape(len(facts), *message.facts["shape"])
    return [
        Spectrogram(int(start), int(n_samples), int(n_heard), bool(silent), mel)
        for (start, n_samples, n_heard, silent), mel in zip(facts, mels, strict=True)
    ]
