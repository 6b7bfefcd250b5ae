"""Rendered multitracks in Slakh's layout: a piece, an orchestra, a studio, and every draw written down."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instrunet import audio
from instrunet.errors import InstrunetError
from instrunet.files import written_whole
from instrunet.synthesis.arranger import Part, Piece
from instrunet.synthesis.bank import SAMPLE_RATE_HZ
from instrunet.synthesis.general_midi import ON_DRUM_CHANNEL, program_of, slakh_class
from instrunet.synthesis.loudness import integrated_loudness
from instrunet.synthesis.midi import write_midi
from instrunet.synthesis.music_sources import Music, draw_piece
from instrunet.synthesis.orchestra import Orchestra, Rendered, Sources, open_orchestra
from instrunet.synthesis.studio import MixBus, Release, StemStudio, place, summed
from instrunet.synthesis.truth import Activity, activity, agreement, played_frames, write_activity

Samples = NDArray[np.float32]

SILENT = 1e-4
WRITTEN = ("midi", "music21")
"""Music that several tracks may take their excerpts from; all other pieces are made for one track."""
FORMAT_VERSION = 1


@dataclass(frozen=True)
class TrackConfig:
    """What all tracks of a folder share."""

    length_s: float = 60.0
    sample_rate_hz: int = 32_000
    seed: int = 0
    studio: bool = True
    released: bool = True
    stereo: bool = False
    suffix: str = ".flac"
    music: Music = field(default_factory=Music)
    sources: Sources = field(default_factory=Sources)


@dataclass(frozen=True, eq=False)
class Stem:
    """One finished stem and everything that was drawn for it; ``placed`` is what is written, (2, n) in stereo."""

    rendered: Rendered
    studio: StemStudio | None
    samples: Samples
    placed: Samples

    @property
    def part(self) -> Part:
        """What it plays."""
        return self.rendered.part


@dataclass(frozen=True, eq=False)
class Track:
    """A finished track before it is written; without a release the stems add up to the mix."""

    piece: Piece
    stems: tuple[Stem, ...]
    bus: MixBus
    release: Release
    mix: Samples
    truth: Activity
    skipped: dict[str, int]


def make_track(number: int, config: TrackConfig, orchestra: Orchestra) -> Track:
    """Make track ``number``; it depends on the configuration and the number alone."""
    rng = np.random.default_rng([config.seed, number])
    while True:
        piece, skipped = draw_piece(config.music, rng, length_s=config.length_s, available=orchestra.available)
        made = orchestra.render(piece.parts, length_s=config.length_s, rng=rng)
        rendered = [one for one in made if np.max(np.abs(one.samples), initial=0.0) > SILENT]
        if rendered:
            break
    studios = [
        StemStudio.draw(rng, one.part.instrument, rooms=orchestra.rooms) if config.studio else None for one in rendered
    ]
    bus = MixBus.draw(rng) if config.studio else MixBus()
    release = Release.draw(rng) if config.released else Release()
    treated = [
        studio.apply(one.samples, SAMPLE_RATE_HZ) if studio else one.samples
        for one, studio in zip(rendered, studios, strict=True)
    ]
    mastered = bus.apply(treated, SAMPLE_RATE_HZ)
    final = [audio.resample(stem, SAMPLE_RATE_HZ, config.sample_rate_hz).astype(np.float32) for stem in mastered]
    pans = [studio.pan if studio else 0.0 for studio in studios]
    placed = [place(stem, pan) for stem, pan in zip(final, pans, strict=True)] if config.stereo else final
    loudest = max(1.0, *(float(np.max(np.abs(x))) for x in [*placed, summed(placed)]))
    final, placed = ([x / np.float32(loudest) for x in row] for row in (final, placed))
    mix = _released(summed(placed), release, config.sample_rate_hz)
    stems = tuple(Stem(*row) for row in zip(rendered, studios, final, placed, strict=True))
    return Track(piece, stems, bus, release, mix, activity(final, config.sample_rate_hz), dict(skipped))


def _released(mix: Samples, release: Release, sample_rate_hz: int) -> Samples:
    """The mix, (n,) or (2, n), as it reaches the listener; both channels take the same way."""
    channels = [release.apply(channel, sample_rate_hz) for channel in np.atleast_2d(mix)]
    return np.clip(np.asarray(channels).reshape(mix.shape), -1, 1)


@dataclass(frozen=True)
class TrackMaker:
    """Writes one track by its number; a track that is there already is left alone."""

    config: TrackConfig
    folder: Path

    def __call__(self, number: int) -> str:
        """Write the track whole and tell its name."""
        name = f"Track{number:05d}"
        if not (self.folder / name / "metadata.yaml").is_file():
            track = make_track(number, self.config, open_orchestra(self.config.sources))
            self._write(name, track, number)
        return name

    def _write(self, name: str, track: Track, number: int) -> None:
        beside = self.folder / f".part-{name}"
        shutil.rmtree(beside, ignore_errors=True)
        try:
            write_track(beside, track, self.config, number=number)
            shutil.rmtree(self.folder / name, ignore_errors=True)
            beside.rename(self.folder / name)
        except OSError as error:
            raise InstrunetError(f"{self.folder / name}: cannot be written: {error.strerror or error}") from error
        finally:
            shutil.rmtree(beside, ignore_errors=True)


def write_track(folder: Path, track: Track, config: TrackConfig, *, number: int) -> None:
    """The folder of one track; ``metadata.yaml`` comes last."""
    names = [f"S{k:02d}" for k in range(len(track.stems))]
    for name, stem in zip(names, track.stems, strict=True):
        audio.write(folder / "stems" / f"{name}{config.suffix}", stem.placed, config.sample_rate_hz)
        _midi(folder / "MIDI" / f"{name}.mid", [stem.part], config.length_s)
    audio.write(folder / f"mix{config.suffix}", track.mix, config.sample_rate_hz)
    _midi(folder / "all_src.mid", [stem.part for stem in track.stems], config.length_s)
    write_activity(folder / "activity.csv", names, track.truth)
    _write_yaml(folder / "metadata.yaml", metadata(track, config, number=number))


def _midi(path: Path, parts: Sequence[Part], length_s: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_midi(path, parts, length_s=length_s)


def _write_yaml(path: Path, content: dict[str, Any]) -> None:
    import yaml

    with written_whole(path) as beside:
        dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
        beside.write_text(yaml.dump(content, Dumper=dumper, sort_keys=True, allow_unicode=True), encoding="utf-8")


def metadata(track: Track, config: TrackConfig, *, number: int) -> dict[str, Any]:
    """Slakh's fields, then under ``instrunet`` every draw."""
    return {
        "UUID": song_id(track.piece, config.seed, number),
        "audio_dir": "stems",
        "lmd_midi_dir": "",
        "midi_dir": "MIDI",
        "normalization_factor": 0.0,
        "normalized": False,
        "overall_gain": 1.0,
        "stems": {f"S{k:02d}": _stem_facts(stem, track, k, config) for k, stem in enumerate(track.stems)},
        "target_peak": float(20 * np.log10(track.bus.ceiling)),
        "instrunet": {
            "format_version": FORMAT_VERSION,
            "seed": config.seed,
            "number": number,
            "length_s": config.length_s,
            "sample_rate_hz": config.sample_rate_hz,
            "stereo": config.stereo,
            "piece": {"title": track.piece.title, **_plain(track.piece.facts)},
            "bus": _plain(track.bus.to_dict()),
            "release": _plain(track.release.to_dict()),
            "mix_is_sum_of_stems": track.release == Release(),
            "midi_skipped": track.skipped,
        },
    }


