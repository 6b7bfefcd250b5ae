"""One self-contained page: the score that follows the playback, stems to solo and mute, everything to download."""

from __future__ import annotations

import base64
import html
import io
import json
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from instrunet.audio import stream
from instrunet.files import written_whole
from instrunet.labels import instrument
from instrunet.transcription.engrave import sounding_ids

if TYPE_CHECKING:
    from instrunet.transcription.pipeline import ScoreMaker

PAGE_RATE_HZ = 24_000
"""Sample rate of the sound inside the page; the files beside it keep the full rate."""


def write_page(maker: ScoreMaker) -> Path:
    """Write ``index.html`` into the maker's folder."""
    folder = maker.folder
    names = [*maker.instruments, "rest"]
    facts = dict(maker.notate().facts)
    data = {
        "stems": [{"name": _shown(n), "id": n, "sound": _sound(folder / "stems" / f"{n}.flac")} for n in names],
        "notes": [
            {"part": p.instrument, "drums": p.is_drums,
             "notes": [[round(n.onset_s, 3), round(n.offset_s, 3), n.pitch, n.velocity] for n in p.notes]}
            for p in maker.parts
        ],
        "moments": _moments(folder / "score.musicxml", facts),
        "files": _files(folder),
    }  # fmt: skip
    pages = [page.read_text(encoding="utf-8") for page in sorted((folder / "pages").glob("*.svg"))]
    template = files("instrunet.transcription").joinpath("page.html").read_text(encoding="utf-8")
    filled = {
        "TITLE": html.escape(maker.title),
        "FACTS": html.escape(_sentence(facts, maker)),
        "REMARKS": "".join(f"<p class=remark>{html.escape(r)}</p>" for r in maker.remarks),
        "PAGES": "".join(f'<div class="page">{page[page.index("<svg") :]}</div>' for page in pages),
        "DATA": json.dumps(data, separators=(",", ":")).replace("</", "<\\/"),
    }
    for key, value in filled.items():
        template = template.replace(f"@@{key}@@", value)
    path = folder / "index.html"
    with written_whole(path) as beside:
        beside.write_text(template, encoding="utf-8")
    return path


def _shown(name: str) -> str:
    return "Rest" if name == "rest" else instrument(name).name


def _sound(path: Path) -> str:
    """A stem as a data URI, small enough for a page."""
    import soundfile

    with io.BytesIO() as buffer:
        with soundfile.SoundFile(buffer, "w", PAGE_RATE_HZ, 1, format="OGG", subtype="VORBIS") as out:
            for second in stream(path, sample_rate_hz=PAGE_RATE_HZ, block_s=1.0):  # libsndfile wants small pieces
                out.write(second)
        return "data:audio/ogg;base64," + base64.b64encode(buffer.getvalue()).decode()


def _moments(musicxml: Path, facts: dict[str, Any]) -> list[tuple[float, list[str]]]:
    """Seconds in the recording at which notes of the score begin, with their ids on the page."""
    beats = np.asarray(facts["beat_times_s"])
    first = facts["beat_of_score_start"]
    index = np.arange(len(beats))
    step = float(np.median(np.diff(beats)))
    moments = []
    for quarter, ids in sounding_ids(musicxml):
        at = quarter + first
        inside = float(np.interp(at, index, beats))
        second = inside + (min(0.0, at) + max(0.0, at - index[-1])) * step
        moments.append((round(second, 3), ids))
    return moments


def _sentence(facts: dict[str, Any], maker: ScoreMaker) -> str:
    tempo = f"{facts['tempo_bpm']:.0f} beats a minute" + ("" if facts["constant_tempo"] else ", moving")
    sure = maker.transcribe().facts["confidence"]
    parts = ", ".join(f"{_shown(n)} {100 * sure[n]:.0f} %" for n in sure)
    return (
        f"{facts['key']}, {facts['beats_per_bar']}/4 (sure: {100 * facts['metre_confidence']:.0f} %), {tempo}. "
        f"How sure the notes are, by part: {parts}."
    )


def _files(folder: Path) -> list[dict[str, str]]:
    """What can be taken from the page itself: the score and the MIDI files, as data URIs."""
    kinds = {".pdf": "application/pdf", ".musicxml": "application/xml", ".mid": "audio/midi"}
    paths = [folder / "score.pdf", folder / "score.musicxml", folder / "midi" / "all.mid"]
    paths += sorted((folder / "midi").glob("*.mid"))
    return [
        {"name": p.name, "href": f"data:{kinds[p.suffix]};base64,{base64.b64encode(p.read_bytes()).decode()}"}
        for p in dict.fromkeys(paths)
        if p.is_file()
    ]
