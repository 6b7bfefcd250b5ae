"""A recording to sheet music, stage by stage: recognise, separate, transcribe, notate, engrave, page.

Each stage can be asked for alone; those before it run (or are found unchanged) first. A stage that fails leaves the
results of the earlier ones where they are.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from instrunet import __version__
from instrunet.audio import Samples, stream
from instrunet.errors import InstrunetError, MissingExtraError
from instrunet.files import written_whole
from instrunet.transcription import remarks
from instrunet.transcription.beats import track_beats
from instrunet.transcription.casting import SCORE_ORDER, named_instruments
from instrunet.transcription.chapters import CHAPTER_S
from instrunet.transcription.metre import Metre, guess_metre
from instrunet.transcription.midi import write_midi
from instrunet.transcription.notes import DRUM_PARTS, Note, Part
from instrunet.transcription.quantise import QuantisedMusic, quantise
from instrunet.transcription.separation import separator
from instrunet.transcription.stem_files import RATE_HZ, REST, read_stems, stem_path, write_stems
from instrunet.transcription.workspace import Receipt, Workspace, content_digest
from instrunet.transcription.writing_down import WritingOptions, write_down

LONGEST_S = 20 * 60.0
BESIDE_A_KIT = frozenset({"cymbals", "hand_percussion"})
"""Written on the drummer's staff where there is one; a part of their own only if the user names them."""
STAGES = ("recognise", "separate", "transcribe", "notate", "engrave", "page")


@dataclass(frozen=True)
class ScoreRequest:
    """What the user wants.

    Attributes:
        instruments: Who plays, in canonical ids; ``None`` lets the tagger decide.
        separator: Name of the separator.
        model: The tagger.
        start_s: Where to begin.
        duration_s: How much to take; at most twenty minutes are.
        writing: How notes are written down.
        title: Title on the score; ``None`` takes the file's name.
        most_parts: With the tagger deciding, at most this many parts, the most confident ones.
    """

    instruments: tuple[str, ...] | None = None
    separator: str = "auto"
    model: str = "default"
    start_s: float = 0.0
    duration_s: float | None = None
    writing: WritingOptions = field(default_factory=WritingOptions)
    title: str | None = None
    most_parts: int = 8


