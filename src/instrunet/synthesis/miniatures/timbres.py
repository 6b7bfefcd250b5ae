"""Simple timbres: one small recipe of partials, noise and envelope for each canonical instrument."""

from __future__ import annotations

from dataclasses import dataclass

from instrunet.labels import to_canonical

STRUCK_S = 0.25


@dataclass(frozen=True)
class Timbre:
    """How one instrument of a miniature sounds: enough to tell it from the others, nothing more.

    Attributes:
        low: lowest MIDI note that a phrase uses.
        high: highest MIDI note that a phrase uses.
        tilt_db: level of each further octave of partials.
        even: level of the even partials against the odd ones.
        formants_hz: centres of resonances that lift the partials near them.
        attack_s: time to full level.
        decay_s: time to fall by 1/e; 0 for a sustained sound.
        noise: level of breath, bow or hammer noise.
        noise_hz: band of that noise.
        vibrato_cents: depth of a 5.5 Hz vibrato.
        stretch: inharmonicity, as in stiff strings and bars.
        detune_cents: a second voice this far away (choruses, accordions, sections).
        n_partials: how many partials are drawn.
        chord: how many notes sound together.
    """

    low: int
    high: int
    tilt_db: float = -9.0
    even: float = 1.0
    formants_hz: tuple[float, ...] = ()
    attack_s: float = 0.01
    decay_s: float = 0.0
    noise: float = 0.0
    noise_hz: tuple[float, float] = (500.0, 4000.0)
    vibrato_cents: float = 0.0
    stretch: float = 0.0
    detune_cents: float = 0.0
    n_partials: int = 10
    chord: int = 1


TIMBRES: dict[str, Timbre] = {
    "voice": Timbre(
        52, 72, -12, formants_hz=(650, 1100, 2700), attack_s=0.06, vibrato_cents=45, noise=0.02, n_partials=16
    ),
    "piano": Timbre(40, 80, -10, decay_s=0.6, stretch=3e-4, noise=0.02, noise_hz=(80, 900), chord=3),
    "electric_piano": Timbre(40, 76, -18, even=0.4, decay_s=0.9, detune_cents=3, n_partials=6, chord=2),
    "organ": Timbre(40, 76, -3, n_partials=8, noise=0.01, noise_hz=(3000, 8000), detune_cents=2, chord=3),
    "harpsichord": Timbre(45, 80, -3, decay_s=0.35, n_partials=20, noise=0.05, noise_hz=(3000, 9000), chord=2),
    "accordion": Timbre(50, 80, -4, detune_cents=14, attack_s=0.04, n_partials=14, chord=2),
    "harmonica": Timbre(60, 84, -5, even=0.6, formants_hz=(1800,), noise=0.05, vibrato_cents=20, n_partials=12),
    "synthesizer": Timbre(40, 80, -6, detune_cents=24, n_partials=20, attack_s=0.02, chord=3),
    "acoustic_guitar": Timbre(45, 72, -8, decay_s=0.35, formants_hz=(110, 220), noise=0.03, n_partials=14, chord=3),
    "electric_guitar": Timbre(
        45, 76, -2, formants_hz=(1500, 3000), detune_cents=5, decay_s=1.5, n_partials=18, chord=2
    ),
    "banjo": Timbre(55, 80, -2, decay_s=0.12, formants_hz=(900, 2500), noise=0.04, n_partials=14),
    "mandolin": Timbre(60, 86, -6, decay_s=0.15, detune_cents=10, noise=0.03, n_partials=12),
    "ukulele": Timbre(60, 80, -14, decay_s=0.2, formants_hz=(500,), n_partials=8, chord=3),
    "harp": Timbre(45, 90, -16, decay_s=0.8, n_partials=6, chord=2),
    "sitar": Timbre(50, 74, -1, decay_s=0.7, formants_hz=(2200, 3600), detune_cents=7, n_partials=24),
    "electric_bass": Timbre(28, 48, -10, decay_s=0.7, n_partials=10),
    "double_bass": Timbre(28, 48, -14, decay_s=0.35, formants_hz=(100, 250), noise=0.05, noise_hz=(100, 800)),
    "violin": Timbre(55, 90, -5, formants_hz=(460, 1200, 2800), attack_s=0.08, vibrato_cents=30, noise=0.04),
    "viola": Timbre(48, 78, -6, formants_hz=(350, 900, 1800), attack_s=0.09, vibrato_cents=25, noise=0.04),
    "cello": Timbre(36, 67, -6, formants_hz=(220, 600, 1500), attack_s=0.09, vibrato_cents=22, noise=0.04),
    "string_section": Timbre(43, 80, -7, attack_s=0.18, detune_cents=18, vibrato_cents=15, noise=0.08, chord=2),
    "flute": Timbre(60, 93, -20, attack_s=0.06, noise=0.16, noise_hz=(1500, 6000), vibrato_cents=15, n_partials=5),
    "clarinet": Timbre(50, 84, -7, even=0.05, attack_s=0.04, noise=0.02, n_partials=13),
    "oboe": Timbre(58, 86, -4, formants_hz=(1100, 2700), attack_s=0.03, n_partials=14),
    "bassoon": Timbre(34, 66, -6, formants_hz=(500, 1150), attack_s=0.04, n_partials=16),
    "saxophone": Timbre(
        46, 80, -5, formants_hz=(700, 1500), attack_s=0.03, noise=0.08, vibrato_cents=25, n_partials=16
    ),
    "trumpet": Timbre(55, 84, -2, formants_hz=(1200, 2200), attack_s=0.03, n_partials=18),
    "trombone": Timbre(40, 70, -3, formants_hz=(520, 1500), attack_s=0.05, n_partials=20),
    "french_horn": Timbre(41, 74, -12, formants_hz=(340, 750), attack_s=0.07, n_partials=10),
    "tuba": Timbre(28, 55, -11, formants_hz=(230,), attack_s=0.06, n_partials=12),
    "brass_section": Timbre(43, 76, -2, detune_cents=12, formants_hz=(1300,), attack_s=0.05, n_partials=16, chord=3),
    "drums": Timbre(36, 49, noise=1.0, decay_s=STRUCK_S),
    "cymbals": Timbre(49, 51, noise=1.0, noise_hz=(5000, 15000), decay_s=0.8, n_partials=0),
    "hand_percussion": Timbre(54, 80, -20, noise=0.6, noise_hz=(700, 2500), decay_s=0.08, n_partials=2),
    "timpani": Timbre(40, 55, -12, stretch=0.06, decay_s=0.5, noise=0.1, noise_hz=(60, 400), n_partials=5),
    "mallet_percussion": Timbre(60, 92, -14, stretch=0.25, decay_s=0.25, n_partials=4, chord=2),
    "unknown": Timbre(40, 90, -1, even=0.2, stretch=0.4, noise=0.8, noise_hz=(200, 9000), decay_s=0.5, n_partials=5),
}
"""A timbre for each canonical instrument, and ``unknown`` for words that name none (effects, crowd, ambience)."""


def timbre_of(source: str, word: str) -> str:
    """Name the timbre that plays a data set's word: its first canonical instrument, or ``unknown``.

    >>> timbre_of("irmas", "cel"), timbre_of("medleydb", "fx/processed sound")
    ('cello', 'unknown')
    """
    return next(iter(to_canonical(source, word)), "unknown")
