"""IRMAS: predominant instruments in 6,705 training clips of 3 s and 2,874 testing clips of 5 to 20 s."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from instrunet.datasets.clips import Clip, closed_truth
from instrunet.datasets.facts import DatasetFacts
from instrunet.datasets.parsing import Dataset, IndexOptions, Parsed, locate
from instrunet.errors import InstrunetError
from instrunet.labels import INSTRUMENT_IDS, to_canonical, vocabulary

FACTS = DatasetFacts(
    name="irmas",
    title="IRMAS",
    licence="CC BY-NC-SA 3.0",
    citation=(
        "Bosch, Janer, Fuhrmann, Herrera: A Comparison of Sound Segregation Techniques for Predominant Instrument "
        "Recognition in Musical Audio Signals. ISMIR 2012, 559-564. doi:10.5281/zenodo.1290750"
    ),
    url="https://zenodo.org/record/1290750",
    layout="IRMAS-TrainingData/<class>/*.wav and IRMAS-TestingData-Part1…3 with a .txt beside each .wav",
    group="the source recording: in training the number in the file name, in testing the name without its last number",
    vocabularies=("irmas", "instrunet"),
    expected={"training clips": 6705, "testing clips": 2874},
    absence_observed=False,
    mirdata="irmas",
)

TRAINING_CLIP_S = 3.0
_TRAINING_NAME = re.compile(r"^(?:\d+__)?(?P<tags>(?:\[[^\]]*\])+)(?P<number>\d+)__\d+$")
_TESTING_NAME = re.compile(r"^(?P<recording>.+)-\d+$")
_DRUMS = {"dru": 1.0, "nod": 0.0}
_GENRES = {"cou_fol", "cla", "pop_roc", "lat_sou", "jaz_blu"}


@dataclass(frozen=True)
class TrainingName:
    """What a training file's name says: its further tags; None where it says nothing."""

    recording: str
    drums: float | None
    genre: str | None


def read_name(stem: str) -> TrainingName:
    """Read the tags in a training file's name.

    The first tag repeats the class; of the others ``dru`` and ``nod`` say that drums are there or not, and the last may
    be a genre. No drum tag, or ``[---]``, means unknown.

    >>> read_name("008__[cel][nod][cla]0058__1")
    TrainingName(recording='0058', drums=0.0, genre='cla')
    >>> read_name("[gel][pop_roc]1034__3").drums is None
    True
    """
    match = _TRAINING_NAME.match(stem)
    if match is None:
        return TrainingName(recording=stem, drums=None, genre=None)
    further = re.findall(r"\[([^\]]*)\]", match["tags"])[1:]
    drums = next((_DRUMS[tag] for tag in further if tag in _DRUMS), None)
    genre = next((tag for tag in reversed(further) if tag in _GENRES), None)
    return TrainingName(match["number"], drums, genre)


def parse(folder: Path, options: IndexOptions) -> Parsed:
    """Read the folder without opening any audio."""
    root = locate(folder, FACTS, _looks, "IRMAS-TrainingData/cel or testing .txt")
    spoken = DATASET.spoken(options)
    labels = vocabulary("irmas").labels
    training = list(_training(root, labels, spoken))
    testing, unlabelled = _testing(root, spoken)
    clips = training + testing
    missing = {"training clips": 6705 - len(training), "testing clips": 2874 - len(testing)}
    if unlabelled:
        missing["label files"] = unlabelled
    return Parsed.of_clips(
        clips,
        spoken,
        labels if spoken == "irmas" else INSTRUMENT_IDS,
        root,
        found={"training clips": len(training), "testing clips": len(testing)},
        missing={what: count for what, count in missing.items() if count > 0},
    )


def _looks(folder: Path) -> bool:
    if any((folder / "IRMAS-TrainingData" / label).is_dir() for label in vocabulary("irmas").labels):
        return True
    return folder.is_dir() and any(_is_testing(entry.name) for entry in os.scandir(folder) if entry.is_dir())


def _is_testing(name: str) -> bool:
    return re.fullmatch(r"(IRMAS-|IR)TestingData-?(Part)?\d*", name) is not None


def _training(root: Path, labels: tuple[str, ...], spoken: str) -> Iterator[Clip]:
    for label in labels:
        inside = root / "IRMAS-TrainingData" / label
        for path in _wavs(inside) if inside.is_dir() else ():
            said = read_name(path.stem)
            yield Clip(
                id=f"irmas/train/{label}/{path.stem}",
                path=path.relative_to(root).as_posix(),
                dataset=FACTS.name,
                source="mix",
                group=f"irmas/train/{said.recording}",
                truth=_truth((label,), spoken, said.drums),
                labels_original=(label,),
                duration_s=TRAINING_CLIP_S,
                split="train",
                genre=said.genre,
                licence=FACTS.licence,
                extra={"drums": said.drums},
            )


def _testing(root: Path, spoken: str) -> tuple[list[Clip], int]:
    clips, unlabelled = [], 0
    for part in sorted(entry.name for entry in os.scandir(root) if entry.is_dir() and _is_testing(entry.name)):
        for path in sorted((root / part).rglob("*.wav")):
            beside = path.with_suffix(".txt")
            if path.name.startswith("."):
                continue
            if not beside.exists():
                unlabelled += 1
                continue
            clips.append(_testing_clip(path, _labels_in(beside), root, spoken))
    return clips, unlabelled


def _testing_clip(path: Path, labels: tuple[str, ...], root: Path, spoken: str) -> Clip:
    match = _TESTING_NAME.match(path.stem)
    recording = match["recording"] if match else path.stem
    return Clip(
        id=f"irmas/test/{path.stem}",
        path=path.relative_to(root).as_posix(),
        dataset=FACTS.name,
        source="mix",
        group=f"irmas/test/{recording}",
        truth=_truth(labels, spoken, None),
        labels_original=labels,
        split="test",
        licence=FACTS.licence,
        extra={"drums": None},
    )


def _labels_in(path: Path) -> tuple[str, ...]:
    words = tuple(path.read_text(encoding="utf-8-sig").split())
    strange = [word for word in words if word not in vocabulary("irmas").labels]
    if strange or not words:
        said = f"labels that IRMAS does not have: {', '.join(strange)}" if strange else "no label in it"
        raise InstrunetError(f"{path}: {said}; it should hold one to five of {' '.join(vocabulary('irmas').labels)}")
    return words


def _truth(labels: tuple[str, ...], spoken: str, drums: float | None) -> dict[str, float]:
    """In IRMAS' own words all are judged; elsewhere only what is named, and drums where the name says so."""
    if spoken == "irmas":
        return closed_truth(vocabulary("irmas").labels, labels)
    truth = {name: 1.0 for label in labels for name in to_canonical("irmas", label)}
    return truth if drums is None else truth | {"drums": drums}


def _wavs(folder: Path) -> list[Path]:
    names = sorted(e.name for e in os.scandir(folder) if e.name.endswith(".wav") and not e.name.startswith("."))
    return [folder / name for name in names]


DATASET = Dataset(FACTS, parse)
