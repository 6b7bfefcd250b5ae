from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from instrunet.errors import InstrunetError
from instrunet.synthesis.singing import Ensemble, Singer, Syllable, Voices, sing, sing_line
from instrunet.synthesis.singing.singers import frame_order
from instrunet.synthesis.singing.syllables import VOICE_RATE_HZ, syllables_of, world
from tests.synth import Samples, silence, tone


@dataclass(frozen=True)
class Note:
    start_s: float
    duration_s: float
    pitch: float
    loudness: float = 0.8


def _vowel(hz: float = 200.0, duration_s: float = 0.4) -> Samples:
    return tone(hz, duration_s, partials=20)


@pytest.fixture(scope="module")
def syllables() -> list[Syllable]:
    voice = np.concatenate([silence(0.05), _vowel(), silence(0.1), _vowel(), silence(0.05)])
    return syllables_of(voice, VOICE_RATE_HZ)


def _heard_pitch(x: Samples, from_s: float, to_s: float) -> float:
    pw = world()
    f0, times = pw.dio(x.astype(np.float64), VOICE_RATE_HZ)
    inside = f0[(times > from_s) & (times < to_s) & (f0 > 0)]
    return float(np.median(69 + 12 * np.log2(inside / 440)))


PLAIN = Singer("b", middle=57, vibrato_cents=0, scoop=0, drift_cents=0)


def test_two_sounds_with_a_gap_are_two_syllables(syllables: list[Syllable]) -> None:
    assert len(syllables) == 2
    assert all(0.3 < syllable.n_frames * 0.005 < 0.5 for syllable in syllables)


def test_a_line_is_sung_at_its_pitches_and_times(syllables: list[Syllable], rng: np.random.Generator) -> None:
    notes = [Note(0.2, 0.4, 57), Note(0.7, 0.4, 61)]
    x = sing_line(notes, syllables, PLAIN, length_s=1.2, rng=rng)
    assert _heard_pitch(x, 0.35, 0.5) == pytest.approx(57, abs=0.3)
    assert _heard_pitch(x, 0.85, 1.0) == pytest.approx(61, abs=0.3)
    assert np.abs(x[: int(0.15 * VOICE_RATE_HZ)]).max() < 1e-3 * np.abs(x).max()
    assert len(x) == round(1.2 * VOICE_RATE_HZ)


def test_a_line_out_of_reach_moves_by_octaves(syllables: list[Syllable], rng: np.random.Generator) -> None:
    x = sing_line([Note(0.1, 0.5, 93)], syllables, PLAIN, length_s=0.7, rng=rng)
    assert _heard_pitch(x, 0.3, 0.5) == pytest.approx(57, abs=0.3)


def test_nothing_to_sing_is_silence(syllables: list[Syllable], rng: np.random.Generator) -> None:
    assert not np.any(sing_line([], syllables, PLAIN, length_s=0.2, rng=rng))


@pytest.mark.parametrize(("n_frames", "n_onset", "before", "held"), [(30, 5, 5, 10), (30, 5, 0, 25), (10, 0, 0, 400)])
def test_frames_are_always_those_of_the_syllable(n_frames: int, n_onset: int, before: int, held: int) -> None:
    order = frame_order(n_frames, n_onset, before, held)
    assert len(order) == before + held
    assert order.min() >= 0
    assert order.max() < n_frames


def test_a_smaller_singer_has_higher_formants(syllables: list[Syllable]) -> None:
    notes = [Note(0.05, 0.5, 57)]
    centres = []
    for formant in (0.8, 1.25):
        singer = Singer("b", formant=formant, middle=57, vibrato_cents=0)
        x = sing_line(notes, syllables, singer, length_s=0.6, rng=np.random.default_rng(1))
        power = np.abs(np.fft.rfft(x)) ** 2
        hz = np.fft.rfftfreq(len(x), 1 / VOICE_RATE_HZ)
        centres.append(float(np.sum(hz * power) / np.sum(power)))
    assert centres[1] > 1.1 * centres[0]


def test_a_folder_without_an_index_is_named(tmp_path: Path) -> None:
    with pytest.raises(InstrunetError, match="no voice banks"):
        Voices.open(tmp_path)


def test_recorded_banks_sing_the_same_from_cache_or_not(shared: Path, tmp_path: Path) -> None:
    rows = tuple(row for row in Voices.open(shared / "voice").rows if row.bank == "minato86")[:3]
    fresh, kept = Voices(shared / "voice", rows), Voices(shared / "voice", rows, tmp_path)
    sung = []
    for voices in (kept, kept, fresh):
        rng = np.random.default_rng(5)
        ensemble = Ensemble((Singer.draw(rng, voices),) * 2)
        sung.append(sing([Note(0.1, 0.4, 60)], voices, ensemble, length_s=0.6, rng=rng))
    assert np.array_equal(sung[0], sung[1])
    assert np.corrcoef(sung[0], sung[2])[0, 1] > 0.99
    assert np.abs(sung[0]).max() == pytest.approx(0.9, abs=1e-3)
    assert len(list(tmp_path.glob("*.npz"))) > 0


def test_an_unknown_bank_is_named(shared: Path, rng: np.random.Generator) -> None:
    with pytest.raises(InstrunetError, match="caruso"):
        Voices.open(shared / "voice").syllables("caruso", rng, least=1)
