"""What a user gets: scores of windows, and tags of a recording."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instrunet.tagging.families import Family, families


@dataclass(frozen=True)
class Range:
    """A stretch of time in which an instrument plays.

    Attributes:
        start_s: where it begins.
        end_s: where it ends.
        confidence: mean activity within it.
    """

    start_s: float
    end_s: float
    confidence: float


@dataclass(frozen=True)
class InstrumentTag:
    """What is known of one instrument in a recording.

    Attributes:
        label: its name in the vocabulary of the tags.
        confidence: 0 to 1, for the whole recording.
        detected: whether the confidence reaches the threshold.
        threshold: from where it counts as detected.
        activity: 0 to 1 at each of ``Tags.times_s``, float32.
        ranges: where it plays; empty if it is not detected.
    """

    label: str
    confidence: float
    detected: bool
    threshold: float
    activity: NDArray[np.float32] = field(repr=False, compare=False)
    ranges: tuple[Range, ...] = ()


@dataclass(frozen=True)
class Tags:
    """Which instruments play in a recording, and when.

    Attributes:
        path: the file, as it was named; empty for samples in memory.
        duration_s: length of what was heard.
        vocabulary: name of the vocabulary of the labels.
        model: name of the model.
        instruments: one for each label that the model can tell of, in the order of the vocabulary.
        times_s: the middle of each step of the activity curves.
        words: all labels of the vocabulary, in its order.
        unknown: those of them that the model cannot tell of: unknown, not absent.
        start_s: where in the file the recording begins; all other times are measured from the start of the file.
        remarks: what was wrong with the file, if it could be read all the same.
    """

    path: str
    duration_s: float
    vocabulary: str
    model: str
    instruments: tuple[InstrumentTag, ...]
    times_s: NDArray[np.float32] = field(repr=False, compare=False)
    words: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    start_s: float = 0.0
    remarks: tuple[str, ...] = ()

    @property
    def ranked(self) -> tuple[InstrumentTag, ...]:
        """All instruments, the most confident first."""
        return tuple(sorted(self.instruments, key=lambda tag: -tag.confidence))

    @property
    def detected(self) -> tuple[InstrumentTag, ...]:
        """The detected ones, the most confident first."""
        return tuple(tag for tag in self.ranked if tag.detected)

    @property
    def perhaps(self) -> tuple[Family, ...]:
        """Families that are likely although no member is detected: where an instrument cannot be told from another."""
        return families(self.instruments)

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the instruments, in their order."""
        return tuple(tag.label for tag in self.instruments)

    def __getitem__(self, label: str) -> InstrumentTag:
        """The tag of a label.

        Raises:
            KeyError: the label is not among them.
        """
        for tag in self.instruments:
            if tag.label == label:
                return tag
        raise KeyError(f"{label} is not among {', '.join(self.labels)}")

    def to_dict(self, *, activity: bool = True) -> dict[str, Any]:
        """Plain values for JSON; the curves of the detected instruments only, and none with ``activity=False``."""
        out: dict[str, Any] = {
            "path": self.path,
            "start_s": round(self.start_s, 3),
            "duration_s": round(self.duration_s, 3),
            "model": self.model,
            "vocabulary": self.vocabulary,
            "detected": [tag.label for tag in self.detected],
            "instruments": [_instrument_dict(tag, activity and tag.detected) for tag in self.ranked],
            "perhaps": [{"family": f.name, "confidence": round(f.confidence, 6)} for f in self.perhaps],
            "unknown": list(self.unknown),
            "remarks": list(self.remarks),
        }
        if activity:
            out["times_s"] = [round(float(t), 3) for t in self.times_s]
        return out


def _instrument_dict(tag: InstrumentTag, activity: bool) -> dict[str, Any]:
    out: dict[str, Any] = {
        "label": tag.label,
        "confidence": round(tag.confidence, 6),
        "detected": tag.detected,
        "threshold": round(tag.threshold, 6),
        "ranges": [
            {"start_s": round(r.start_s, 3), "end_s": round(r.end_s, 3), "confidence": round(r.confidence, 4)}
            for r in tag.ranges
        ],
    }
    if activity:
        out["activity"] = [round(float(v), 3) for v in tag.activity]
    return out


@dataclass(frozen=True)
class Scores:
    """Scores of windows, as an evaluation wants them.

    Attributes:
        values: 0 to 1, float32 of shape (windows, labels); NaN where the model cannot tell of a label.
        starts_s: where each window begins.
        window_s: how long it is.
        labels: the columns.
    """

    values: NDArray[np.float32]
    starts_s: NDArray[np.float64]
    window_s: float
    labels: tuple[str, ...]
