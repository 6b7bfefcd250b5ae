"""Slakh2100 and BabySlakh in small: tracks of stems with MIDI beside them, players that come and go."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from instrunet.errors import MissingExtraError
from instrunet.synthesis.miniatures.clips import Clip, Samples, generator, levelled
from instrunet.synthesis.miniatures.midi_files import MidiPart, write_midi
from instrunet.synthesis.miniatures.sound_files import write_pcm
from instrunet.synthesis.miniatures.sounds import Note, phrase, play
from instrunet.synthesis.miniatures.timbres import timbre_of

TRACK_S, SECTION_S = 12.0, 3.0
RESTING = 0.3
"""How often a player rests for a section, so that a clip of a song need not hold every instrument of the song."""


@dataclass(frozen=True)
class Patch:
    """A sound of the data set: Slakh's class, the General MIDI name and 0-based program (128 for drums)."""

    slakh_class: str
    program_name: str
    program: int

    @property
    def is_drum(self) -> bool:
        """Whether this is the drum kit."""
        return self.program == 128

    @property
    def timbre(self) -> str:
        """The timbre that plays it here."""
        return "drums" if self.is_drum else timbre_of("gm", str(self.program))


DOMINANT = (
    Patch("Drums", "Drums", 128),
    Patch("Bass", "Electric Bass (finger)", 33),
    Patch("Guitar", "Distortion Guitar", 30),
    Patch("Piano", "Acoustic Grand Piano", 0),
    Patch("Strings", "Violin", 40),
)
OTHERS = (
    Patch("Organ", "Drawbar Organ", 16),
    Patch("Reed", "Clarinet", 71),
    Patch("Brass", "Trumpet", 56),
    Patch("Pipe", "Flute", 73),
    Patch("Strings (continued)", "String Ensemble 1", 48),
    Patch("Synth Pad", "Pad 2 (warm)", 89),
    Patch("Chromatic Percussion", "Vibraphone", 11),
    Patch("Synth Lead", "Lead 2 (sawtooth)", 81),
    Patch("Guitar", "Acoustic Guitar (nylon)", 24),
    Patch("Ethnic", "Sitar", 104),
)
UNHEARD = Patch("Sound Effects", "FX 8 (sci-fi)", 103)


@dataclass(frozen=True)
class Edition:
    """How one edition of the data set lies on disk."""

    folder: str
    splits: tuple[str, ...]
    suffix: str
    sample_rate_hz: int
    dirs_name_track: bool


REDUX = Edition(
    "slakh2100_flac_redux", ("train", "train", "train", "validation", "test", "omitted"), ".flac", 44_100, True
)
BABY = Edition("babyslakh_16k", ("",) * 8, ".wav", 16_000, False)


def write_slakh(folder: Path, *, seed: int, scale: int) -> tuple[Clip, ...]:
    """Write Slakh2100-redux: six tracks of twelve seconds (times ``scale``)."""
    return _write(folder, REDUX, seed, scale)


def write_babyslakh(folder: Path, *, seed: int, scale: int) -> tuple[Clip, ...]:
    """Write BabySlakh: eight tracks of twelve seconds (times ``scale``) at 16 kHz, in no splits."""
    return _write(folder, BABY, seed, scale)


def _write(folder: Path, edition: Edition, seed: int, scale: int) -> tuple[Clip, ...]:
    clips: list[Clip] = []
    for i, split in enumerate(sorted(edition.splits * scale, key=edition.splits.index)):
        name = f"Track{i + 1:05d}"
        place = "/".join(part for part in (edition.folder, split, name) if part)
        clips += _write_track(folder, place, split, edition, generator(seed, edition.folder, i))
    return tuple(clips)


def _write_track(folder: Path, place: str, split: str, edition: Edition, rng: np.random.Generator) -> list[Clip]:
    patches = _arrangement(rng)
    root = folder / place
    parts: list[MidiPart] = []
    mix: Samples = np.zeros(round(TRACK_S * edition.sample_rate_hz), np.float32)
    clips = []
    for i, patch in enumerate(patches):
        if patch is UNHEARD:
            continue
        notes = _part(patch, rng)
        sound = play(patch.timbre, notes, TRACK_S, sample_rate_hz=edition.sample_rate_hz, rng=rng)
        mix += sound
        write_pcm(root / "stems" / f"S{i:02d}{edition.suffix}", sound, edition.sample_rate_hz)
        parts.append(MidiPart(patch.program_name, patch.program, patch.is_drum, notes))
        write_midi(root / "MIDI" / f"S{i:02d}.mid", (parts[-1],))
        clips.append(Clip(f"{place}/stems/S{i:02d}{edition.suffix}", (patch.slakh_class,), split))
    write_pcm(root / f"mix{edition.suffix}", levelled(mix), edition.sample_rate_hz)
    write_midi(root / "all_src.mid", tuple(parts))
    _write_metadata(root, patches, edition, rng)
    heard = tuple(sorted({p.slakh_class for p in patches if p is not UNHEARD}))
    return [Clip(f"{place}/mix{edition.suffix}", heard, split), *clips]


def _arrangement(rng: np.random.Generator) -> tuple[Patch, ...]:
    dominant = [DOMINANT[i] for i in sorted(rng.permutation(len(DOMINANT))[: int(rng.integers(3, 6))])]
    others = [OTHERS[i] for i in rng.permutation(len(OTHERS))[: int(rng.integers(1, 3))]]
    return (*dominant, UNHEARD, *others)


def _part(patch: Patch, rng: np.random.Generator) -> tuple[Note, ...]:
    n_sections = int(TRACK_S / SECTION_S)
    playing = rng.random(n_sections) >= RESTING
    playing[int(rng.integers(n_sections))] = True
    notes: list[Note] = []
    for section in np.flatnonzero(playing):
        notes += phrase(patch.timbre, SECTION_S, rng, start_s=float(section) * SECTION_S)
    return tuple(notes)


def _write_metadata(root: Path, patches: tuple[Patch, ...], edition: Edition, rng: np.random.Generator) -> None:
    try:
        import yaml
    except ImportError as error:
        raise MissingExtraError("synth", "writing Slakh's metadata") from error
    uuid, prefix = rng.bytes(16).hex(), f"{root.name}/" if edition.dirs_name_track else ""
    facts: dict[str, Any] = {
        "UUID": uuid,
        "audio_dir": f"{prefix}stems",
        "lmd_midi_dir": f"lmd_matched/{uuid[0].upper()}/{uuid}.mid",
        "midi_dir": f"{prefix}MIDI",
        "normalization_factor": -13.0,
        "normalized": True,
        "overall_gain": float(rng.uniform(0.1, 0.3)),
        "stems": {f"S{i:02d}": _stem_facts(p, edition, rng) for i, p in enumerate(patches)},
        "target_peak": -1.0,
    }
    (root / "metadata.yaml").write_text(yaml.safe_dump(facts))


def _stem_facts(patch: Patch, edition: Edition, rng: np.random.Generator) -> dict[str, Any]:
    # BabySlakh says "not rendered" of every stem, even of those that lie there; the full set says the truth.
    rendered = patch is not UNHEARD and edition.dirs_name_track
    facts = {
        "audio_rendered": rendered,
        "inst_class": patch.slakh_class,
        "is_drum": patch.is_drum,
        "midi_program_name": patch.program_name,
        "midi_saved": rendered,
        "plugin_name": "None" if patch is UNHEARD else f"{patch.program_name.lower().replace(' ', '_')}.nkm",
        "program_num": patch.program,
    }
    return facts if patch is UNHEARD else {**facts, "integrated_loudness": float(rng.uniform(-25, -12))}
