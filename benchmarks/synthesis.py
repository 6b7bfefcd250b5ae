"""How many times faster than real time is training audio made, on one core?

python benchmarks/synthesis.py [--bank BANK ...] [--notes NOTES] [--midi FOLDER] [--voice FOLDER] [--rooms FOLDER]
                               [--stems FOLDER]

Processor time counts (this process and the programs it starts), so other work on the machine disturbs little. Without
--bank the notes are modelled ones of our own; without --notes the mixtures are made of notes written for the purpose;
with --stems (those of a corpus) the mixer is measured too, on stems that the system has read before.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from instrunet import audio
from instrunet.synthesis.bank import write_bank
from instrunet.synthesis.mixer import Mixer
from instrunet.synthesis.modelled import modelled_notes
from instrunet.synthesis.music_sources import Music, find_midi
from instrunet.synthesis.note_mixtures import MixtureConfig, MixtureMaker
from instrunet.synthesis.note_pools import NSYNTH_FAMILIES, NotePool, nsynth_pool, open_pool
from instrunet.synthesis.orchestra import Sources, open_orchestra
from instrunet.synthesis.soundfont import find_soundfonts
from instrunet.synthesis.store import StemStore
from instrunet.synthesis.studio import StemStudio
from instrunet.synthesis.tracks import TrackConfig, TrackMaker

MIXTURES_BOUND, TRACKS_BOUND, CLIPS_BOUND = 100.0, 20.0, 150.0
RATE_HZ = 32_000


def processor_s() -> float:
    """Processor time so far, of this process and of those it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def timed(name: str, audio_s: float, work: Callable[[], Any], *, bound: float = 0.0) -> None:
    """Run once and print how many times faster than real time it was."""
    start = processor_s()
    work()
    times = audio_s / max(1e-9, processor_s() - start)
    verdict = "" if not bound else f"   (bound {bound:.0f}: {'kept' if times >= bound else 'MISSED'})"
    print(f"{name:58} {times:8.1f} x{verdict}", flush=True)


def written_notes(folder: Path) -> NotePool:
    """Four-second notes of NSynth's eleven families, as files."""
    rng = np.random.default_rng(0)
    entries = []
    for family in NSYNTH_FAMILIES:
        for number in range(3):
            x = np.sin(np.arange(4 * 16_000) * float(rng.uniform(0.03, 0.3))).astype(np.float32)
            audio.write(folder / f"{family}{number}.wav", x * np.float32(0.5), 16_000)
            entries.append((family, str(folder / f"{family}{number}.wav")))
    return nsynth_pool(entries)


def bench_mixtures(notes: Path | None, folder: Path) -> None:
    """Note mixtures with the published settings, every polyphony."""
    pool = open_pool(notes) if notes else written_notes(folder / "notes")
    config = MixtureConfig(per_level=3)
    maker = MixtureMaker(pool, config, folder / "mixtures")
    maker((1, 99))
    numbers = config.numbers()
    timed("note mixtures, 10 s at 16 kHz, k = 1...11", 10 * len(numbers), lambda: [maker(n) for n in numbers],
          bound=MIXTURES_BOUND)  # fmt: skip


def bench_studio() -> None:
    """The studio of a stem, over many draws."""
    rng = np.random.default_rng(0)
    x = (rng.standard_normal(10 * RATE_HZ) * 0.1).astype(np.float32)
    names = ("piano", "electric_guitar", "electric_bass", "voice", "drums", "violin", "flute", "synthesizer")
    studios = [StemStudio.draw(rng, name) for name in names for _ in range(3)]
    studios[0].apply(x, RATE_HZ)
    timed("studio, one stem at 32 kHz", 10 * len(studios), lambda: [s.apply(x, RATE_HZ) for s in studios])


def bench_mixer(stems: Path, n_clips: int = 1000) -> None:
    """Five-second training clips a second on one core; they were drawn once before, which leaves out the disk."""
    mixer = Mixer(StemStore(stems))
    for _ in range(2):
        rng, start = np.random.default_rng(1), processor_s()
        for _ in range(n_clips):
            mixer.draw(rng)
        clips = n_clips / max(1e-9, processor_s() - start)
    verdict = "kept" if clips >= CLIPS_BOUND else "MISSED"
    print(
        f"{'mixtures of 5 s from stems, a second':58} {clips:8.0f}     (bound {CLIPS_BOUND:.0f}: {verdict})", flush=True
    )


def bench_tracks(config: TrackConfig, folder: Path, n_tracks: int) -> None:
    """Whole tracks: music, sound, studio, truth and files; a first one warms the caches."""
    cases = [
        ("tracks, arranger, full studio, release", config),
        ("tracks, arranger, full studio, no release", replace(config, released=False)),
        ("tracks, arranger, no studio", replace(config, released=False, studio=False)),
    ]
    if config.music.midi_files:
        music = replace(config.music, arranger=0.0, midi=1.0)
        cases.insert(1, ("tracks, MIDI files, full studio, release", replace(config, music=music)))
    for number, (name, case) in enumerate(cases):
        maker = TrackMaker(case, folder / str(number))
        for warm in range(3):
            maker(100 + warm)
        bound = TRACKS_BOUND if case.studio else 0.0
        timed(name, n_tracks * case.length_s, partial(_all_made, maker, n_tracks), bound=bound)


def _all_made(maker: TrackMaker, n_tracks: int) -> list[str]:
    return [maker(number) for number in range(n_tracks)]


def main() -> None:
    """Measure everything and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bank", type=Path, action="append", help="a note bank, as 'synth corpus' makes it")
    parser.add_argument("--notes", type=Path, help="what 'synth notes --bank' takes")
    parser.add_argument("--midi", type=Path)
    parser.add_argument("--voice", type=Path)
    parser.add_argument("--rooms", type=Path)
    parser.add_argument("--stems", type=Path)
    parser.add_argument("--tracks", type=int, default=12)
    parser.add_argument("--length", type=float, default=30.0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bench_mixtures(chosen.notes, folder)
        bench_studio()
        if chosen.stems:
            bench_mixer(chosen.stems)
        banks = chosen.bank or [write_bank(folder / "bank", modelled_notes(0))]
        sources = Sources(
            banks=tuple(map(str, banks)),
            fonts=tuple(str(font) for font in find_soundfonts() if font.suffix == ".sf2"),
            voices=str(chosen.voice or ""),
            voice_cache=str(Path.home() / ".cache" / "instrunet" / "voices") if chosen.voice else "",
            rooms=str(chosen.rooms or ""),
        )
        files = find_midi([chosen.midi]) if chosen.midi else ()
        orchestra = open_orchestra(sources)
        print(f"{len(orchestra.available)} instruments; {len(sources.fonts)} sound-fonts", flush=True)
        config = TrackConfig(length_s=chosen.length, seed=5, music=Music(midi_files=files), sources=sources)
        bench_tracks(config, folder, chosen.tracks)


if __name__ == "__main__":
    main()
