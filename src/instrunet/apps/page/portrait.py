"""The picture of a recording: outline of the waveform and a small mel spectrogram, drawn while it is decoded."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from instrunet.audio import Samples
from instrunet.features import LogMelConfig, log_mel

STEP_S = 0.05
N_BANDS = 96
MOST_COLUMNS = 3600
RANGE_DB = 70.0
SILENCE_PEAK = 1e-4


@dataclass(frozen=True)
class Portrait:
    """What can be drawn of a recording.

    Attributes:
        low: lowest sample of each column, -1 to 1.
        high: highest sample of each column.
        mel: 0 to 255, (bands, columns), the lowest band first.
        peak: magnitude of the loudest sample.
    """

    low: NDArray[np.float32]
    high: NDArray[np.float32]
    mel: NDArray[np.uint8]
    peak: float

    @property
    def silent(self) -> bool:
        """Whether there is nothing to hear."""
        return self.peak < SILENCE_PEAK


class PortraitPainter:
    """Takes the blocks of a recording as they pass by.

    Args:
        sample_rate_hz: of the blocks.
        keep_samples: keep the recording as 16-bit samples too, for browsers that cannot play its format.
    """

    def __init__(self, sample_rate_hz: int, *, keep_samples: bool = False) -> None:
        self._rate_hz = sample_rate_hz
        self._hop = max(1, round(STEP_S * sample_rate_hz))
        length = min(2048, 1 << (self._hop * 2 - 1).bit_length())
        self._front_end = LogMelConfig(
            sample_rate_hz=sample_rate_hz,
            n_fft=length,
            win_length=length,
            hop_length=self._hop,
            n_mels=N_BANDS,
            fmax_hz=min(15_500.0, 0.48 * sample_rate_hz),
            scale="db",
            floor=1e-10,
            offset=0.0,
            divisor=1.0,
        )
        self._edges: list[tuple[Samples, Samples]] = []
        self._mels: list[NDArray[np.float32]] = []
        self._pcm: list[bytes] | None = [] if keep_samples else None
        self._held = np.zeros(0, np.float32)

    def watch(self, blocks: Iterator[Samples]) -> Iterator[Samples]:
        """The same blocks, seen in passing."""
        for block in blocks:
            self.add(block)
            yield block

    def add(self, block: Samples) -> None:
        """Take a block."""
        if self._pcm is not None:
            self._pcm.append((np.clip(block, -1, 1) * 32_767).astype("<i2").tobytes())
        held = np.concatenate([self._held, block])
        whole = len(held) // self._hop * self._hop
        if whole:
            self._take(held[:whole])
        self._held = held[whole:]

    def portrait(self) -> Portrait:
        """The picture of all that was added."""
        if len(self._held) or not self._mels:
            self._take(np.pad(self._held, (0, self._hop - len(self._held))))
            self._held = np.zeros(0, np.float32)
        low = np.concatenate([edge[0] for edge in self._edges])
        high = np.concatenate([edge[1] for edge in self._edges])
        mel = np.concatenate(self._mels, axis=1)
        peak = float(max(-low.min(), high.max()))
        return Portrait(_fewer(low, np.minimum), _fewer(high, np.maximum), _as_bytes(_fewer(mel, np.maximum)), peak)

    def wav(self) -> bytes:
        """The recording as a WAV file, if the samples were kept."""
        import wave

        file = io.BytesIO()
        with wave.open(file, "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(self._rate_hz)
            out.writeframes(b"".join(self._pcm or []))
        return file.getvalue()

    def _take(self, samples: Samples) -> None:
        columns = samples.reshape(-1, self._hop)
        self._edges.append((columns.min(axis=1), columns.max(axis=1)))
        self._mels.append(log_mel(samples, self._front_end)[:, : len(columns)])


def _fewer(values: NDArray[np.float32], choose: np.ufunc) -> NDArray[np.float32]:
    """At most MOST_COLUMNS along the last axis: the extreme of each stretch."""
    n = values.shape[-1]
    if n <= MOST_COLUMNS:
        return values
    edges = np.linspace(0, n, MOST_COLUMNS, endpoint=False).astype(np.int64)
    return np.asarray(choose.reduceat(values, edges, axis=-1), np.float32)


def _as_bytes(mel_db: NDArray[np.float32]) -> NDArray[np.uint8]:
    top = float(mel_db.max())
    return (np.clip((mel_db - top) / RANGE_DB + 1, 0, 1) * 255).astype(np.uint8)
