"""Published numbers beside ours: what a recipe's ``[published]`` table says, and the differences."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from instrunet.errors import UsageError
from instrunet.evaluation.assessment import Evaluation
from instrunet.evaluation.bootstrap import Interval

OVERALL = ("map", "micro_ap", "roc_auc", "micro_roc_auc", "lrap", "bce", "top1", "top3")
DECIDED = (
    *(f"{a}_{p}" for a in ("micro", "macro", "weighted", "samples") for p in ("precision", "recall", "f1")),
    "binary_accuracy",
    "subset_accuracy",
)
CLASS_NUMBERS = ("precision", "recall", "f1", "ap", "roc_auc", "accuracy", "support")
WORDS = ("title", "source", "note")


@dataclass(frozen=True)
class Published:
    """Figures that somebody published, under the names that ``Evaluation.numbers`` uses.

    In a recipe::

        [published]
        source = "who, where"
        note = "how their protocol differs"
        bce = 0.076
        "macro_f1@0.5" = 0.80
        [published.per_class.Bass]
        precision = 0.93
        recall = 0.84
        f1 = 0.88
        support = 44

    A thresholded number without ``@`` is meant at 0.5.
    """

    numbers: Mapping[str, float] = field(default_factory=dict)
    per_class: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    title: str = "published"
    source: str = ""
    note: str = ""

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> Published:
        """Read the table of a recipe.

        >>> Published.from_dict({"source": "a paper", "macro_f1": 0.8}).numbers
        {'macro_f1@0.5': 0.8}

        Raises:
            UsageError: a name is unknown or a value is no number.
        """
        words = {name: str(table[name]) for name in WORDS if name in table}
        flat = {key: value for key, value in table.items() if key not in (*WORDS, "numbers", "per_class")}
        numbers = {
            _number_name(key): _number(key, value) for key, value in {**flat, **table.get("numbers", {})}.items()
        }
        per_class = {
            label: {_class_name(key): _number(key, value) for key, value in row.items()}
            for label, row in table.get("per_class", {}).items()
        }
        return cls(numbers=numbers, per_class=per_class, **words)

    def label_for(self, label: str) -> str | None:
        """The published name of one of our labels, read without regard to case, spaces and underscores."""
        wanted = _bare(label)
        return next((name for name in self.per_class if _bare(name) == wanted), None)


@dataclass(frozen=True)
class Beside:
    """A published number and ours; ``ours`` is None if this evaluation has no such number."""

    name: str
    published: float
    ours: float | None
    interval: Interval | None

    @property
    def difference(self) -> float | None:
        """Ours less theirs."""
        return None if self.ours is None else self.ours - self.published


def beside(published: Published, evaluation: Evaluation) -> tuple[Beside, ...]:
    """Every published number with ours, in the order of the recipe."""
    ours = evaluation.numbers()
    return tuple(
        Beside(name, value, ours.get(name), evaluation.intervals.get(name)) for name, value in published.numbers.items()
    )


def _number_name(name: str) -> str:
    bare, _, threshold = name.partition("@")
    if bare in OVERALL and not threshold:
        return name
    if bare in DECIDED:
        return f"{bare}@{threshold or '0.5'}"
    raise _unknown(name, (*OVERALL, *DECIDED))


def _class_name(name: str) -> str:
    if name in CLASS_NUMBERS:
        return name
    raise _unknown(name, CLASS_NUMBERS)


def _unknown(name: str, known: tuple[str, ...]) -> UsageError:
    near = difflib.get_close_matches(name.partition("@")[0], known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
    return UsageError(f"[published] names {name!r}, which is no number of an evaluation; {hint}")


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise UsageError(f"[published] {name} is {value!r}; it must be a number")
    return float(value)


def _bare(label: str) -> str:
    return "".join(letter for letter in label.lower() if letter.isalnum())
