"""How well drums are written down: kick, snare, hi-hat, toms and cymbals, on kits that training never heard.

    PYTHONPATH=. python benchmarks/drums.py ../shared/midi [--songs 12] [--seconds 20]

Drum tracks of MIDI songs are rendered with the kits of two General MIDI sound-fonts (the drum network was trained on
recorded hits of other kits); F1 of the hits within 50 ms, by kind: of the drums alone, and of the stem that the
separator takes out of the whole song, told who plays. Other keys (claps, cowbells, congas ...) are left out.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pretty_midi

from benchmarks.transcription import Tally
from benchmarks.transcription_pieces import DRUM_KINDS, RATE_HZ, SOUNDFONTS, Samples
from instrunet.audio import load
from instrunet.errors import InstrunetError
from instrunet.labels import to_canonical
from instrunet.transcription.drums import transcribe_drums
from instrunet.transcription.notes import Note
from instrunet.transcription.separation import separator

KITS = {"standard": 0, "room": 8, "power": 16, "electronic": 24, "808": 25, "jazz": 32, "brush": 40}
KEYS = frozenset(key for keys in DRUM_KINDS.values() for key in keys)
LEAST_HITS = 30


@dataclass(frozen=True)
class Song:
    """The drums of a song, alone and in the mix, and who else plays."""

    name: str
    hits: tuple[Note, ...]
    drums: Samples
    mix: Samples
    others: tuple[str, ...]


def songs(folder: Path, n: int, seconds: float) -> Iterator[Song]:
    """Songs with enough drums, a kit and a sound-font after the other."""
    found = 0
    for path in sorted(folder.rglob("*.mid")):
        if found == n:
            return
        try:
            score = pretty_midi.PrettyMIDI(str(path))
        except Exception as error:  # noqa: BLE001 - whatever the parser says of a broken file
            print(f"{path.name}: skipped ({error})")
            continue
        struck = [n for i in score.instruments if i.is_drum for n in i.notes if n.pitch in KEYS]
        begin = min((n.start for n in struck), default=0.0)
        if sum(begin <= n.start < begin + seconds for n in struck) < LEAST_HITS:
            continue
        kit = list(KITS)[found % len(KITS)]
        yield rendered_song(path.stem, score, kit, SOUNDFONTS[found % len(SOUNDFONTS)], (begin, begin + seconds))
        found += 1


def rendered_song(name: str, score: Any, kit: str, soundfont: str, span: tuple[float, float]) -> Song:
    """Render an excerpt twice: the drums alone, and everything."""
    tracks = [_excerpt(i, KITS[kit], span) for i in score.instruments]
    drums, others = [t for t in tracks if t.is_drum and t.notes], [t for t in tracks if not t.is_drum and t.notes]
    with tempfile.TemporaryDirectory() as folder:
        alone = _sound(drums, soundfont, Path(folder))
        rest = _sound(others, soundfont, Path(folder)) if others else np.zeros(1, np.float32)
    mix = np.zeros(max(len(alone), len(rest)), np.float32)
    mix[: len(rest)] = rest
    padded = np.zeros_like(mix)
    padded[: len(alone)] = alone
    hits = tuple(sorted(Note(n.start, n.start + 0.1, n.pitch, n.velocity) for t in drums for n in t.notes))
    names = {_instrument(t.program) for t in others} - {"", "drums"}
    return Song(f"{name[:18]} ({kit}, {Path(soundfont).stem[:8]})", hits, padded, mix + padded, tuple(sorted(names)))


def _excerpt(track: Any, kit: int, span: tuple[float, float]) -> Any:
    out = pretty_midi.Instrument(kit if track.is_drum else track.program, is_drum=track.is_drum)
    for n in track.notes:
        if span[0] <= n.start < span[1] and (not track.is_drum or n.pitch in KEYS):
            shift = span[0] - 0.3
            out.notes.append(pretty_midi.Note(n.velocity, n.pitch, n.start - shift, max(n.end, n.start + 0.05) - shift))
    return out


def _sound(tracks: list[Any], soundfont: str, folder: Path) -> Samples:
    midi, wave = folder / "song.mid", folder / "song.wav"
    score = pretty_midi.PrettyMIDI(resolution=960)
    score.instruments = tracks
    score.write(str(midi))
    command = ["fluidsynth", "-ni", "-q", "-F", str(wave), "-r", str(RATE_HZ), "-g", "0.6", soundfont, str(midi)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return load(wave).samples


def _instrument(program: int) -> str:
    try:
        return next(iter(to_canonical("gm", program)), "")
    except InstrunetError:
        return ""


def main() -> None:
    """Print a line a song and the table by kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("midi", type=Path)
    parser.add_argument("--songs", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=20.0)
    options = parser.parse_args()
    columns = ("alone", "unet")
    kinds = {kind: Tally() for kind in (*DRUM_KINDS, "all")}
    for song in songs(options.midi, options.songs, options.seconds):
        stem = separator("auto").separate(song.mix, RATE_HZ, ("drums", *song.others)).samples["drums"]
        one = Tally()
        for column, sound in zip(columns, (song.drums, stem), strict=True):
            found = transcribe_drums(sound, RATE_HZ)
            for kind, keys in DRUM_KINDS.items():
                played, struck = ([_at(n, keys[0]) for n in notes if n.pitch in keys] for notes in (song.hits, found))
                if played or struck:
                    for tally in (kinds[kind], kinds["all"], one):
                        tally.add(column, played, struck)
        told = "  ".join(f"{c} {one.f1(c):.2f}" for c in columns)
        print(f"{song.name:44s}{len(song.hits):6d} hits  {told}  with {', '.join(song.others)}", flush=True)
    print(f"{'':12s}{'hits':>8s}" + "".join(f"{c:>10s}" for c in columns))
    for kind, tally in kinds.items():
        n = int(tally.columns[columns[0]][0])
        print(f"{kind:12s}{n:8d}" + "".join(f"{tally.f1(c):10.2f}" for c in columns))


def _at(note: Note, key: int) -> Note:
    """All keys of a kind are one."""
    return Note(note.onset_s, note.offset_s, key, note.velocity)


if __name__ == "__main__":
    main()
