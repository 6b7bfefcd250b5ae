"""A recipe's published numbers: read strictly, found again beside ours."""

from __future__ import annotations

import tomllib

import pytest

from instrunet.errors import UsageError
from instrunet.evaluation import Published, evaluate
from instrunet.evaluation.published import beside

RECIPE = """
[published]
source = "a report"
bce = 0.076
macro_f1 = 0.80
"macro_f1@0.2" = 0.64
"micro_f1@0.9" = 0.1

[published.per_class."Electronic FX"]
f1 = 0.5
support = 22
"""


def test_a_recipe_table_is_read_and_stands_beside_ours() -> None:
    published = Published.from_dict(tomllib.loads(RECIPE)["published"])
    assert published.source == "a report"
    rows = {row.name: row for row in beside(published, evaluate([[0.9], [0.1]], [[1], [0]], None, ["a"]))}
    assert rows["macro_f1@0.5"].published == 0.8
    assert rows["macro_f1@0.5"].difference == pytest.approx(0.2)
    assert rows["bce"].ours == pytest.approx(0.10536, abs=1e-5)
    assert rows["micro_f1@0.9"].ours is None
    assert rows["micro_f1@0.9"].difference is None


def test_labels_are_found_whatever_their_spelling() -> None:
    published = Published.from_dict(tomllib.loads(RECIPE)["published"])
    assert published.label_for("electronic_fx") == "Electronic FX"
    assert published.label_for("piano") is None


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"macrof1": 0.8}, "did you mean 'macro_f1'"),
        ({"zzz": 0.8}, "known are map"),
        ({"bce": "low"}, "must be a number"),
        ({"bce": True}, "must be a number"),
        ({"per_class": {"a": {"f2": 1.0}}}, "known are precision"),
    ],
)
def test_a_typo_is_refused(table: dict, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        Published.from_dict(table)
