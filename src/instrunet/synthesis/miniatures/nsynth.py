"""NSynth in small: single notes of four seconds, three folders with ``examples.json`` and ``audio``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from instrunet.synthesis.miniatures.clips import Clip, generator
from instrunet.synthesis.miniatures.sound_files import write_pcm
from instrunet.synthesis.miniatures.sounds import Note, play
from instrunet.synthesis.miniatures.timbres import TIMBRES

FAMILIES = ("bass", "brass", "flute", "guitar", "keyboard", "mallet", "organ", "reed", "string", "synth_lead", "vocal")
SOURCES = ("acoustic", "electronic", "synthetic")
QUALITIES = (
    "bright",
    "dark",
    "distortion",
    "fast_decay",
    "long_release",
    "multiphonic",
    "nonlinear_env",
    "percussive",
    "reverb",
    "tempo-synced",
)
PLAYERS = {
    "bass": "electric_bass",
    "brass": "trumpet",
    "flute": "flute",
    "guitar": "acoustic_guitar",
    "keyboard": "piano",
    "mallet": "mallet_percussion",
    "organ": "organ",
    "reed": "saxophone",
    "string": "violin",
    "synth_lead": "synthesizer",
    "vocal": "voice",
}
"""Which timbre plays each family here."""
VELOCITIES = (25, 50, 75, 100, 127)
SUBSETS = {"train": (0, 2, 3), "valid": (2, 1, 2), "test": (3, 1, 2)}
"""The first instrument of a family in each part, how many instruments there are, and how many notes each plays."""
SPLITS = {"train": "train", "valid": "validation", "test": "test"}
SAMPLE_RATE_HZ = 16_000
HELD_S, LENGTH_S = 3.0, 4.0


def write_nsynth(folder: Path, *, seed: int, scale: int) -> tuple[Clip, ...]:
    """Write 66 training notes, and 20 each for validation and test, whose instruments training never hears."""
    clips: list[Clip] = []
    number = 0
    for subset, (first, n_instruments, n_notes) in SUBSETS.items():
        examples = {}
        # As in the original, synth_lead exists for training only, and no instrument stands in two parts.
        for family in FAMILIES if subset == "train" else [f for f in FAMILIES if f != "synth_lead"]:
            for instrument in range(first * scale, (first + n_instruments) * scale):
                for take in range(n_notes):
                    entry = _entry(family, instrument, generator(seed, "nsynth", subset, family, instrument, take))
                    if entry["note_str"] in examples:
                        continue
                    examples[entry["note_str"]] = {"note": (number := number + 1), **entry}
                    path = f"nsynth-{subset}/audio/{entry['note_str']}.wav"
                    _write(folder / path, family, entry, generator(seed, "nsynth", path))
                    clips.append(Clip(path, (family,), SPLITS[subset]))
        (folder / f"nsynth-{subset}" / "examples.json").write_text(json.dumps(examples, indent=4, sort_keys=True))
    return tuple(clips)


def _entry(family: str, instrument: int, rng: np.random.Generator) -> dict[str, Any]:
    timbre = TIMBRES[PLAYERS[family]]
    source = 2 if family == "synth_lead" else instrument % len(SOURCES)
    name = f"{family}_{SOURCES[source]}_{instrument:03d}"
    pitch, velocity = int(rng.integers(timbre.low, timbre.high + 1)), int(rng.choice(VELOCITIES))
    present = [bool(x) for x in rng.random(len(QUALITIES)) < 0.15]
    return {
        "note_str": f"{name}-{pitch:03d}-{velocity:03d}",
        "instrument": FAMILIES.index(family) * 100 + instrument,
        "instrument_str": name,
        "instrument_family": FAMILIES.index(family),
        "instrument_family_str": family,
        "instrument_source": source,
        "instrument_source_str": SOURCES[source],
        "pitch": pitch,
        "velocity": velocity,
        "sample_rate": SAMPLE_RATE_HZ,
        "qualities": [int(p) for p in present],
        "qualities_str": [q for q, p in zip(QUALITIES, present, strict=True) if p],
    }


def _write(path: Path, family: str, entry: dict[str, Any], rng: np.random.Generator) -> None:
    note = Note(0.0, HELD_S, entry["pitch"], entry["velocity"])
    sound = play(PLAYERS[family], (note,), LENGTH_S, sample_rate_hz=SAMPLE_RATE_HZ, rng=rng)
    write_pcm(path, sound * np.float32(note.velocity / 127), SAMPLE_RATE_HZ)
