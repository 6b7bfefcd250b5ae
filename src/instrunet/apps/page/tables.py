"""What the page says in rows: the best few against each other, and all that is there."""

from __future__ import annotations

from dataclasses import dataclass

from instrunet.tagging import InstrumentTag, Tags
from instrunet.tagging.writers.table import clock


@dataclass(frozen=True)
class Rival:
    """One of the best few.

    Attributes:
        label: its name in words.
        confidence: as the model says it.
        share: the confidences of the best few, made to sum to 1.
    """

    label: str
    confidence: float
    share: float


def words(label: str) -> str:
    """A label as people read it.

    >>> words("french_horn")
    'french horn'
    """
    return label.replace("_", " ")


def rivals(tags: Tags, n: int = 3) -> tuple[Rival, ...]:
    """The single-instrument view: the best ``n``, their confidences normalised over them."""
    best = tags.ranked[:n]
    total = sum(tag.confidence for tag in best)
    return tuple(
        Rival(words(t.label), t.confidence, t.confidence / total if total > 0 else 1 / len(best)) for t in best
    )


def detected_rows(tags: Tags) -> list[dict[str, object]]:
    """The multi-label view: a row for everything that reaches its threshold."""
    return [
        {
            "instrument": words(tag.label),
            "confidence": round(tag.confidence, 3),
            "threshold": round(tag.threshold, 3),
            "when": when(tag),
            "how long (s)": round(sum(r.end_s - r.start_s for r in tag.ranges), 1),
        }
        for tag in tags.detected
    ]


def all_rows(tags: Tags) -> list[dict[str, object]]:
    """A row for every word of the vocabulary; those that the model cannot tell of last, without a number."""
    known: list[dict[str, object]] = [
        {"instrument": words(t.label), "confidence": round(t.confidence, 4), "threshold": round(t.threshold, 3)}
        for t in tags.ranked
    ]
    unknown: list[dict[str, object]] = [
        {"instrument": words(label), "confidence": None, "threshold": None} for label in tags.unknown
    ]
    return known + unknown


def batch_row(tags: Tags) -> dict[str, object]:
    """One recording of a batch."""
    best = tags.ranked[0]
    return {
        "file": tags.path.rsplit("/", 1)[-1],
        "most likely": words(best.label),
        "confidence": round(best.confidence, 3),
        "length": clock(tags.duration_s),
        "instruments": ", ".join(words(t.label) for t in tags.detected) or "none above the threshold",
        "remark": "; ".join(tags.remarks),
    }


def failed_row(name: str, reason: str) -> dict[str, object]:
    """A recording of a batch that could not be heard."""
    return {"file": name, "most likely": "", "confidence": None, "length": "", "instruments": "", "remark": reason}


def compared_rows(one: Tags, other: Tags, names: tuple[str, str]) -> list[dict[str, object]]:
    """Two answers side by side, where they differ most first; words that only one of them knows have no difference."""
    first, second = ({t.label: t.confidence for t in tags.instruments} for tags in (one, other))
    found = {t.label for tags in (one, other) for t in tags.detected}
    chosen = found | {tag.label for tags in (one, other) for tag in tags.ranked[:5]}

    def distance(label: str) -> float:
        return abs(first.get(label, 0.0) - second.get(label, 0.0))

    return [
        {
            "instrument": words(label),
            names[0]: _rounded(first.get(label)),
            names[1]: _rounded(second.get(label)),
            "difference": _rounded(second[label] - first[label]) if label in first and label in second else None,
        }
        for label in sorted(chosen, key=lambda label: (-distance(label), label))
    ]


def when(tag: InstrumentTag, most: int = 4) -> str:
    """Where an instrument plays, in words."""
    spans = [f"{clock(r.start_s)}–{clock(r.end_s)}" for r in tag.ranges[:most]]
    more = len(tag.ranges) - most
    return ", ".join(spans) + (f" and {more} more" if more > 0 else "")


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
