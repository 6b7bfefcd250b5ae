"""Slakh2100 (original and redux) and BabySlakh: rendered MIDI, so it is known when each instrument sounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from instrunet.datasets.clips import Clip
from instrunet.datasets.durations import duration_of
from instrunet.datasets.facts import DatasetFacts
from instrunet.datasets.midi_notes import sounding_stretches
from instrunet.datasets.parsing import Dataset, IndexOptions, Parsed, locate, report_progress
from instrunet.datasets.slakh_tracks import Stem, Track, read_track, track_folders
from instrunet.datasets.wording import UnknownWords, stated_of
from instrunet.labels import INSTRUMENT_IDS, to_canonical, vocabulary

FACTS = DatasetFacts(
    name="slakh",
    title="Slakh2100",
    licence="CC BY 4.0",
    citation=(
        "Manilow, Wichern, Seetharaman, Le Roux: Cutting Music Source Separation Some Slakh: A Dataset to Study the "
        "Impact of Training Data Quality and Quantity. WASPAA 2019. doi:10.5281/zenodo.4599666"
    ),
    url="http://www.slakh.com",
    layout="[train|validation|test|omitted/]TrackNNNNN/ with metadata.yaml, mix.flac or .wav, stems/ and MIDI/",
    group="the song in the Lakh MIDI data set, so that the duplicates of the original release stay together",
    vocabularies=("slakh", "instrunet"),
    mirdata="slakh",
)

CLIP_S = 10.0
ORIG = "orig"
"""The splits of the original release by track number, instead of those of the folders."""
PAUSE_S = 0.1
"""Notes at most so far apart are one event."""
_SHORTEST_REST = 0.5  # of a clip: a shorter remainder at the end of a track is left out


@dataclass
class _Reading:
    """What is gathered while the tracks are read."""

    options: IndexOptions
    root: Path
    spoken: str
    clip_s: float
    unknown: UnknownWords
    clips: list[Clip] = field(default_factory=list)
    events: list[tuple[str, float, float, str]] = field(default_factory=list)
    n_missing: int = 0
    n_silent: int = 0

    @property
    def labels(self) -> tuple[str, ...]:
        return INSTRUMENT_IDS if self.spoken == "instrunet" else vocabulary("slakh").labels

    def meaning(self, stem: Stem) -> tuple[str, ...]:
        """What a stem is, in the words that truth is stated in."""
        if self.spoken == "instrunet":
            return stem.canonical
        word = stem.slakh_class.casefold()
        return tuple(label for label in self.labels if label.casefold() == word)


@dataclass(frozen=True)
class _Window:
    start_s: float
    end_s: float
    duration_s: float | None
    number: int


def parse(folder: Path, options: IndexOptions) -> Parsed:
    """Read every track under the folder; a clip's labels are those whose notes sound inside it."""
    root = locate(folder, FACTS, _looks, "TrackNNNNN/metadata.yaml", look_near=False)
    clip_s = CLIP_S if options.clip_s is None else options.clip_s
    reading = _Reading(options, root, DATASET.spoken(options), clip_s, UnknownWords(FACTS.title))
    folders = list(track_folders(root))
    whole = [place for place in folders if (place / "metadata.yaml").exists()]
    for number, place in enumerate(whole):
        _read(read_track(place, protocol=options.protocol), reading)
        report_progress(options, number + 1, len(whole))
    if not options.allow_unknown:
        reading.unknown.refuse()
    found = {"tracks": len(whole), "clips": len(reading.clips)}
    if reading.n_silent:
        found["silent stem clips left out"] = reading.n_silent
    missing = {"metadata files": len(folders) - len(whole), "audio files": reading.n_missing}
    return Parsed.of_clips(
        reading.clips,
        reading.spoken,
        reading.labels,
        root,
        events=reading.events or None,
        found=found,
        missing={what: count for what, count in missing.items() if count},
        notes=(f"unknown classes left open: {reading.unknown.said()}",) if reading.unknown.by_file else (),
    )


def _looks(folder: Path) -> bool:
    return any((place / "metadata.yaml").exists() for place in track_folders(folder))


