"""The studio: everything a stem, and then the mix, goes through; every setting drawn beforehand.

A stem's chain is drawn for its instrument and applied to the stem alone. The mix bus is a gain curve
(compressor, limiter) and an equaliser, so that processed stems still add up to the mix; the release
(noise, narrow channel, codec) comes after and belongs to the mix only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instrunet.synthesis.codec import Coding, code
from instrunet.synthesis.rooms import Room, reverberate
from instrunet.synthesis.studio.drive import Amplifier, Saturation, amplify, saturate
from instrunet.synthesis.studio.dynamics import Compressor, compress, compression_gain, limiting_gain
from instrunet.synthesis.studio.motion import Chorus, Echo, Phaser, Tremolo, chorus, echo, phase, tremolo
from instrunet.synthesis.studio.surroundings import Surroundings, surround
from instrunet.synthesis.studio.tone import Channel, Equaliser, band_limit, equalise

Samples = NDArray[np.float32]

LOUD = ("drums", "voice")
QUIETEST_DB = -18.0
SWAYING = ("electric_guitar", "electric_piano", "synthesizer", "organ", "electric_bass")


@dataclass(frozen=True)
class StemStudio:
    """One stem's way through the studio, in the order of the fields; None = not used."""

    amplifier: Amplifier | None = None
    equaliser: Equaliser | None = None
    compressor: Compressor | None = None
    saturation: Saturation | None = None
    tremolo: Tremolo | None = None
    chorus: Chorus | None = None
    phaser: Phaser | None = None
    echo: Echo | None = None
    room: Room | None = None
    level_db: float = 0.0
    pan: float = 0.0

    @classmethod
    def draw(cls, rng: np.random.Generator, instrument: str, *, rooms: tuple[str, ...] = ()) -> StemStudio:
        """Settings that suit ``instrument`` (a canonical id); ``rooms`` are paths of measured responses.

        >>> one, two = (StemStudio.draw(np.random.default_rng(5), "electric_guitar") for _ in range(2))
        >>> one == two
        True
        """

        def sometimes(probability: float) -> bool:
            return bool(rng.random() < probability)

        amplified = {"electric_guitar": 0.8, "electric_bass": 0.5, "harmonica": 0.2}.get(instrument, 0.0)
        sways = 0.3 if instrument in SWAYING else 0.04
        return cls(
            amplifier=Amplifier.draw(rng, bass=instrument == "electric_bass") if sometimes(amplified) else None,
            equaliser=Equaliser.draw(rng) if sometimes(0.85) else None,
            compressor=Compressor.draw(rng) if sometimes(0.5) else None,
            saturation=Saturation.draw(rng) if sometimes(0.12) else None,
            tremolo=Tremolo.draw(rng) if sometimes(sways / 3) else None,
            chorus=Chorus.draw(rng) if sometimes(sways) else None,
            phaser=Phaser.draw(rng) if sometimes(sways / 3) else None,
            echo=Echo.draw(rng) if sometimes(0.25 if instrument in ("voice", *SWAYING) else 0.06) else None,
            room=Room.draw(rng, rooms) if sometimes(0.8) else None,
            level_db=draw_level_db(rng, instrument),
            pan=float(np.clip(rng.normal(0, 0.35), -1, 1)),
        )

    def apply(self, x: Samples, sample_rate_hz: int) -> Samples:
        """The stem after its chain; peak 1 times the level (silence stays silence)."""
        x = _peak_one(x)
        if self.amplifier:
            x = _peak_one(amplify(x, sample_rate_hz, self.amplifier))
        for effect, settings in self._effects():
            if settings is not None:
                x = effect(x, sample_rate_hz, settings)
        return _peak_one(x) * np.float32(10 ** (self.level_db / 20))

    def _effects(self) -> tuple[tuple[Callable[[Samples, int, Any], Samples], object], ...]:
        return (
            (equalise, self.equaliser),
            (compress, self.compressor),
            (saturate, self.saturation),
            (tremolo, self.tremolo),
            (chorus, self.chorus),
            (phase, self.phaser),
            (echo, self.echo),
            (reverberate, self.room),
        )

    def to_dict(self) -> dict[str, Any]:
        """The settings that are used, for the metadata."""
        return _used(asdict(self))


def place(x: Samples, pan: float) -> Samples:
    """(n,) to (2, n): left and right with the same power in sum, from −1 (left) to 1 (right).

    >>> place(np.ones(1, np.float32), -1.0).round(3).ravel().tolist()
    [1.0, 0.0]
    """
    angle = (pan + 1) * np.pi / 4
    return np.stack([x * np.float32(np.cos(angle)), x * np.float32(np.sin(angle))])


