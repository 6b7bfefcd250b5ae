"""Drum notes: onsets of the drum stem, and which drums are struck at each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instrunet.bundles import Bundle
from instrunet.features import LogMelConfig, log_mel
from instrunet.transcription.notes import Note

Samples = NDArray[np.float32]
Curve = NDArray[np.float64]

KEYS = {"kick": 36, "snare": 38, "tom": 47, "hihat_closed": 42, "hihat_open": 46, "crash": 49, "ride": 51}
"""General MIDI drum keys of the kinds of hit that the network tells apart."""


@dataclass(frozen=True)
class DrumConfig:
    """Onset picking and decision.

    Attributes:
        threshold: A kind of hit counts from this probability on.
        least: The likeliest kind counts from this probability on; an onset without one is no hit (a bass, a guitar).
        sensitivity: An onset must rise this far above the local median, in units of the overall spread.
        spacing_s: Two onsets are at least this far apart.
        quietest_db: Onsets this far below the loudest are left out.
    """

    threshold: float = 0.5
    least: float = 0.3
    sensitivity: float = 0.9
    spacing_s: float = 0.05
    quietest_db: float = -30.0


def transcribe_drums(samples: Samples, sample_rate_hz: int, config: DrumConfig | None = None) -> tuple[Note, ...]:
    """Write down a drum stem as General MIDI drum notes."""
    from instrunet.audio import resample

    config = config or DrumConfig()
    network = _network()
    rate = network.front_end.sample_rate_hz
    if sample_rate_hz != rate:
        samples = resample(samples, sample_rate_hz, rate)
    onsets, levels = find_onsets(samples, rate, config)
    notes: list[Note] = []
    for start in range(0, len(onsets), 256):
        chunk = onsets[start : start + 256]
        probabilities = network(np.stack([network.patch(samples, onset) for onset in chunk]))
        for onset, level, row in zip(chunk, levels[start : start + 256], probabilities, strict=True):
            notes.extend(_notes_at(onset / rate, level, dict(zip(network.kinds, row.tolist(), strict=True)), config))
    return tuple(sorted(notes))


def find_onsets(samples: Samples, rate_hz: int, config: DrumConfig) -> tuple[list[int], list[float]]:
    """Find struck onsets: sample positions and levels (0 to 1)."""
    hop = rate_hz // 200
    front = LogMelConfig(sample_rate_hz=rate_hz, n_fft=1024, win_length=512, hop_length=hop, n_mels=40, fmax_hz=12_000)
    if len(samples) < front.win_length or not float(np.abs(samples).max()) > 1e-5:
        return [], []
    mel = log_mel(samples, front)
    flux = np.maximum(0.0, mel[:, 2:] - mel[:, :-2]).mean(0).astype(np.float64)
    flux = np.concatenate([[0.0], flux, [0.0]])
    reach = 40
    padded = np.pad(flux, reach, mode="edge")
    median = np.array([np.median(padded[i : i + 2 * reach]) for i in range(0, len(flux), 8)]).repeat(8)[: len(flux)]
    spread = float(flux.std()) + 1e-9
    apart = max(1, round(config.spacing_s * rate_hz / hop))
    envelope = np.array([np.abs(samples[i : i + 4 * hop]).max(initial=0.0) for i in range(0, len(samples), hop)])
    floor = float(envelope.max()) * 10 ** (config.quietest_db / 20)
    found: list[int] = []
    for index in np.argsort(-flux):
        if flux[index] < median[index] + config.sensitivity * spread:
            if flux[index] < 0.5 * config.sensitivity * spread:
                break
            continue
        loud = float(envelope[min(index, len(envelope) - 1)]) >= floor
        if loud and all(abs(int(index) - other) >= apart for other in found):
            found.append(int(index))
    found.sort()
    levels = [float(np.clip(envelope[min(i, len(envelope) - 1)] / envelope.max(), 0.05, 1.0)) for i in found]
    return [_attack(samples, i * hop, hop) for i in found], levels


def _attack(samples: Samples, near: int, hop: int) -> int:
    """The sample at which the sound first rises to a quarter of its local peak."""
    start = max(0, near - 2 * hop)
    window = np.abs(samples[start : near + 3 * hop])
    if not len(window):
        return near
    return start + int(np.argmax(window >= 0.25 * window.max()))


def _notes_at(onset_s: float, level: float, probabilities: dict[str, float], config: DrumConfig) -> list[Note]:
    likeliest = max(probabilities, key=lambda kind: probabilities[kind])
    struck = {kind for kind, p in probabilities.items() if p >= config.threshold}
    if probabilities[likeliest] >= config.least:
        struck.add(likeliest)
    if {"hihat_closed", "hihat_open"} <= struck:
        struck.discard(min(("hihat_closed", "hihat_open"), key=lambda kind: probabilities[kind]))
    velocity = int(np.clip(round(127 * level**0.5), 1, 127))
    return [Note(onset_s, onset_s + 0.1, KEYS[kind], velocity, round(probabilities[kind], 3)) for kind in struck]


class _DrumNetwork:
    """The bundled classifier, opened once."""

    def __init__(self) -> None:
        import onnxruntime

        bundle = Bundle.load("drums")
        self.kinds: tuple[str, ...] = tuple(bundle.body["labels"])
        self.front_end = LogMelConfig.from_dict(bundle.body["front_end"])
        self.before = int(bundle.body["before_frames"]) * self.front_end.hop_length
        self.length = (int(bundle.body["n_frames"]) - 1) * self.front_end.hop_length
        self.n_frames = int(bundle.body["n_frames"])
        self._session: Any = onnxruntime.InferenceSession(bundle.read("model.onnx"), providers=["CPUExecutionProvider"])

    def patch(self, samples: Samples, onset: int) -> Samples:
        """The log-mel around an onset, level taken out, as in training."""
        start = onset - self.before
        piece = np.zeros(self.length, np.float32)
        kept = samples[max(0, start) : start + self.length]
        piece[max(0, -start) : max(0, -start) + len(kept)] = kept
        return log_mel((piece / max(float(np.abs(piece).max()), 1e-6)).astype(np.float32), self.front_end)[
            :, : self.n_frames
        ]

    def __call__(self, patches: Samples) -> Samples:
        """Probabilities (n, kinds)."""
        logits = self._session.run(["hits"], {"mel": patches[:, None].astype(np.float32)})[0]
        return (1.0 / (1.0 + np.exp(-logits))).astype(np.float32)


@lru_cache(maxsize=1)
def _network() -> _DrumNetwork:
    return _DrumNetwork()
