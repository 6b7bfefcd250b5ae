from __future__ import annotations

import numpy as np

from instrunet.transcription.basic_pitch import FRAMES_PER_S, PitchActivations
from instrunet.transcription.limits import limits_of, within
from instrunet.transcription.note_tracking import TrackingConfig, track
from instrunet.transcription.notes import Note, at_most, monophonic


def activations(notes: list[tuple[int, float, float]], duration_s: float = 4.0) -> PitchActivations:
    n = round(duration_s * FRAMES_PER_S)
    frames, onsets = np.zeros((n, 88), np.float32), np.zeros((n, 88), np.float32)
    contours = np.zeros((n, 264), np.float32)
    for pitch, start_s, end_s in notes:
        a, b, key = round(start_s * FRAMES_PER_S), round(end_s * FRAMES_PER_S), pitch - 21
        frames[a:b, key] = 0.9
        onsets[a, key] = 0.95
        contours[a:b, key * 3] = 0.9
    return PitchActivations(frames, onsets, contours)


def test_notes_come_back_where_they_were() -> None:
    truth = [(60, 0.5, 1.0), (64, 0.5, 1.5), (60, 1.0, 2.0), (72, 2.5, 3.0)]
    found = track(activations(truth))
    assert [n.pitch for n in found] == [60, 64, 60, 72]
    for note, (_, start_s, end_s) in zip(found, truth, strict=True):
        assert abs(note.onset_s - start_s) < 0.02
        assert abs(note.offset_s - end_s) < 0.03
        assert all(abs(b) < 0.05 for b in note.bends)


def test_silence_has_no_notes() -> None:
    assert track(activations([])) == ()


def test_strong_frames_without_an_onset_are_a_note_too() -> None:
    heard = activations([(57, 1.0, 2.0)])
    heard.onsets[:] = 0
    (note,) = track(heard, TrackingConfig(onset_threshold=0.99))
    assert note.pitch == 57
    assert track(heard, TrackingConfig(onset_threshold=0.99, rescue=False)) == ()


def test_the_range_is_respected() -> None:
    heard = activations([(40, 0.5, 1.0), (80, 0.5, 1.0)])
    assert [n.pitch for n in track(heard, TrackingConfig(low=60))] == [80]


def test_one_note_at_a_time() -> None:
    line = monophonic([Note(0.0, 1.0, 60), Note(0.5, 1.5, 64), Note(0.51, 0.6, 67, confidence=0.1)])
    assert [(n.pitch, n.offset_s) for n in line] == [(60, 0.5), (64, 1.5)]


def test_the_least_sure_note_of_a_crowd_goes() -> None:
    chord = [Note(0.0, 1.0, 60 + k, confidence=0.5 + 0.1 * k) for k in range(4)]
    assert [n.pitch for n in at_most(chord, 3)] == [61, 62, 63]


def test_a_flute_plays_no_low_notes_and_no_chords() -> None:
    notes = (Note(0.0, 1.0, 30), Note(0.0, 1.0, 72), Note(0.5, 1.0, 76), Note(2.0, 2.01, 74))
    assert [n.pitch for n in within(notes, limits_of("flute"))] == [72, 76]
