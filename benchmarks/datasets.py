"""How fast data sets are indexed and checked, on generated files of the published sizes.

    python benchmarks/datasets.py            # all three
    python benchmarks/datasets.py nsynth     # only one

NSynth: 305,979 entries of ``examples.json`` to a manifest, time and peak memory (goal: under 15 s and 1 GB).
IRMAS: 6,705 training names and 2,874 label files, audio not opened (goal: under 5 s).
Check: reading audio, as a multiple of real time and core (goal: at least 100).
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

N_NSYNTH = {"nsynth-train": 289205, "nsynth-valid": 12678, "nsynth-test": 4096}
FAMILIES = ("bass", "brass", "flute", "guitar", "keyboard", "mallet", "organ", "reed", "string", "synth_lead", "vocal")
IRMAS_CLASSES = ("cel", "cla", "flu", "gac", "gel", "org", "pia", "sax", "tru", "vio", "voi")
CHECK_FILES, CHECK_S = 8, 30.0


def write_nsynth(folder: Path) -> None:
    """Write the three ``examples.json`` as they are published, without audio."""
    for part, count in N_NSYNTH.items():
        (folder / part).mkdir(parents=True)
        with (folder / part / "examples.json").open("w", encoding="utf-8") as file:
            file.write("{\n")
            for number in range(count):
                name, entry = _note(number)
                text = json.dumps(entry, indent=8)
                file.write(f'    "{name}": {text}{"," if number < count - 1 else ""}\n')
            file.write("}\n")


def _note(number: int) -> tuple[str, dict[str, object]]:
    family = number % len(FAMILIES)
    instrument = f"{FAMILIES[family]}_acoustic_{number // 305 % 1000:03d}"
    name = f"{instrument}-{number % 88 + 21:03d}-{(25, 50, 75, 100, 127)[number % 5]:03d}-{number}"
    entry: dict[str, object] = {
        "instrument": number // 305,
        "instrument_family": family,
        "instrument_family_str": FAMILIES[family],
        "instrument_source": 0,
        "instrument_source_str": "acoustic",
        "instrument_str": instrument,
        "note": number,
        "note_str": name,
        "pitch": number % 88 + 21,
        "qualities": [0, 1, 0, 0, 0, 0, 0, 1, 0, 0],
        "qualities_str": ["dark", "percussive"],
        "sample_rate": 16000,
        "velocity": 75,
    }
    return name, entry


def write_irmas(folder: Path) -> None:
    """Write the names of the whole data set, every file empty."""
    for number in range(6705):
        label = IRMAS_CLASSES[number % len(IRMAS_CLASSES)]
        place = folder / "IRMAS-TrainingData" / label
        place.mkdir(parents=True, exist_ok=True)
        (place / f"[{label}][nod][pop_roc]{number // 3:04d}__{number % 3 + 1}.wav").touch()
    for number in range(2874):
        place = folder / f"IRMAS-TestingData-Part{number % 3 + 1}"
        place.mkdir(exist_ok=True)
        (place / f"song {number // 14}-{number}.wav").touch()
        (place / f"song {number // 14}-{number}.txt").write_text("gel\t\nvoi\t\n")


def measured_index(name: str, folder: str) -> None:
    """Index in this fresh process and print seconds, clips and peak memory as JSON."""
    from instrunet.datasets.parsing import IndexOptions
    from instrunet.datasets.registry import index

    began, began_cpu = time.perf_counter(), time.process_time()
    manifest = index(name, folder, options=IndexOptions(require_audio=name != "nsynth"))
    manifest.write(Path(folder) / "bench.parquet", force=True)
    taken_s, cpu_s = time.perf_counter() - began, time.process_time() - began_cpu
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    print(json.dumps({"clips": len(manifest), "seconds": taken_s, "cpu_seconds": cpu_s, "peak_mb": peak_mb}))


def time_index(name: str, folder: Path, goal: str) -> None:
    """Index in a process of its own, so that its peak memory is its own, and print a row."""
    done = subprocess.run(
        [sys.executable, __file__, "--index", name, str(folder)], check=True, capture_output=True, text=True
    )
    said = json.loads(done.stdout)
    times = f"{said['seconds']:6.2f} s (processor {said['cpu_seconds']:.2f} s)"
    print(f"index {name:8} {said['clips']:8,} clips  {times}  {said['peak_mb']:6.0f} MB   goal: {goal}")


def time_check(folder: Path) -> None:
    """Check wav, flac and ogg files and print how many times faster than real time one core reads."""
    import soundfile as sf

    from instrunet.datasets.check import check
    from instrunet.datasets.parsing import IndexOptions
    from instrunet.datasets.registry import index

    rng = np.random.default_rng(7)
    for suffix in ("wav", "flac", "ogg"):
        place = folder / suffix
        (place / "noise").mkdir(parents=True)
        x = rng.normal(0, 0.1, (int(CHECK_S * 44100), 2))
        for number in range(CHECK_FILES):
            sf.write(place / f"noise/{number}.{suffix}", np.roll(x, number * 1000, axis=0), 44100)
        manifest = index("folder", place, options=IndexOptions())
        for workers in (1, 2):
            began = time.process_time()
            report = check(manifest, n_workers=workers)
            one_core = (
                f"{report.seconds_read / max(1e-9, time.process_time() - began):6.0f} x a core" if workers == 1 else ""
            )
            speed = report.seconds_read / report.seconds_taken
            read_min = report.seconds_read / 60
            print(f"check {suffix:5} {read_min:5.0f} min  {workers} process(es): {speed:6.0f} x real time  {one_core}")
    print("goal: at least 100 x real time a core")


def main(wanted: list[str]) -> None:
    """Run what was asked for, or all."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        if not wanted or "nsynth" in wanted:
            write_nsynth(place / "nsynth")
            time_index("nsynth", place / "nsynth", "15 s, 1024 MB")
        if not wanted or "irmas" in wanted:
            write_irmas(place / "irmas")
            time_index("irmas", place / "irmas", "5 s")
        if not wanted or "check" in wanted:
            time_check(place / "check")


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    if sys.argv[1:2] == ["--index"]:
        measured_index(sys.argv[2], sys.argv[3])
    else:
        main(sys.argv[1:])
