from __future__ import annotations

import itertools

import numpy as np
import pytest

from instrunet.labels import INSTRUMENT_IDS
from instrunet.synthesis.miniatures.sounds import Note, phrase, play
from instrunet.synthesis.miniatures.timbres import TIMBRES, timbre_of

RATE = 16_000


def test_every_canonical_instrument_has_a_timbre() -> None:
    assert set(TIMBRES) == {*INSTRUMENT_IDS, "unknown"}


@pytest.mark.parametrize("instrument", ["flute", "trumpet", "clarinet", "oboe"])
def test_a_note_has_the_pitch_that_was_asked_for(instrument: str, rng: np.random.Generator) -> None:
    x = play(instrument, (Note(0.0, 1.0, 69),), 1.0, sample_rate_hz=RATE, rng=rng)
    spectrum = np.abs(np.fft.rfft(x * np.hanning(len(x)))) ** 2
    octave = np.abs(np.arange(len(spectrum)) - 440) < 100
    assert abs(int(np.argmax(np.where(octave, spectrum, 0))) - 440) <= 4
    harmonics = sum(spectrum[440 * k - 15 : 440 * k + 16].sum() for k in range(1, 17))
    assert harmonics > 0.7 * spectrum.sum()


def test_a_phrase_stays_in_its_time_and_is_silent_before_it(rng: np.random.Generator) -> None:
    for instrument in ("violin", "drums", "piano", "cymbals"):
        notes = phrase(instrument, 1.0, rng, start_s=0.5)
        assert min(n.start_s for n in notes) == 0.5
        assert max(n.start_s + n.duration_s for n in notes) <= 1.9
        x = play(instrument, notes, 2.0, sample_rate_hz=RATE, rng=rng)
        assert len(x) == 2 * RATE
        assert not x[: RATE // 2].any()
        assert np.abs(x).max() == pytest.approx(0.5)


def test_no_two_timbres_sound_alike() -> None:
    """The mean spectrum in bands of a third of an octave tells any two instruments apart."""
    edges = 60 * 2 ** (np.arange(25) / 3)
    prints = {}
    for instrument in TIMBRES:
        rng = np.random.default_rng(1)
        midi = (TIMBRES[instrument].low + TIMBRES[instrument].high) // 2
        x = play(instrument, (Note(0.0, 0.5, midi), Note(0.6, 0.3, midi)), 1.0, sample_rate_hz=44_100, rng=rng)
        power = np.abs(np.fft.rfft(x)) ** 2
        bands = np.histogram(np.fft.rfftfreq(len(x), 1 / 44_100), edges, weights=power)[0]
        prints[instrument] = 10 * np.log10(bands / bands.sum() + 1e-6)
    closest = min(np.abs(prints[a] - prints[b]).mean() for a, b in itertools.combinations(prints, 2))
    assert closest > 0.5


def test_words_that_name_no_instrument_sound_unknown() -> None:
    assert timbre_of("medleydb", "Main System") == "unknown"
    assert timbre_of("openmic", "guitar") in {"acoustic_guitar", "electric_guitar"}
