from __future__ import annotations

import csv

import numpy as np
import pytest
import soundfile

from instrunet.errors import InstrunetError
from instrunet.labels import INSTRUMENT_IDS
from instrunet.synthesis.bank import WORDS, NoteBank, sample_notes, shippable, write_bank
from tests.synthesis.note_material import row, small_bank, tone


def test_what_was_written_is_read_back(tmp_path):
    bank = small_bank(tmp_path)
    assert len(bank) == 9
    assert np.abs(bank.samples(1) - tone(66.0)).max() < 1e-4


def test_patches_group_by_instrument_source_and_patch(tmp_path):
    tree = small_bank(tmp_path).patches()
    assert tree["flute"]["one"]["a"] == [0, 1, 2]
    assert set(tree) == {"flute", "piano", "drums"}


def test_banks_join(tmp_path):
    write_bank(tmp_path / "x", [(row("harp", "s", 60.0), tone(60.0))])
    write_bank(tmp_path / "y", [(row("harp", "t", 62.0), tone(62.0)), (row("harp", "t", 64.0), tone(64.0))])
    bank = NoteBank.open(tmp_path / "x", tmp_path / "y")
    assert [r.source for r in bank.rows] == ["s", "t", "t"]
    assert np.abs(bank.samples(2) - tone(64.0)).max() < 1e-4


def test_a_folder_without_a_bank_is_named(tmp_path):
    with pytest.raises(InstrunetError, match=r"notes\.jsonl"):
        NoteBank.open(tmp_path)


def test_words_are_canonical():
    assert set(WORDS.values()) <= set(INSTRUMENT_IDS)


def test_non_commercial_libraries_are_left_out():
    assert not any(shippable(name) for name in ("jrhodes3d", "terkelsen_marimba", "oramics_dm_TR909_SP", "merlin"))


def _collection(folder, entries):
    fields = ("path instrument detail library midi_pitch velocity_layer loopable licence pitch_pyin").split()
    with (folder / "index.csv").open("w", newline="") as handle:
        writer = csv.DictWriter(handle, fields, restval="")
        writer.writeheader()
        for number, entry in enumerate(entries):
            soundfile.write(folder / f"{number}.wav", tone(60.0, 0.2), 32_000)
            writer.writerow({"path": f"{number}.wav", "loopable": "0", "licence": "CC0"} | entry)


def test_a_collection_becomes_notes(tmp_path):
    _collection(
        tmp_path,
        [
            {"instrument": "bass_clarinet", "library": "x", "midi_pitch": "60", "pitch_pyin": "60.2"},
            {"instrument": "percussion_other", "detail": "timpani", "library": "x"},
            {"instrument": "bagpipe", "library": "x", "midi_pitch": "60"},
            {"instrument": "electric_piano", "library": "jrhodes3d", "midi_pitch": "60"},
            {"instrument": "flute", "library": "x", "midi_pitch": "72", "pitch_pyin": "60.0"},
        ],
    )
    rows = [r for r, _ in sample_notes(tmp_path)]
    assert [(r.instrument, r.pitch) for r in rows] == [("clarinet", 60.2), ("timpani", None), ("flute", 72.0)]
    everything = [r.instrument for r, _ in sample_notes(tmp_path, only_shippable=False)]
    assert "electric_piano" in everything


def test_a_folder_without_an_index_is_named(tmp_path):
    with pytest.raises(InstrunetError, match=r"index\.csv"):
        next(sample_notes(tmp_path))
