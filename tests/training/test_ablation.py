"""The ablation end to end on a store of tones: every variant is trained, predicts, and is scored."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from instrunet import audio
from instrunet.synthesis.bank import NoteRow, write_bank
from instrunet.synthesis.store import STEM_SAMPLES, Stem, levels_db, write_shard
from tests.synth import tone

pytest.importorskip("torch")
ROOT = Path(__file__).resolve().parents[2]
SCORER = """
import csv, sys
rows = list(csv.DictReader(open(sys.argv[2])))
print(f"solo  n={len(rows):4d} macro-AP=0.500 [0.400, 0.600] micro-AP=0.300 top-1=0.250 (n=2) best micro-F1=0.1@0.1")
"""


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    x = tone(440.0, 10.0).astype(np.float32)[:STEM_SAMPLES]
    kinds = {"font": "sound-font font", "library": "CC0"}
    write_bank(
        tmp_path / "banks" / "all",
        [(NoteRow("flute", k, "p", "", 69.0, 0.8, 0, 0, True, kinds[k]), x[:3200]) for k in kinds],
    )
    stems = [
        (Stem(name, source, "p", treatment, levels_db(x), piece), x)
        for name in ("flute", "voice")
        for source in (*kinds, "sung_a")
        for treatment in ("dry", "studio")
        for piece in ("", "one")
    ]
    write_shard(tmp_path / "stems", "shard-0000", stems)
    return tmp_path


@pytest.fixture
def realworld(tmp_path: Path) -> Path:
    folder = tmp_path / "realworld"
    (folder / "clips").mkdir(parents=True)
    audio.write(folder / "clips" / "a.wav", tone(440.0, 1.0), 32_000)
    audio.write(folder / "clips" / "b.wav", tone(440.0, 4.0), 32_000)
    (folder / "labels.csv").write_text("file,split,kind\na.wav,dev,solo\nb.wav,dev,solo\nc.wav,train,solo\n")
    (folder / "score.py").write_text(SCORER)
    return folder


@pytest.mark.slow
def test_every_variant_gets_a_row_and_nothing_is_trained_twice(corpus: Path, realworld: Path) -> None:
    command = [sys.executable, str(ROOT / "recipes" / "ablation.py"), str(corpus), "--realworld", str(realworld)]
    command += ["--steps", "2", "--clips", "4"]
    around = os.environ | {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    first, again = (
        subprocess.run(command, check=True, capture_output=True, text=True, env=around).stdout for _ in range(2)
    )
    assert first == again
    names = [line.split("|")[1].strip() for line in first.splitlines() if "0.500 [0.400, 0.600]" in line]
    assert names == ["sound-fonts only", "+ recorded notes", "+ studio", "+ coherent music", "+ singing"]
    with (corpus / "ablation-1" / "5.csv").open(newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["file"] for row in rows] == ["a.wav", "b.wav"]
    assert all(0 <= float(row["flute"]) <= 1 for row in rows)
