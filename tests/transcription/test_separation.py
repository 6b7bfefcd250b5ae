from __future__ import annotations

import numpy as np
import pytest

from instrunet.errors import UsageError
from instrunet.features.spectrum import SpectrumConfig, analyse, synthesise
from instrunet.transcription.attribution import attribute
from instrunet.transcription.nmf import NmfConfig, NmfSeparator
from instrunet.transcription.notes import Note
from instrunet.transcription.separation import separator, si_sdr_db, summing_to
from instrunet.transcription.timbre import note_spectrum, timbres
from tests.synth import noise, tone

RATE = 22_050


def note_of(name: str, pitch: int, duration_s: float = 2.0) -> np.ndarray:
    """A tone with an instrument's measured partials."""
    timbre = timbres()[name]
    levels = [np.interp(pitch, timbre.pitches, [row[k] for row in timbre.partials_db]) for k in range(12)]
    hz = 440 * 2 ** ((pitch - 69) / 12)
    parts = [
        10 ** (db / 20) * tone(hz * (k + 1), duration_s, sample_rate_hz=RATE, level=1.0) for k, db in enumerate(levels)
    ]
    total = np.sum(parts, axis=0)
    return (0.3 * total / np.abs(total).max()).astype(np.float32)


def test_the_spectrum_is_lossless(rng: np.random.Generator) -> None:
    x = noise(1.0, rng, sample_rate_hz=RATE)
    config = SpectrumConfig()
    assert np.abs(synthesise(analyse(x, config), len(x), config) - x).max() < 1e-5


def test_stems_and_rest_are_the_mix(rng: np.random.Generator) -> None:
    mix = noise(0.5, rng)
    stems = summing_to(mix, {"piano": mix[:1000] * 0.5, "flute": np.zeros(20_000, np.float32)}, 32_000)
    assert np.abs(stems.sum() - mix).max() < 1e-6


def test_nmf_takes_two_unlike_instruments_apart() -> None:
    low, high = note_of("double_bass", 36), note_of("flute", 79)
    stems = NmfSeparator().separate(low + high, RATE, ("double_bass", "flute"))
    assert si_sdr_db(stems.samples["double_bass"], low) > 10
    assert si_sdr_db(stems.samples["flute"], high) > 10
    assert np.abs(stems.sum() - (low + high)).max() < 1e-5


def test_nmf_in_pieces_is_nmf_in_one(rng: np.random.Generator) -> None:
    mix = np.concatenate([note_of("flute", p, 1.0) for p in (72, 76, 79, 74)])
    config = NmfConfig(iterations=15, adaptation=0)
    whole = NmfSeparator(config).separate(mix, RATE, ("flute",)).samples["flute"]
    pieces = NmfSeparator(NmfConfig(iterations=15, adaptation=0, piece_s=2.0)).separate(mix, RATE, ("flute",))
    assert si_sdr_db(pieces.samples["flute"], whole) > 20


def test_a_measured_timbre_has_its_fundamental_where_it_belongs() -> None:
    frequencies = SpectrumConfig().frequencies_hz
    spectrum = note_spectrum(timbres()["flute"], 81, frequencies, 12.0)
    assert abs(frequencies[spectrum.argmax()] - 880) < 12


def test_a_note_goes_to_the_stem_that_sounds() -> None:
    bass, flute = note_of("cello", 40), note_of("flute", 79)
    stems = summing_to(bass + flute, {"cello": bass, "flute": flute}, RATE)
    parts = attribute((Note(0.0, 1.0, 40), Note(0.1, 1.0, 79)), stems)
    assert {p.instrument: [n.pitch for n in p.notes] for p in parts} == {"cello": [40], "flute": [79]}


def test_a_note_after_the_first_block_is_told_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("instrunet.transcription.attribution.BLOCK_S", 1.0)
    bass, flute = note_of("cello", 40), note_of("flute", 79)
    low = np.concatenate([bass, np.zeros_like(bass)])
    high = np.concatenate([np.zeros_like(flute), flute])
    parts = attribute(
        (Note(0.5, 1.5, 55), Note(2.5, 3.0, 60)), summing_to(low + high, {"cello": low, "flute": high}, RATE)
    )
    assert {p.instrument: [n.pitch for n in p.notes] for p in parts} == {"cello": [55], "flute": [60]}


def test_no_notes_where_the_instrument_was_not_recognised() -> None:
    flute = note_of("flute", 79)
    stems = summing_to(flute, {"flute": flute}, RATE)
    (part,) = attribute((Note(0.0, 1.0, 79),), stems, playing={"flute": ((5.0, 9.0),)})
    assert part.notes == ()


def test_an_unknown_separator_is_named() -> None:
    with pytest.raises(UsageError, match="magic"):
        separator("magic")


def test_a_note_whose_likeliest_owner_is_busy_goes_to_the_next() -> None:
    trumpet = note_of("trumpet", 72) + np.float32(0.7) * note_of("trumpet", 64)
    piano = np.float32(0.3) * note_of("piano", 64)
    stems = summing_to(trumpet + piano, {"trumpet": trumpet, "piano": piano}, RATE)
    parts = attribute((Note(0.0, 1.0, 72), Note(0.0, 1.0, 64)), stems)
    assert {p.instrument: [n.pitch for n in p.notes] for p in parts} == {"trumpet": [72], "piano": [64]}


def test_a_note_of_nobody_is_left_out() -> None:
    flute, stranger = note_of("flute", 84), note_of("trumpet", 67)
    stems = summing_to(flute + stranger, {"flute": flute}, RATE)
    (part,) = attribute((Note(0.0, 1.0, 84), Note(0.5, 1.0, 67)), stems)
    assert [n.pitch for n in part.notes] == [84]