def song_id(piece: Piece, seed: int, number: int) -> str:
    """Identify the song: excerpts of one written piece share it, so that a grouped split keeps them together.

    >>> song_id(Piece("rondo", 24.0, (), {"music": "midi"}), 1, 2)
    'b50162f117f4ebc53e5d7f73142a3c98'
    """
    if piece.facts.get("music") in WRITTEN:
        return hashlib.sha256(f"{piece.facts['music']}/{piece.title}".encode()).hexdigest()[:32]
    return np.random.default_rng([seed, number, 1]).bytes(16).hex()


def _stem_facts(stem: Stem, track: Track, place: int, config: TrackConfig) -> dict[str, Any]:
    program = program_of(stem.part.instrument)
    sounding = stem.rendered.sounding
    played = played_frames(stem.part.events, track.truth.sounds.shape[1])
    return {
        "audio_rendered": True,
        "midi_saved": True,
        "inst_class": slakh_class(program),
        "is_drum": stem.part.instrument in ON_DRUM_CHANNEL and program == 128,
        "midi_program_name": stem.part.instrument.replace("_", " ").title(),
        "program_num": program,
        "plugin_name": f"{sounding.source}/{sounding.patch}",
        "integrated_loudness": round(integrated_loudness(stem.samples, config.sample_rate_hz), 3),
        "instrument": stem.part.instrument,
        "instrunet": {
            "role": stem.part.role,
            "kind": sounding.kind,
            "source": sounding.source,
            "patch": sounding.patch,
            "sounding": _plain(stem.rendered.facts),
            "part": _plain(stem.part.facts),
            "studio": _plain(stem.studio.to_dict()) if stem.studio else {},
            "share_present": round(float(track.truth.present[place].mean()), 4),
            "frames_with_notes": int(played.sum()),
            "agreement_with_midi": round(agreement(track.truth.sounds[place], played), 4),
        },
    }


def _plain(value: Any) -> Any:
    """Only what YAML can say safely: tuples become lists, numpy numbers numbers."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    return value


def rebuilt_mix(folder: str | Path) -> tuple[Samples, Samples]:
    """The mix of a written track, and the same made again from its stems and its recorded release.

    Raises:
        InstrunetError: there is no track here.
    """
    import yaml

    root = Path(folder)
    if not (root / "metadata.yaml").is_file():
        raise InstrunetError(f"{root}: no track here (metadata.yaml is missing)")
    facts = yaml.safe_load((root / "metadata.yaml").read_text(encoding="utf-8"))
    rate_hz = facts["instrunet"]["sample_rate_hz"]
    suffix = next(root.glob("mix.*")).suffix
    mono = not facts["instrunet"].get("stereo", False)
    stems = [audio.load(root / "stems" / f"{name}{suffix}", mono=mono).samples for name in sorted(facts["stems"])]
    mix = audio.load(root / f"mix{suffix}", mono=mono).samples
    return mix, _released(summed(stems), Release.from_dict(facts["instrunet"]["release"]), rate_hz)


def settings_of(config: TrackConfig) -> dict[str, Any]:
    """What decides every sample, for `instrunet.synthesis.note_mixtures.same_settings`."""
    plain: dict[str, Any] = _plain(asdict(config))
    return plain
