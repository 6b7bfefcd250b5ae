from __future__ import annotations

import numpy as np
import pytest

from instrunet.errors import InstrunetError
from instrunet.synthesis.bank import SAMPLE_RATE_HZ
from instrunet.synthesis.pipe_organ import CURVE, HEADER_BYTES, N_HARMONICS, pipe_note, pipe_organ_notes, read_stop


def stop_file(path, *, levels=(-20.0, -26.0, -32.0), ratio=(1, 1), size=N_HARMONICS):
    """A stop whose first harmonics have these levels; everything else is silent, steady and quick."""
    header = bytearray(HEADER_BYTES)
    header[:8] = b"AEOLUS\0\2"
    header[26], header[28:32] = size, bytes([36, 96, *ratio])
    values = np.zeros(8 + 4 * N_HARMONICS, CURVE)
    values["at"][6] = 0.1  # decay
    values["at"][8 : 8 + N_HARMONICS] = -100.0
    for number, level in enumerate(levels):
        values["at"][8 + number] = level
    values["at"][8 + 2 * N_HARMONICS : 8 + 3 * N_HARMONICS] = 0.02
    path.write_bytes(bytes(header) + values.tobytes())
    return path


def strongest_hz(x):
    spectrum = np.abs(np.fft.rfft(x[:SAMPLE_RATE_HZ] * np.hanning(SAMPLE_RATE_HZ)))
    return float(np.argmax(spectrum))


def test_a_pipe_sounds_at_its_key_and_a_four_foot_stop_an_octave_above(tmp_path, rng):
    eight = read_stop(stop_file(tmp_path / "a.ae0"))
    four = read_stop(stop_file(tmp_path / "b.ae0", ratio=(2, 1)))
    assert strongest_hz(pipe_note([eight], 69, rng)) == pytest.approx(440, abs=2)
    assert strongest_hz(pipe_note([four], 69, rng)) == pytest.approx(880, abs=2)


def test_harmonics_have_the_levels_of_the_file(tmp_path, rng):
    x = pipe_note([read_stop(stop_file(tmp_path / "a.ae0"))], 57, rng)
    spectrum = np.abs(np.fft.rfft(x[8000 : 8000 + SAMPLE_RATE_HZ] * np.hanning(SAMPLE_RATE_HZ)))
    first, second, fourth = (spectrum[220 * k - 3 : 220 * k + 4].max() for k in (1, 2, 4))
    assert 20 * np.log10(second / first) == pytest.approx(-6, abs=0.5)
    assert fourth < first / 1000


def test_registrations_with_all_their_stops_become_patches(tmp_path):
    for name in ("I_principal_8", "I_principal_4", "cromhorne"):
        stop_file(tmp_path / f"{name}.ae0")
    rows = [row for row, _ in pipe_organ_notes(tmp_path)]
    assert {row.patch for row in rows} == {"principal", "principals", "cromhorne"}
    assert {row.instrument for row in rows} == {"organ"}
    assert rows[0].pitch == 36


def test_what_is_no_stop_is_refused(tmp_path):
    with pytest.raises(InstrunetError, match="install the system package 'stops'"):
        next(pipe_organ_notes(tmp_path))
    (tmp_path / "x.ae0").write_bytes(b"AEOLUS")
    with pytest.raises(InstrunetError, match="not a stop file"):
        read_stop(tmp_path / "x.ae0")
    with pytest.raises(InstrunetError, match="not a stop file"):
        read_stop(stop_file(tmp_path / "y.ae0", size=48))