def _read(track: Track, reading: _Reading) -> None:
    stems = [stem for stem in track.stems if stem.rendered]
    known: Callable[[str], Any] = lambda word: to_canonical("slakh", word)  # noqa: E731
    where = f"{track.folder.relative_to(reading.root).as_posix()}/metadata.yaml"
    strange = {s.slakh_class for s in stems} - set(reading.unknown.known([s.slakh_class for s in stems], known, where))
    if strange:
        stems = [stem for stem in stems if stem.slakh_class not in strange]
    windows = list(_windows(_duration_s(track), reading.clip_s))
    if "mix" in reading.options.sources and _wanted(track.mix, reading):
        for window in windows:
            _add_mix(track, stems, window, reading, everything_open=bool(strange))
    for stem in stems if "stem" in reading.options.sources else ():
        if _wanted(stem.audio, reading):
            for window in windows:
                _add_stem(track, stem, window, reading)


def _duration_s(track: Track) -> float | None:
    """Length by the header of the mix, or of a stem, or else where the last note ends."""
    for path in (track.mix, *(stem.audio for stem in track.stems)):
        length_s = duration_of(path) if path is not None else None
        if length_s is not None:
            return length_s
    ends = [float(stem.spans[:, 1].max()) for stem in track.stems if stem.spans is not None and len(stem.spans)]
    return max(ends, default=None)


def _windows(whole_s: float | None, clip_s: float) -> Iterator[_Window]:
    if whole_s is None or not clip_s or whole_s <= clip_s:
        yield _Window(0.0, float("inf") if whole_s is None else whole_s, whole_s, 0)
        return
    n_full = int(whole_s / clip_s + 1e-9)
    rest_s = whole_s - n_full * clip_s
    for number in range(n_full + (rest_s >= _SHORTEST_REST * clip_s)):
        start_s = number * clip_s
        end_s = min(start_s + clip_s, whole_s)
        yield _Window(start_s, end_s, end_s - start_s, number)


def _wanted(path: Path | None, reading: _Reading) -> bool:
    reading.n_missing += path is None
    return path is not None or not reading.options.require_audio


def _add_mix(track: Track, stems: list[Stem], window: _Window, reading: _Reading, *, everything_open: bool) -> None:
    sounding = [stem for stem in stems if stem.sounds_in(window.start_s, window.end_s)]
    truth = stated_of(map(reading.meaning, sounding), reading.labels, everything_open=everything_open)
    for stem in stems:
        if stem.sounds_in(window.start_s, window.end_s) is None:  # no MIDI: it may sound here or not
            for label in reading.meaning(stem):
                if truth.get(label) != 1.0:
                    truth.pop(label, None)
    _add(track, "mix", track.mix or track.folder / "mix.flac", window, reading, (truth, sounding))


def _add_stem(track: Track, stem: Stem, window: _Window, reading: _Reading) -> None:
    sounds = stem.sounds_in(window.start_s, window.end_s)
    if sounds is False:
        reading.n_silent += 1
        return
    truth = stated_of([reading.meaning(stem)] if sounds else [], reading.labels, everything_open=sounds is None)
    path = stem.audio or track.folder / "stems" / f"{stem.id}.flac"
    _add(track, stem.id, path, window, reading, (truth, [stem]))


def _add(
    track: Track, part: str, path: Path, window: _Window, reading: _Reading, heard: tuple[dict[str, float], list[Stem]]
) -> None:
    truth, stems = heard
    place = track.folder.relative_to(reading.root).as_posix()
    only = stems[0] if part != "mix" else None
    clip = Clip(
        id=f"slakh/{place}/{part}/{window.number:03d}",
        path=path.relative_to(reading.root).as_posix(),
        dataset=FACTS.name,
        source="stem" if only else "mix",
        group=f"slakh/{track.song}",
        truth=truth,
        labels_original=tuple(dict.fromkeys(stem.slakh_class for stem in stems)),
        start_s=window.start_s,
        duration_s=window.duration_s,
        split=track.split,
        licence=FACTS.licence,
        extra={
            "track": track.name,
            "program": only.program if only else None,
            "plugin": only.plugin if only else None,
        },
    )
    reading.clips.append(clip)
    for stem in stems:
        meaning = reading.meaning(stem)
        if stem.spans is not None and len(meaning) == 1:
            for start_s, end_s in sounding_stretches(stem.spans, pause_s=PAUSE_S):
                begin, end = max(start_s, window.start_s), min(end_s, window.end_s)
                if end > begin:
                    reading.events.append((clip.id, begin - window.start_s, end - window.start_s, meaning[0]))


DATASET = Dataset(FACTS, parse, protocols=(ORIG,))
