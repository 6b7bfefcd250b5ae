"""MedleyDB in small: songs with a mix, stems, raw takes, a METADATA file, and the annotations that hang on them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from instrunet.errors import MissingExtraError
from instrunet.synthesis.miniatures.clips import Clip, Samples, generator, levelled, stereo
from instrunet.synthesis.miniatures.medleydb_annotations import write_activations, write_pitch, write_sources
from instrunet.synthesis.miniatures.sound_files import write_pcm
from instrunet.synthesis.miniatures.sounds import Note, phrase, play
from instrunet.synthesis.miniatures.timbres import timbre_of

SONG_S, SAMPLE_RATE_HZ = 5.0, 44_100
ENTRY_S = (0.0, 1.0, 0.5, 1.5)
"""When each stem of a song begins to play."""


@dataclass(frozen=True)
class Song:
    """The plan of one song: who sings it, its genre, and what plays in its stems.

    Attributes:
        artist: the group that never crosses a split.
        title: the rest of the song's name.
        genre: one of MedleyDB's nine.
        stems: an instrument a stem, in MedleyDB's words.
        unpitched: how many stems at the end have no pitch annotation.
    """

    artist: str
    title: str
    genre: str
    stems: tuple[str, ...]
    unpitched: int = 1

    @property
    def name(self) -> str:
        """The song's folder, and the start of each of its files."""
        return f"{self.artist}_{self.title}"


SONGS = (
    Song("TinyRockers", "FirstTake", "Rock", ("male singer", "distorted electric guitar", "electric bass", "drum set")),
    Song("TinyRockers", "SecondTake", "Rock", ("clean electric guitar", "electric bass", "piano", "drum set")),
    Song("PocketQuartet", "Allegro", "Classical", ("violin", "viola", "cello", "clarinet"), 0),
    Song("MatchboxWinds", "Serenade", "Classical", ("flute", "french horn", "harp", "timpani"), 1),
    Song("ThimbleTrio", "BlueNote", "Jazz", ("tenor saxophone", "piano", "double bass", "drum set")),
    Song("NutshellBand", "Shuffle", "Jazz", ("trumpet", "vibraphone", "double bass", "cymbal")),
    Song("ParlourFolk", "Reel", "World/Folk", ("accordion", "mandolin", "banjo", "tabla")),
    Song("LoneVoice", "Letter", "Singer/Songwriter", ("female singer", "acoustic guitar", "piano", "tambourine")),
    Song(
        "PatchCable",
        "Loop",
        "Electronic/Fusion",
        ("synthesizer", "electric piano", "drum machine", "fx/processed sound"),
        2,
    ),
    Song("BalconyPop", "Chorus", "Pop", ("female singer", "electronic organ", "brass section", "Main System")),
)


def write_medleydb(folder: Path, *, seed: int, scale: int) -> tuple[Clip, ...]:
    """Write ten songs of five seconds with four stems each (times ``scale``)."""
    clips: list[Clip] = []
    for i in range(len(SONGS) * scale):
        song = SONGS[i % len(SONGS)]
        if i >= len(SONGS):
            song = replace(song, artist=f"{song.artist}{i // len(SONGS) + 1}")
        clips += _write_song(folder, song, generator(seed, "medleydb", i))
    return tuple(clips)


def _write_song(folder: Path, song: Song, rng: np.random.Generator) -> list[Clip]:
    root = folder / "Audio" / song.name
    clips = []
    mix: Samples = np.zeros((round(SONG_S * SAMPLE_RATE_HZ), 2), np.float32)
    lines: list[tuple[Note, ...]] = []
    sounds: list[Samples] = []
    for i, word in enumerate(song.stems):
        notes, sound = _line(word, ENTRY_S[i % len(ENTRY_S)], rng)
        lines.append(notes)
        sounds.append(sound)
        stem = stereo(sound, (0.5, 0.3, 0.7, 0.5)[i % 4])
        mix += stem
        number = f"{i + 1:02d}"
        write_pcm(root / f"{song.name}_STEMS" / f"{song.name}_STEM_{number}.wav", stem, SAMPLE_RATE_HZ)
        write_pcm(root / f"{song.name}_RAW" / f"{song.name}_RAW_{number}_01.wav", sound, SAMPLE_RATE_HZ)
        clips.append(Clip(f"Audio/{song.name}/{song.name}_STEMS/{song.name}_STEM_{number}.wav", (word,)))
        clips.append(Clip(f"Audio/{song.name}/{song.name}_RAW/{song.name}_RAW_{number}_01.wav", (word,)))
    write_pcm(root / f"{song.name}_MIX.wav", levelled(mix), SAMPLE_RATE_HZ)
    _write_metadata(root / f"{song.name}_METADATA.yaml", song)
    annotations = folder / "Annotations"
    for i, notes in enumerate(lines[: len(lines) - song.unpitched]):
        write_pitch(annotations / "Pitch_Annotations" / f"{song.name}_STEM_{i + 1:02d}.csv", notes, SONG_S)
    activity = annotations / "Instrument_Activations"
    write_activations(activity / "ACTIVATION_CONF" / f"{song.name}_ACTIVATION_CONF.lab", sounds, SAMPLE_RATE_HZ)
    write_sources(activity / "SOURCEID" / f"{song.name}_SOURCEID.lab", song.stems, lines)
    return [Clip(f"Audio/{song.name}/{song.name}_MIX.wav", tuple(sorted(set(song.stems)))), *clips]


def _line(word: str, start_s: float, rng: np.random.Generator) -> tuple[tuple[Note, ...], Samples]:
    timbre = timbre_of("medleydb", word)
    notes = phrase(timbre, SONG_S - start_s, rng, start_s=start_s)
    return notes, play(timbre, notes, SONG_S, sample_rate_hz=SAMPLE_RATE_HZ, rng=rng)


def _write_metadata(path: Path, song: Song) -> None:
    try:
        import yaml
    except ImportError as error:
        raise MissingExtraError("synth", "writing MedleyDB's metadata") from error
    stems = {f"S{i + 1:02d}": _stem_facts(song, i, word) for i, word in enumerate(song.stems)}
    facts: dict[str, Any] = {
        "album": "Miniatures",
        "artist": song.artist,
        "composer": [song.artist],
        "excerpt": "no",
        "genre": song.genre,
        "has_bleed": "no",
        "instrumental": "no" if any("singer" in word for word in song.stems) else "yes",
        "mix_filename": f"{song.name}_MIX.wav",
        "origin": "Synthesised",
        "producer": [song.artist],
        "raw_dir": f"{song.name}_RAW",
        "stem_dir": f"{song.name}_STEMS",
        "stems": stems,
        "title": song.title,
        "version": 1.2,
        "website": [""],
    }
    path.write_text(yaml.safe_dump(facts))


def _stem_facts(song: Song, i: int, word: str) -> dict[str, Any]:
    number = f"{i + 1:02d}"
    return {
        "component": "melody" if i == 0 else "bass" if "bass" in word else "",
        "filename": f"{song.name}_STEM_{number}.wav",
        "instrument": word,
        "raw": {"R01": {"filename": f"{song.name}_RAW_{number}_01.wav", "instrument": word}},
    }
