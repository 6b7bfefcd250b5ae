"""MedleyDB 1 and 2: multitracks with a mix, stems and raw tracks, an instrument each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from instrunet.datasets.clips import Clip
from instrunet.datasets.facts import DatasetFacts
from instrunet.datasets.medleydb_excerpts import Excerpt, mix_excerpt, stem_activity, stem_excerpt
from instrunet.datasets.medleydb_songs import METADATA_SUFFIX, Part, Song, Tree, read_song, survey
from instrunet.datasets.parsing import Dataset, IndexOptions, Parsed, locate, report_progress
from instrunet.datasets.wording import UnknownWords, stated_of
from instrunet.labels import INSTRUMENT_IDS, macro_category, to_canonical, vocabulary

FACTS = DatasetFacts(
    name="medleydb",
    title="MedleyDB",
    licence="CC BY-NC-SA 4.0",
    citation=(
        "Bittner, Salamon, Tierney, Mauch, Cannam, Bello: MedleyDB: A Multitrack Dataset for Annotation-Intensive MIR "
        "Research. ISMIR 2014; Bittner, Wilkins, Yip, Bello: MedleyDB 2.0. ISMIR 2016 (late breaking)."
    ),
    url="https://medleydb.weebly.com",
    layout="Audio/<Song>/ with <Song>_METADATA.yaml, <Song>_MIX.wav, <Song>_STEMS/, <Song>_RAW/; Annotations/ beside",
    group="the artist",
    vocabularies=("medleydb17", "instrunet"),
    expected={"songs": 196},
)

EXCERPT_S = 15.0
"""Length of the excerpts in published work; ``clip_s`` 0 indexes whole recordings."""
_LEAVES_ALL_OPEN = {"Unlabeled"}


@dataclass
class _Reading:
    """What is gathered while the songs are read."""

    options: IndexOptions
    tree: Tree
    root: Path
    spoken: str
    clip_s: float
    unknown: UnknownWords
    clips: list[Clip] = field(default_factory=list)
    events: list[tuple[str, float, float, str]] = field(default_factory=list)
    n_missing: int = 0

    @property
    def labels(self) -> tuple[str, ...]:
        return INSTRUMENT_IDS if self.spoken == "instrunet" else vocabulary(self.spoken).labels

    def meaning(self, word: str) -> tuple[str, ...]:
        """What a word of MedleyDB means in the words that truth is stated in."""
        if self.spoken == "instrunet":
            return to_canonical("medleydb", word)
        macro = macro_category(word)
        return () if macro is None else (macro,)


def parse(folder: Path, options: IndexOptions) -> Parsed:
    """Read every METADATA file under the folder and index the mixes, stems and raw tracks that were asked for."""
    root = locate(
        folder, FACTS, lambda place: any(place.rglob(f"*{METADATA_SUFFIX}")), f"*{METADATA_SUFFIX}", look_near=False
    )
    spoken = DATASET.spoken(options)
    clip_s = EXCERPT_S if options.clip_s is None else options.clip_s
    reading = _Reading(options, survey(root), root, spoken, clip_s, UnknownWords(FACTS.title))
    songs = [read_song(name, path) for name, path in sorted(reading.tree.metadata.items())]
    for number, song in enumerate(songs):
        _read(song, reading)
        report_progress(options, number + 1, len(songs))
    if not options.allow_unknown:
        reading.unknown.refuse()
    clips = reading.clips
    found = {"songs": len(songs)} | {
        f"{kind} clips": sum(clip.source == kind for clip in clips) for kind in options.sources
    }
    missing = {"audio files": reading.n_missing} if reading.n_missing else {}
    notes = (f"unknown instruments left open: {reading.unknown.said()}",) if reading.unknown.by_file else ()
    return Parsed.of_clips(
        clips, spoken, reading.labels, root, events=reading.events or None, found=found, missing=missing, notes=notes
    )


def _read(song: Song, reading: _Reading) -> None:
    sources = reading.options.sources
    folder = _song_folder(song, reading)
    activity = stem_activity(song, reading.tree)
    if "mix" in sources:
        path = folder / song.mix_filename
        whole = Part("MIX", song.mix_filename, song.instruments)
        if _wanted(path, reading):
            excerpt = mix_excerpt(song, reading.tree, path, reading.clip_s)
            _add(song, whole, path, "mix", excerpt, reading)
            for stem in song.stems:
                _add_events(reading, stem, activity.get(stem.id, []), excerpt)
    for stem, part, path, kind in _parts(song, folder, sources):
        if _wanted(path, reading):
            excerpt = stem_excerpt(path, reading.clip_s)
            _add(song, part, path, kind, excerpt, reading)
            _add_events(reading, stem, activity.get(stem.id, []), excerpt)


def _parts(song: Song, folder: Path, sources: tuple[str, ...]) -> Iterator[tuple[Part, Part, Path, str]]:
    """Stem, track, path and kind of everything below the mix that was asked for."""
    for stem in song.stems:
        if "stem" in sources:
            yield stem, stem, folder / song.stem_dir / stem.filename, "stem"
        for raw in stem.raws if "raw" in sources else ():
            yield stem, raw, folder / song.raw_dir / raw.filename, "raw"


def _song_folder(song: Song, reading: _Reading) -> Path:
    """Where the audio lies: beside the METADATA file, or in a folder of the song's name, or where it belongs."""
    beside = song.metadata.parent
    if beside.name == song.name or (beside / song.mix_filename).exists() or (beside / song.stem_dir).is_dir():
        return beside
    return reading.tree.folders.get(song.name, reading.root / "Audio" / song.name)


def _wanted(path: Path, reading: _Reading) -> bool:
    there = path.exists()
    reading.n_missing += not there
    return there or not reading.options.require_audio


def _add(song: Song, part: Part, path: Path, kind: str, excerpt: Excerpt, reading: _Reading) -> None:
    words = reading.unknown.known(part.instruments, reading.meaning, song.metadata.name)
    everything_open = len(words) < len(part.instruments) or bool(_LEAVES_ALL_OPEN & set(words))
    meanings = [reading.meaning(word) for word in words]
    reading.clips.append(
        Clip(
            id=f"medleydb/{Path(part.filename).stem}",
            path=path.relative_to(reading.root).as_posix(),
            dataset=FACTS.name,
            source=kind,
            group=f"medleydb/{song.artist}",
            truth=stated_of(meanings, reading.labels, everything_open=everything_open),
            labels_original=part.instruments,
            start_s=excerpt.start_s,
            duration_s=excerpt.duration_s,
            genre=song.genre,
            licence=FACTS.licence,
            extra={"song": song.name},
        )
    )


def _add_events(reading: _Reading, stem: Part, spans: list[tuple[float, float]], excerpt: Excerpt) -> None:
    """Add when a stem sounds inside the clip last added, in seconds from the clip's beginning."""
    words = [word for word in stem.instruments if word not in reading.unknown]
    labels = {ids[0] for ids in map(reading.meaning, words) if len(ids) == 1}
    if len(labels) != 1 or len(words) != len(stem.instruments):
        return
    end_s = float("inf") if excerpt.duration_s is None else excerpt.start_s + excerpt.duration_s
    for span_start_s, span_end_s in spans:
        begin, end = max(span_start_s, excerpt.start_s), min(span_end_s, end_s)
        if end > begin:
            moved = (begin - excerpt.start_s, end - excerpt.start_s)
            reading.events.append((reading.clips[-1].id, *moved, next(iter(labels))))


DATASET = Dataset(FACTS, parse)
