"""What each stage from recording to score costs: notes, separation and bars against known pieces.

    PYTHONPATH=. python benchmarks/transcription.py [--seconds 40] [--soundfont FluidR3_GM.sf2] [--pieces 3,4,5]

Pieces of music21's corpus are given to instruments, rendered with FluidSynth and written down again. Note scores are
mir_eval's F1 (onset within 50 ms; ``+off``: the end as well, ratio 0.2). For every piece:

    solo            every instrument rendered and heard alone: the mean over instruments
    mix, any part   the notes of the full mix, whoever plays them, with true stems
    right part      a note counts only in its own part: with true stems, with those of each separator, heard in the
                    mix or in the stems, and at last with the tagger's own list of instruments

A second table has the same by instrument, over the notes of all pieces, and a third the drums by what is struck.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import mir_eval
import numpy as np

from benchmarks.transcription_pieces import (
    DRUM_KINDS,
    PIECES,
    RATE_HZ,
    SOUNDFONTS,
    Piece,
    Samples,
    parts_of,
    rendered,
)
from instrunet.tagging import Tagger
from instrunet.transcription.beats import track_beats
from instrunet.transcription.metre import guess_metre
from instrunet.transcription.notes import Note, Part
from instrunet.transcription.separation import Stems, separator, si_sdr_db, summing_to
from instrunet.transcription.unet import UnetSeparator
from instrunet.transcription.writing_down import WritingOptions, write_down

FROM_STEMS = WritingOptions(notes_from="stems")
Scores = dict[str, float]


@dataclass
class Tally:
    """Notes that were played, that were written down, and that were right, by the column of a table."""

    columns: dict[str, list[float]] = field(default_factory=lambda: defaultdict(lambda: [0.0, 0.0, 0.0]))

    def add(self, column: str, truth: Sequence[Note], found: Sequence[Note], *, offsets: bool = False) -> None:
        """Count one part."""
        right = f1(truth, found, offsets=offsets) * (len(truth) + len(found)) / 2
        for index, more in enumerate((len(truth), len(found), right)):
            self.columns[column][index] += more

    def f1(self, column: str) -> float:
        """F1 over everything that was counted."""
        played, found, right = self.columns[column]
        return 2 * right / max(played + found, 1)


Tallies = dict[str, Tally]


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


def by_instrument(truth: Sequence[Part], found: Sequence[Part], *, offsets: bool = False) -> float:
    """F1 over all notes where a note counts only in the right part; parts that do not exist count against it."""
    guessed = {p.instrument: p.notes for p in found}
    played = {p.instrument: p.notes for p in truth}
    hits = total = 0.0
    for name in {*guessed, *played}:
        n = len(played.get(name, ())) + len(guessed.get(name, ()))
        hits += f1(played.get(name, ()), guessed.get(name, ()), offsets=offsets) * n if n else 0.0
        total += n
    return hits / max(total, 1)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=40.0)
    parser.add_argument("--soundfont", default=SOUNDFONTS[0])
    parser.add_argument("--pieces", default="", help="numbers from 0, separated by commas; all unless given")
    options = parser.parse_args()
    chosen = [PIECES[int(n)] for n in options.pieces.split(",") if n] or list(PIECES)
    names = ["nmf"] + (["unet"] if UnetSeparator.available() else [])
    rows: list[Scores] = []
    tallies: Tallies = defaultdict(Tally)
    for piece in chosen:
        with tempfile.TemporaryDirectory() as folder:
            truth = parts_of(piece, options.seconds)
            mix = rendered(truth, options.soundfont, Path(folder))
            alone = {p.instrument: _cut(rendered([p], options.soundfont, Path(folder)), len(mix)) for p in truth}
        rows.append(scores_of(piece, Rendering(truth, mix, alone), names, tallies))
        if len(rows) == 1:
            print(f"{'':44s}" + "".join(f"{head:>12s}" for head in rows[0]))
        print(f"{piece.label[:44]:44s}" + "".join(f"{value:12.2f}" for value in rows[-1].values()), flush=True)
    means = {head: np.nanmean([row[head] for row in rows]) for head in rows[0]}
    print(f"{'mean':44s}" + "".join(f"{value:12.2f}" for value in means.values()))
    print(by_instrument_table(tallies, ["solo", "solo +off", "true stems", *names, *(f"{n} +off" for n in names)]))


def by_instrument_table(tallies: Tallies, columns: list[str]) -> str:
    """F1 of the notes of each instrument, and of each kind of drum."""
    lines = [f"{'':24s}{'notes':>8s}" + "".join(f"{column:>12s}" for column in columns)]
    for name in sorted(tallies, key=lambda name: (name in DRUM_KINDS, name)):
        tally = tallies[name]
        n = int(tally.columns[columns[0]][0])
        lines.append(f"{name:24s}{n:8d}" + "".join(f"{tally.f1(column):12.2f}" for column in columns))
    return "\n".join(lines)


@dataclass(frozen=True)
class Rendering:
    """A piece's notes, its mix, and every instrument alone."""

    truth: tuple[Part, ...]
    mix: Samples
    alone: dict[str, Samples]