class ScoreMaker:
    """One recording on its way to a score."""

    def __init__(
        self,
        recording: Path,
        folder: Path,
        request: ScoreRequest | None = None,
        *,
        notify: Callable[[str, str], None] | None = None,
    ) -> None:
        self.recording = recording
        self.request = request or ScoreRequest()
        self.space = Workspace(folder, notify=notify)

    @property
    def folder(self) -> Path:
        """Where everything is written."""
        return self.space.folder

    @property
    def remarks(self) -> list[str]:
        """What the user should know about what has come out so far."""
        found: list[str] = []
        told_by = {"separate": remarks.of_length, "transcribe": remarks.of_notes, "notate": remarks.of_bars}
        for name, told in told_by.items():
            receipt = self.space.settled(name)
            found += told(receipt.facts) if receipt else []
        return found

    @property
    def _longest_s(self) -> float:
        return min(LONGEST_S, self.request.duration_s or LONGEST_S)

    @cached_property
    def _source(self) -> dict[str, Any]:
        request = self.request
        digest = content_digest(self.recording)
        return {"sha256": digest, "start": request.start_s, "duration": request.duration_s, "version": __version__}

    def recognise(self) -> Receipt:
        """Decide which parts exist, and when each plays."""
        request = self.request
        depends = {**self._source, "given": request.instruments, "model": request.model, "most": request.most_parts}
        return self.space.stage("recognise", depends, self._recognise)

    def _recognise(self) -> tuple[list[Path], dict[str, Any]]:
        if self.request.instruments is not None:
            rows = [{"instrument": name, "confidence": 1.0, "ranges": None} for name in self.request.instruments]
        else:
            rows = self._heard()
        facts = {"instruments": rows}
        path = self.folder / "instruments.json"
        _write_json(path, facts)
        return [path], facts

    def _heard(self) -> list[dict[str, Any]]:
        from instrunet.tagging import Tagger

        tagger = Tagger(self.request.model, vocabulary="instrunet")
        tags = tagger.tag_file(self.recording, start_s=self.request.start_s, duration_s=self._longest_s)
        has_kit = "drums" in {tag.label for tag in tags.detected}
        found = [tag for tag in tags.detected if not (has_kit and tag.label in BESIDE_A_KIT)]
        found = found[: self.request.most_parts]
        if not found:
            raise InstrunetError(
                f"{self.recording}: no instrument was recognised (speech, noise or silence?); "
                "name the parts yourself with --instruments"
            )
        return [
            {"instrument": t.label, "confidence": round(t.confidence, 4),
             "ranges": [[round(r.start_s, 2), round(r.end_s, 2)] for r in t.ranges]}
            for t in found
        ]  # fmt: skip

    @property
    def instruments(self) -> tuple[str, ...]:
        """The parts, in score order."""
        names = {row["instrument"] for row in self.recognise().facts["instruments"]}
        return tuple(name for name in SCORE_ORDER if name in names)

    def separate(self) -> Receipt:
        """Take the mix apart: ``stems/<instrument>.flac`` and ``stems/rest.flac``, which sum to the mix."""
        names = self.instruments
        depends = {
            **self._source,
            "instruments": names,
            "separator": self.request.separator,
            "by": _weights(self.request.separator),
        }
        return self.space.stage("separate", depends, lambda: self._separate(names))

    def _separate(self, names: tuple[str, ...]) -> tuple[list[Path], dict[str, Any]]:
        alone = self.request.instruments is None and len(names) == 1
        by = None if alone else separator(self.request.separator)
        mix = _Excerpt(self)
        taken = write_stems(self.folder, mix, names, by, partial(self.space.progress, "separate"))
        facts = {"separator": self.request.separator, "energy_shares": taken.energy_shares,
                 "duration_s": round(taken.duration_s, 3), "longest_s": LONGEST_S, "cut": mix.goes_on}  # fmt: skip
        return [stem_path(self.folder, name) for name in (*names, REST)], facts

    def transcribe(self) -> Receipt:
        """Write the notes of each part: ``midi/<instrument>.mid`` and ``midi/all.mid``."""
        stems = self.separate()
        depends = {"separate": stems.key, "writing": asdict(self.request.writing)}
        return self.space.stage("transcribe", depends, self._transcribe)

    def _transcribe(self) -> tuple[list[Path], dict[str, Any]]:
        _ready("pretty_midi", "writing MIDI")
        duration_s = float(self.separate().facts["duration_s"])
        ranges = self._ranges()
        parts = self._written_down(ranges)
        grid = track_beats(parts, duration_s)
        tempo = grid.tempo_bpm if grid else 120.0
        paths = [self.folder / "midi" / "all.mid"]
        write_midi(paths[0], parts, tempo_bpm=tempo)
        for part in parts:
            path = self.folder / "midi" / f"{part.instrument}.mid"
            write_midi(path, (part,), tempo_bpm=tempo)
            paths.append(path)
        notes = self.folder / "notes.json"
        _write_json(notes, [{"instrument": p.instrument, "notes": [asdict(n) for n in p.notes]} for p in parts])
        whole = ((0.0, duration_s),)
        pitched = [p for p in parts if not p.is_drums]
        facts = {
            "notes": {p.instrument: len(p.notes) for p in parts},
            "confidence": {p.instrument: round(p.confidence, 3) for p in parts},
            "playing_s": {p.instrument: _length_s(ranges.get(p.instrument, whole)) for p in pitched},
            "covered_s": {p.instrument: _length_s((n.onset_s, n.offset_s) for n in p.notes) for p in pitched},
        }
        return [*paths, notes], facts

    def _ranges(self) -> dict[str, tuple[tuple[float, float], ...]]:
        """When each instrument was heard, in seconds from the start of what was taken."""
        begin = self.request.start_s
        rows = self.recognise().facts["instruments"]
        return {
            row["instrument"]: tuple((float(a) - begin, float(b) - begin) for a, b in row["ranges"])
            for row in rows
            if row["ranges"]
        }

    def _written_down(self, ranges: dict[str, tuple[tuple[float, float], ...]]) -> tuple[Part, ...]:
        """The notes of all parts, heard a chapter at a time."""
        names = self.instruments
        found: dict[str, list[Note]] = {name: [] for name in names}
        for chapter in read_stems(self.folder, names):
            playing = {n: tuple((a - chapter.from_s, b - chapter.from_s) for a, b in ranges[n]) for n in ranges}
            for part in write_down(chapter.mix, chapter.stems, playing=playing, options=self.request.writing):
                moved = (
                    replace(n, onset_s=n.onset_s + chapter.from_s, offset_s=n.offset_s + chapter.from_s)
                    for n in part.notes
                )
                found[part.instrument] += [n for n in moved if chapter.start_s <= n.onset_s < chapter.end_s]
            self.space.progress("transcribe", chapter.end_s)
        return tuple(Part(name, tuple(sorted(notes))) for name, notes in found.items())

    @property
    def parts(self) -> tuple[Part, ...]:
        """The transcribed parts."""
        self.transcribe()
        rows = json.loads((self.folder / "notes.json").read_text(encoding="utf-8"))
        return tuple(
            Part(row["instrument"], tuple(Note(**{**n, "bends": tuple(n["bends"])}) for n in row["notes"]))
            for row in rows
        )

    def notate(self) -> Receipt:
        """Put the notes on a grid and into a score: ``score.musicxml``."""
        from instrunet.transcription.notation import ScoreOptions, write_musicxml

        done = self.transcribe()

        def work() -> tuple[list[Path], dict[str, Any]]:
            _ready("music21", "notation")
            music, facts = self._quantised()
            path = self.folder / "score.musicxml"
            write_musicxml(path, music, ScoreOptions(title=self.title))
            return [path], facts

        return self.space.stage("notate", {"transcribe": done.key, "title": self.title}, work)

    @property
    def title(self) -> str:
        """What stands over the score."""
        return self.request.title or self.recording.stem.replace("_", " ")

    def _quantised(self) -> tuple[QuantisedMusic, dict[str, Any]]:
        from instrunet.transcription.harmony import find_key

        parts = [p for p in self.parts if p.notes]
        if not parts:
            raise InstrunetError(
                f"{self.recording}: no notes were found, so there is no score; the stems are in {self.folder / 'stems'}"
            )
        duration_s = max(p.duration_s for p in parts)
        grid = track_beats(parts, duration_s)
        if grid is None:
            grid = _plain_grid(duration_s)
        metre = guess_metre(grid, parts)
        music = quantise(parts, grid, metre)
        bar = music.beats_per_bar
        lead = -(-music.pickup // bar) * bar  # beats that the score shows before the first full bar
        where = {
            "beat_times_s": [round(t, 4) for t in grid.times_s],
            "beat_of_score_start": metre.first_downbeat - int(lead),
        }
        key = find_key([p for p in music.parts if p.instrument not in DRUM_PARTS])
        return music, _rhythm_facts(music, metre, grid.constant, grid.confidence) | {"key": key.name} | where

    def engrave(self) -> Receipt:
        """Draw the pages: ``pages/*.svg`` and ``score.pdf``."""
        from instrunet.transcription.engrave import svg_pages, write_pdf

        done = self.notate()

        def work() -> tuple[list[Path], dict[str, Any]]:
            _ready("cairosvg", "writing PDF")
            pages = svg_pages(self.folder / "score.musicxml")
            paths = []
            for number, page in enumerate(pages, start=1):
                path = self.folder / "pages" / f"{number:02d}.svg"
                with written_whole(path) as beside:
                    beside.write_text(page, encoding="utf-8")
                paths.append(path)
            write_pdf(self.folder / "score.pdf", pages)
            return [*paths, self.folder / "score.pdf"], {"pages": len(pages)}

        return self.space.stage("engrave", {"notate": done.key}, work)

    def page(self) -> Receipt:
        """Make ``index.html``: the score that follows the playback, stems to solo and mute, everything to download."""
        from instrunet.transcription.page import write_page

        done = self.engrave()

        def work() -> tuple[list[Path], dict[str, Any]]:
            return [write_page(self)], {}

        return self.space.stage("page", {"engrave": done.key}, work)


class _Excerpt(Iterator[Samples]):
    """The recording in blocks of a chapter, mono, up to the longest that is taken."""

    def __init__(self, maker: ScoreMaker) -> None:
        wanted = maker.request.duration_s or LONGEST_S + 1.0
        self._blocks = stream(
            maker.recording, sample_rate_hz=RATE_HZ, block_s=CHAPTER_S, start_s=maker.request.start_s, duration_s=wanted
        )
        self._left = round(LONGEST_S * RATE_HZ)
        self._nothing = f"{maker.recording}: there is no sound from {maker.request.start_s:g} s on"
        self.goes_on = False

    def __next__(self) -> Samples:
        block = next(self._blocks, None)
        if block is None and self._nothing:
            raise InstrunetError(self._nothing)
        if block is None:
            raise StopIteration
        self._nothing = ""
        kept = block[: self._left]
        self.goes_on = len(kept) < len(block)
        self._left -= len(kept)
        if not len(kept):
            self._blocks.close()
            raise StopIteration
        return kept


def with_instruments(request: ScoreRequest, words: str | None) -> ScoreRequest:
    """Give the request with the user's own list, if there is one."""
    return request if words is None else replace(request, instruments=named_instruments(words))


def _ready(module: str, purpose: str) -> None:
    """Complain before the work of a stage rather than after it."""
    if importlib.util.find_spec(module) is None:
        raise MissingExtraError("transcribe", purpose)


def _weights(name: str) -> str:
    """What a separator's name stands for today: results are made again when our network has come or changed."""
    from instrunet.transcription.unet import UnetSeparator

    ours = name in ("auto", "unet") and UnetSeparator.available()
    return UnetSeparator.load().bundle.files["model.onnx"] if ours else "nmf" if name == "auto" else name


def _length_s(ranges: Iterable[tuple[float, float]]) -> float:
    return round(sum(end - start for start, end in ranges), 1)


def _plain_grid(duration_s: float) -> Any:
    from instrunet.transcription.beats import BeatGrid

    return BeatGrid(tuple(0.5 * k for k in range(int(duration_s * 2) + 3)), 120.0, constant=True, confidence=0.0)


def _rhythm_facts(music: QuantisedMusic, metre: Metre, constant: bool, confidence: float) -> dict[str, Any]:
    return {
        "tempo_bpm": round(music.tempo_bpm, 1),
        "constant_tempo": constant,
        "tempo_confidence": round(confidence, 3),
        "beats_per_bar": music.beats_per_bar,
        "metre_confidence": round(metre.confidence, 3),
        "pickup_beats": float(music.pickup),
        "swing": music.swing,
        "mean_onset_error_beats": round(music.error_beats, 4),
    }


def _write_json(path: Path, body: Any) -> None:
    with written_whole(path) as beside:
        beside.write_text(json.dumps(body, indent=1), encoding="utf-8")
