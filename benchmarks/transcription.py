"""What each stage from recording to score costs: notes, separation and bars against known pieces.

    PYTHONPATH=. python benchmarks/transcription.py [--seconds 40] [--soundfont FluidR3_GM.sf2]

Pieces of music21's corpus are given to instruments, rendered with FluidSynth and written down again. Note scores are
mir_eval's (onset within 50 ms; with offset: ratio 0.2); "given its instrument" needs the right part, too. Separation
is the change in SI-SDR against taking the mix as it is.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import mir_eval
import numpy as np
from numpy.typing import NDArray

from instrunet.audio import load
from instrunet.transcription.beats import track_beats
from instrunet.transcription.metre import guess_metre
from instrunet.transcription.midi import write_midi
from instrunet.transcription.notes import Note, Part
from instrunet.transcription.separation import Stems, separator, si_sdr_db, summing_to
from instrunet.transcription.unet import UnetSeparator
from instrunet.transcription.writing_down import WritingOptions, write_down

RATE_HZ = 44_100
Samples = NDArray[np.float32]
SOUNDFONTS = ("/usr/share/sounds/sf2/FluidR3_GM.sf2", "/usr/share/sounds/sf2/MuseScore_General_Full.sf2")


@dataclass(frozen=True)
class Piece:
    """A piece of the corpus, who plays which of its staves, its tempo and beats a bar."""

    source: str
    cast: tuple[str, ...]
    staves: tuple[int, ...]
    bpm: float
    beats: int


PIECES = (
    Piece("bwv846", ("piano", "piano"), (0, 1), 72, 4),
    Piece("bach/bwv269", ("piano",) * 4, (0, 1, 2, 3), 96, 3),
    Piece("mozart/k545/movement1_exposition", ("piano", "piano"), (0, 1), 120, 4),
    Piece("haydn/opus74no1/movement1", ("trumpet", "piano"), (0, 2), 110, 4),
    Piece("mozart/k80/movement3", ("clarinet", "double_bass"), (0, 3), 120, 3),
    Piece("haydn/opus74no1/movement1", ("flute", "cello"), (0, 3), 110, 4),
    Piece("mozart/k80/movement3", ("violin", "viola", "cello"), (0, 2, 3), 120, 3),
    Piece("bwv66.6", ("oboe", "clarinet", "french_horn", "bassoon"), (0, 1, 2, 3), 90, 4),
)


def parts_of(piece: Piece, seconds: float) -> tuple[Part, ...]:
    """The notes of a piece by instrument, at a constant tempo."""
    from music21 import corpus

    score = corpus.parse(piece.source)
    notes: dict[str, list[Note]] = {}
    beat_s = 60 / piece.bpm
    for name, staff in zip(piece.cast, piece.staves, strict=True):
        for element in list(score.parts)[staff].flatten().stripTies().notes:
            onset = 0.5 + float(element.offset) * beat_s
            if onset < seconds and "ChordSymbol" not in element.classes:
                length = max(0.1, 0.95 * float(element.quarterLength) * beat_s)
                notes.setdefault(name, []).extend(Note(onset, onset + length, p.midi, 84) for p in element.pitches)
    return tuple(Part(name, tuple(sorted(set(found)))) for name, found in notes.items())


def rendered(parts: Sequence[Part], soundfont: str, folder: Path) -> Samples:
    """Render parts with FluidSynth."""
    midi, wave = folder / "piece.mid", folder / "piece.wav"
    write_midi(midi, parts)
    command = ["fluidsynth", "-ni", "-q", "-F", str(wave), "-r", str(RATE_HZ), "-g", "0.6", soundfont, str(midi)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return load(wave).samples


def f1(truth: Sequence[Note], found: Sequence[Note], *, offsets: bool = False) -> float:
    """Note F1."""
    if not truth or not found:
        return float(not truth and not found)
    times = [np.array([[n.onset_s, n.offset_s] for n in notes]) for notes in (truth, found)]
    pitches = [440 * 2 ** ((np.array([n.pitch for n in notes]) - 69) / 12) for notes in (truth, found)]
    ratio = 0.2 if offsets else None
    scores = mir_eval.transcription.precision_recall_f1_overlap(
        times[0], pitches[0], times[1], pitches[1], offset_ratio=ratio
    )
    return float(scores[2])


def by_instrument(truth: Sequence[Part], found: Sequence[Part]) -> float:
    """F1 over all notes where a note counts only in the right part."""
    guessed = {p.instrument: p.notes for p in found}
    hits = total = 0.0
    for part in truth:
        n = len(part.notes) + len(guessed.get(part.instrument, ()))
        hits += f1(part.notes, guessed.get(part.instrument, ())) * n
        total += n
    return hits / max(total, 1)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--soundfont", default=SOUNDFONTS[0])
    options = parser.parse_args()
    names = ["nmf"] + (["unet"] if UnetSeparator.available() else [])
    head = " ".join(f"{n + ' SI-SDR+':>12s} {n + ' F1':>8s} {n + ' stems':>10s}" for n in names)
    first = f"{'piece':42s} {'notes':>5s} {'mix F1':>7s} {'+off':>5s} {'true stems':>10s}"
    print(f"{first} {head} bars  x time")
    for piece in PIECES:
        with tempfile.TemporaryDirectory() as folder:
            truth = parts_of(piece, options.seconds)
            mix = rendered(truth, options.soundfont, Path(folder))
            alone = {p.instrument: rendered([p], options.soundfont, Path(folder)) for p in truth}
        print(row(piece, truth, mix, alone, names), flush=True)


def row(
    piece: Piece,
    truth: tuple[Part, ...],
    mix: NDArray[np.float32],
    alone: dict[str, NDArray[np.float32]],
    names: list[str],
) -> str:
    """One line of the table."""
    everything = sorted(n for p in truth for n in p.notes)
    perfect = summing_to(mix, alone, RATE_HZ)
    best = write_down(mix, perfect)
    heard = sorted(n for p in best for n in p.notes)
    cells = [
        f"{f1(everything, heard):7.3f} {f1(everything, heard, offsets=True):5.3f} {by_instrument(truth, best):10.3f}"
    ]
    spent = 0.0
    found: tuple[Part, ...] = best
    for name in names:
        began = time.perf_counter()
        stems = _separated(name, mix, tuple(p.instrument for p in truth))
        found = write_down(mix, stems)
        spent += time.perf_counter() - began
        each = write_down(mix, stems, options=WritingOptions(notes_from="stems"))
        gain = [
            si_sdr_db(stems.samples[n], _cut(x, len(mix))) - si_sdr_db(mix, _cut(x, len(mix))) for n, x in alone.items()
        ]
        shown = f"{np.mean(gain):12.2f}" if len(alone) > 1 else f"{'-':>12s}"
        cells.append(f"{shown} {by_instrument(truth, found):8.3f} {by_instrument(truth, each):10.3f}")
    grid = track_beats(found, len(mix) / RATE_HZ)
    metre = guess_metre(grid, found) if grid else None
    told = f"{metre.beats_per_bar}/4 {grid.tempo_bpm:.0f}" if metre and grid else "-"
    right = "ok" if metre and metre.beats_per_bar == piece.beats else f"not {piece.beats}/4"
    label = f"{piece.source.split('/')[-1]}: {', '.join(dict.fromkeys(piece.cast))}"
    seconds = spent / len(names) / (len(mix) / RATE_HZ)
    return f"{label[:42]:42s} {len(everything):5d} {' '.join(cells)} {told} {right} {seconds:6.2f}"


def _separated(name: str, mix: NDArray[np.float32], instruments: tuple[str, ...]) -> Stems:
    if len(instruments) == 1:
        return summing_to(mix, {instruments[0]: mix}, RATE_HZ)
    return separator(name).separate(mix, RATE_HZ, instruments)


def _cut(x: NDArray[np.float32], n: int) -> Samples:
    out = np.zeros(n, np.float32)
    out[: min(n, len(x))] = x[:n]
    return out


if __name__ == "__main__":
    main()