def summed(stems: Sequence[Samples]) -> Samples:
    """The stems added up, one after the other."""
    mix = stems[0].copy()
    for stem in stems[1:]:
        mix += stem
    return mix


def draw_level_db(rng: np.random.Generator, instrument: str) -> float:
    """A realistic spread, −18…0 dB; drums and voice are often the loudest."""
    if instrument in LOUD and rng.random() < 0.6:
        return float(rng.uniform(-4, 0))
    return float(np.clip(rng.normal(-7, 4), QUIETEST_DB, 0.0))


@dataclass(frozen=True)
class MixBus:
    """What the summed mix goes through: an equaliser, a compressor and always a limiter."""

    equaliser: Equaliser | None = None
    compressor: Compressor | None = None
    ceiling: float = 0.95

    @classmethod
    def draw(cls, rng: np.random.Generator) -> MixBus:
        """Gentle settings: a master, not an effect."""
        return cls(
            equaliser=Equaliser.draw(rng, most_db=3.0) if rng.random() < 0.6 else None,
            compressor=Compressor.draw(rng, most_ratio=4.0) if rng.random() < 0.6 else None,
            ceiling=float(10 ** (rng.uniform(-6, -0.2) / 20)),
        )

    def apply(self, stems: Sequence[Samples], sample_rate_hz: int) -> list[Samples]:
        """Every stem as it sounds in the mastered mix: the results add up to the mix.

        >>> stems = [np.full(3200, 0.9, np.float32), np.full(3200, 0.8, np.float32)]
        >>> done = MixBus(ceiling=0.5).apply(stems, 32000)
        >>> bool(np.max(np.abs(done[0] + done[1])) <= 0.5)
        True
        """
        if not stems:
            return []
        if self.equaliser:
            stems = [equalise(stem, sample_rate_hz, self.equaliser) for stem in stems]
        mix = summed(stems)
        peak = float(np.max(np.abs(mix), initial=0.0))
        if peak <= 0:
            return list(stems)
        mix = mix / np.float32(peak)
        gain = np.full(len(mix), 1 / peak, np.float32)
        if self.compressor:
            squeeze = compression_gain(mix, sample_rate_hz, self.compressor)
            squeeze = squeeze / np.float32(max(1e-6, float(np.max(np.abs(mix * squeeze)))))
            mix, gain = mix * squeeze, gain * squeeze
        gain = gain * limiting_gain(mix, sample_rate_hz, ceiling=self.ceiling)
        return [stem * gain for stem in stems]

    def to_dict(self) -> dict[str, Any]:
        """The settings that are used, for the metadata."""
        return _used(asdict(self))


@dataclass(frozen=True)
class Release:
    """How the finished mix reaches the listener: noise, a narrow channel, a codec."""

    surroundings: Surroundings | None = None
    channel: Channel | None = None
    coding: Coding | None = None

    @classmethod
    def draw(cls, rng: np.random.Generator, *, dry: float = 0.35) -> Release:
        """Nothing at all with probability ``dry``."""
        if rng.random() < dry:
            return cls()
        return cls(
            surroundings=Surroundings.draw(rng) if rng.random() < 0.3 else None,
            channel=Channel.draw(rng) if rng.random() < 0.35 else None,
            coding=Coding.draw(rng) if rng.random() < 0.75 else None,
        )

    def apply(self, mix: Samples, sample_rate_hz: int) -> Samples:
        """The mix as released."""
        if self.surroundings:
            mix = surround(mix, sample_rate_hz, self.surroundings)
        if self.channel:
            mix = band_limit(mix, sample_rate_hz, self.channel)
        if self.coding:
            mix = code(mix, sample_rate_hz, self.coding)
        return mix

    def to_dict(self) -> dict[str, Any]:
        """The settings that are used, for the metadata."""
        return _used(asdict(self))

    @classmethod
    def from_dict(cls, settings: dict[str, Any]) -> Release:
        """The release that ``to_dict`` described.

        >>> release = Release(channel=Channel(high_hz=5000.0), coding=Coding("mp3", 64))
        >>> Release.from_dict(release.to_dict()) == release
        True
        """
        return cls(
            surroundings=Surroundings(**settings["surroundings"]) if "surroundings" in settings else None,
            channel=Channel(**settings["channel"]) if "channel" in settings else None,
            coding=Coding(**settings["coding"]) if "coding" in settings else None,
        )


def _used(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not None}


def _peak_one(x: Samples) -> Samples:
    peak = float(np.max(np.abs(x), initial=0.0))
    return (x / np.float32(peak)).astype(np.float32) if peak > 1e-9 else x
