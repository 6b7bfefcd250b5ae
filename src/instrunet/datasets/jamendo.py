"""MTG-Jamendo, the instrument subset: 25,135 tracks with the instrument tags that their uploaders gave."""

from __future__ import annotations

from pathlib import Path

from instrunet.datasets.clips import Clip
from instrunet.datasets.facts import DatasetFacts
from instrunet.datasets.parsing import Dataset, IndexOptions, Parsed
from instrunet.errors import InstrunetError
from instrunet.labels import vocabulary

FACTS = DatasetFacts(
    name="jamendo",
    title="MTG-Jamendo (instrument tags)",
    licence="CC BY-NC-SA 4.0 (tags); each track under its own Creative Commons licence",
    citation="Bogdanov, Won, Tovstogan, Porter, Serra: The MTG-Jamendo Dataset for Automatic Music Tagging. ICML 2019.",
    url="https://github.com/MTG/mtg-jamendo-dataset",
    layout="an autotagging_instrument*.tsv, with the audio in folders 00 to 99 beside it or under audio/",
    group="the artist",
    vocabularies=("jamendo",),
    expected={"tracks": 25135},
    absence_observed=False,
)

TAGS_AS_COMPLETE = "tags-as-complete"
"""The protocol of the data set's own benchmark: what is not tagged counts as absent."""


def parse(folder: Path, options: IndexOptions) -> Parsed:
    """Read the table of tags; a tag that was not given is unknown, unless the protocol says otherwise."""
    table = _table(folder)
    root = table.parent
    audio = "audio/" if (root / "audio").is_dir() else ""
    labels = vocabulary("jamendo").labels
    clips, n_missing, lines = [], 0, table.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines[1:], start=2):
        fields = line.split("\t")
        if len(fields) < 6:
            raise InstrunetError(f"{table}, line {number}: expected at least six columns, found {len(fields)}")
        there = (root / audio / fields[3]).exists()
        n_missing += not there
        if there or not options.require_audio:
            clips.append(_clip(fields, audio, labels, closed=options.protocol == TAGS_AS_COMPLETE))
    missing = {"audio files": n_missing} if n_missing else {}
    return Parsed.of_clips(clips, "jamendo", labels, root, found={"tracks": len(clips)}, missing=missing)


def _clip(fields: list[str], audio: str, labels: tuple[str, ...], *, closed: bool) -> Clip:
    track, artist, album, path, duration = fields[:5]
    tags = [tag.split("---", 1) for tag in fields[5:] if "---" in tag]
    words = tuple(word for kind, word in tags if kind == "instrument")
    strange = [word for word in words if word not in labels]
    if strange:
        raise InstrunetError(f"{track}: tags that MTG-Jamendo does not have: {', '.join(strange)}")
    truth = dict.fromkeys(labels, 0.0) if closed else {}
    return Clip(
        id=f"jamendo/{track}",
        path=audio + path,
        dataset=FACTS.name,
        source="mix",
        group=f"jamendo/{artist}",
        truth=truth | dict.fromkeys(words, 1.0),
        labels_original=words,
        duration_s=float(duration),
        genre=next((word for kind, word in tags if kind == "genre"), None),
        licence=FACTS.licence,
        extra={"album": album},
    )


def _table(folder: Path) -> Path:
    if folder.is_file():
        return folder
    found = sorted(folder.glob("*autotagging_instrument*.tsv")) if folder.is_dir() else []
    if not found:
        raise InstrunetError(f"this does not look like MTG-Jamendo: no autotagging_instrument.tsv in {folder}")
    return found[0]


DATASET = Dataset(FACTS, parse, protocols=(TAGS_AS_COMPLETE,))
