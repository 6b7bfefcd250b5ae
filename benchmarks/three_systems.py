"""The table of the Slakh experiment: shallow network, head on YAMNet, InstruNET, beside the published figures.

python benchmarks/three_systems.py RUNS

``RUNS`` holds the run folders ``babyslakh_feedforward``, ``babyslakh_yamnet`` and ``babyslakh_instrunet`` as
``instrunet train`` leaves them; the numbers are those of their test clips.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

SYSTEMS = (
    ("babyslakh_feedforward", "feed-forward"),
    ("babyslakh_yamnet", "head on YAMNet"),
    ("babyslakh_instrunet", "InstruNET"),
)
COLUMNS = (
    ("binary_accuracy@0.5", "accuracy"),
    ("weighted_f1@0.5", "weighted F1"),
    ("weighted_precision@0.5", "precision"),
    ("weighted_recall@0.5", "recall"),
    ("macro_f1@0.5", "macro F1"),
    ("map", "mAP"),
)


def row(runs: Path, name: str, title: str) -> str:
    """One system: ours, and what was published in brackets."""
    numbers = json.loads((runs / name / "result.json").read_text(encoding="utf-8"))["numbers"]
    published = json.loads((runs / name / "recipe.json").read_text(encoding="utf-8"))["published"]
    cells = [title]
    for key, _ in COLUMNS:
        theirs = f" ({published[key]:.3f})" if key in published else ""
        cells.append(f"{numbers[key]:.3f}{theirs}")
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    runs = parser.parse_args().runs
    data = json.loads((runs / SYSTEMS[0][0] / "data.json").read_text(encoding="utf-8"))
    print(f"clips: {data['clips']}, songs on both sides: {data['shared_groups']}\n")
    print("| system | " + " | ".join(title for _, title in COLUMNS) + " |")
    print("|---" * (len(COLUMNS) + 1) + "|")
    for name, title in SYSTEMS:
        print(row(runs, name, title))


if __name__ == "__main__":
    main()