def count(tallies: Tallies, column: str, truth: Sequence[Part], found: Sequence[Part]) -> None:
    """Count every part under its instrument, drums under what is struck as well."""
    guessed = {p.instrument: p.notes for p in found}
    for part in truth:
        own = guessed.get(part.instrument, ())
        for suffix, offsets in (("", False), (" +off", True)):
            tallies[part.instrument].add(column + suffix, part.notes, own, offsets=offsets)
            for kind, keys in DRUM_KINDS.items() if part.is_drums else ():
                played, struck = (tuple(n for n in notes if n.pitch in keys) for notes in (part.notes, own))
                if played or struck:
                    tallies[kind].add(column + suffix, played, struck, offsets=offsets)


def scores_of(piece: Piece, rendering: Rendering, names: list[str], tallies: Tallies) -> Scores:
    """One line of the table."""
    truth, mix, alone = rendering.truth, rendering.mix, rendering.alone
    everything = sorted(n for p in truth for n in p.notes)
    row: Scores = {"notes": len(everything)}
    solos = [write_down(x, summing_to(x, {name: x}, RATE_HZ))[0] for name, x in alone.items()]
    row["solo"] = float(np.mean([f1(p.notes, s.notes) for p, s in zip(truth, solos, strict=True)]))
    row["solo +off"] = float(np.mean([f1(p.notes, s.notes, offsets=True) for p, s in zip(truth, solos, strict=True)]))
    count(tallies, "solo", truth, solos)
    best = write_down(mix, summing_to(mix, alone, RATE_HZ))
    count(tallies, "true stems", truth, best)
    heard = sorted(n for p in best for n in p.notes)
    row |= {"any part": f1(everything, heard), "any +off": f1(everything, heard, offsets=True)}
    row |= {"true stems": by_instrument(truth, best)}
    found = best
    for name in names:
        began, spent = time.perf_counter(), _cpu_s()
        stems = separated(name, mix, tuple(p.instrument for p in truth))
        found = write_down(mix, stems)
        took, spent = time.perf_counter() - began, _cpu_s() - spent
        count(tallies, name, truth, found)
        each = write_down(mix, stems, options=FROM_STEMS)
        row |= {name: by_instrument(truth, found), f"{name} +off": by_instrument(truth, found, offsets=True),
                f"{name} stems": by_instrument(truth, each), f"{name} dB": _gain_db(mix, stems, alone)}  # fmt: skip
    told = tuple(t.label for t in Tagger(vocabulary="instrunet").tag_array(mix, sample_rate_hz=RATE_HZ).detected)
    row["tagger's"] = by_instrument(truth, write_down(mix, separated(names[-1], mix, told))) if told else 0.0
    grid = track_beats(found, len(mix) / RATE_HZ)
    metre = guess_metre(grid, found) if grid else None
    row["metre"] = float(metre is not None and metre.beats_per_bar == piece.beats)
    tempo = abs(np.log2(grid.tempo_bpm / piece.bpm)) if grid else 9.0
    row["tempo"] = float(tempo < 0.03)
    return row | {"x time": took * RATE_HZ / len(mix), "x CPU": spent * RATE_HZ / len(mix)}


def separated(name: str, mix: Samples, instruments: tuple[str, ...]) -> Stems:
    """Stems of a separator; a lone instrument is the mix."""
    if len(instruments) == 1:
        return summing_to(mix, {instruments[0]: mix}, RATE_HZ)
    return separator(name).separate(mix, RATE_HZ, instruments)


def _gain_db(mix: Samples, stems: Stems, alone: dict[str, Samples]) -> float:
    if len(alone) == 1:
        return float("nan")
    return float(np.mean([si_sdr_db(stems.samples[n], x) - si_sdr_db(mix, x) for n, x in alone.items()]))


def _cpu_s() -> float:
    times = os.times()
    return times.user + times.system


def _cut(x: Samples, n: int) -> Samples:
    out = np.zeros(n, np.float32)
    out[: min(n, len(x))] = x[:n]
    return out


if __name__ == "__main__":
    main()
