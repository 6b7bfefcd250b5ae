"""The table of the Slakh experiment: shallow network, head on YAMNet, InstruNET, beside the published figures.

python benchmarks/three_systems.py RUNS
python benchmarks/three_systems.py RUNS --tracks TRACKS [--yamnet FILE] [--threads 1]

The second form first trains what ``RUNS`` does not hold yet, one system after the other, on tracks in Slakh's layout
(mixes and stems in pieces of three seconds, and sums of stems), and goes on where it was stopped. Every system learns
from the same songs and clips; the two that look at mel spectrograms get sums that are drawn anew for every batch, the
head on YAMNet, whose embedding has to be computed from sound, gets 12,000 that are made once. The numbers are those of
the test songs' mixes; no song is in two parts.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import subprocess
import sys
from pathlib import Path

from instrunet.evaluation import ClipFacts, Evaluation, compare, evaluate

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
EVERY = (
    "data.clip_s=3.0",
    'data.sources=[{dataset="slakh", options={sources=["mix", "stem"], clip_s=3.0}, learn_only=["stem"]}]',
    "sampling.kind=balanced",
    "sampling.sums_most=6",
    "training.batch_size=32",
    "training.monitor=map",
    "training.steps_per_epoch=250",
)
OWN = {
    "babyslakh_instrunet": (
        "model.settings={shrink=[2, 2], pooled=[8, 1], dropout=0.5}",
        "sampling.fresh_sums=0.9",
        "sampling.fresh_onto_mixes=0.5",
        "sampling.fresh_eq_db=10.0",
        "augmentation.frequency_masks=2",
        "augmentation.time_mask_frames=30",
        "augmentation.warp_p=0.5",
        "augmentation.stretch=[0.8, 1.25]",
        "augmentation.semitones=[-2.0, 2.0]",
        "optimizer.lr=2e-3",
        "optimizer.weight_decay=0.05",
        "training.precision=bf16-mixed",
        "training.ema_decay=0.995",
        "training.steps_per_epoch=500",
        "training.epochs=48",
        "training.patience=48",
        "training.checkpoint_every_steps=250",
    ),
    "babyslakh_yamnet": (
        "model.settings={hidden=512, dropout=0.5}",
        "sampling.sums=12000",
        "optimizer.weight_decay=0.05",
        "training.epochs=40",
    ),
    "babyslakh_feedforward": ("sampling.fresh_sums=0.9", "sampling.fresh_onto_mixes=0.5", "training.epochs=40"),
}


def train(name: str, options: argparse.Namespace) -> None:
    """Train one system as a user would, unless its run is finished."""
    folder = options.runs / name
    if (folder / "result.json").is_file():
        return
    recipe = Path(__file__).resolve().parents[1] / "recipes" / f"{name}.toml"
    command = [sys.executable, "-m", "instrunet", "train", str(recipe), "-o", str(folder), "--resume"]
    command += ["--data", f"slakh={options.tracks}", "--threads", str(options.threads)]
    if options.yamnet:
        command += ["--data", f"yamnet={options.yamnet}"]
    for setting in (*EVERY, *OWN[name]):
        command += ["--set", setting]
    subprocess.run(command, check=True)


def table(runs: Path, part: str = ".") -> list[str]:
    """The systems' numbers, ours with the published ones in brackets, of all classes or of the dominant ones."""
    lines = [
        "| system | " + " | ".join(title for _, title in COLUMNS) + " | 95 % of mAP |",
        "|---" * (len(COLUMNS) + 2) + "|",
    ]
    for name, title in SYSTEMS:
        ours = numbers(runs / name / "report" / part)
        recipe = json.loads((runs / name / "recipe.json").read_text(encoding="utf-8"))
        published = recipe["published"] if part == "." else {}
        cells = [f"{float(ours[key]['value']):.3f}" for key, _ in COLUMNS]
        cells = [
            f"{cell} ({published[key]:.3f})" if key in published else cell
            for cell, (key, _) in zip(cells, COLUMNS, strict=True)
        ]
        interval = f"{float(ours['map']['low']):.3f}–{float(ours['map']['high']):.3f}"
        lines.append("| " + " | ".join([title, *cells, interval]) + " |")
    return lines


def numbers(report: Path) -> dict[str, dict[str, str]]:
    """The rows of a report's table of numbers by their names."""
    with (report / "numbers.csv").open(encoding="utf-8", newline="") as stream:
        return {row["name"]: row for row in csv.DictReader(stream)}


def evaluated(report: Path) -> Evaluation:
    """A run's evaluation once more, from the scores that its report keeps."""
    with (report / "predictions.csv").open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        rows = list(reader)
    columns = reader.fieldnames or []
    labels = columns[columns.index("loss") + 1 :]
    said = [{kind: set(row[kind].split(";")) for kind in ("true", "unjudged")} for row in rows]
    facts = ClipFacts(ids=tuple(row["id"] for row in rows), groups=tuple(row["group"] for row in rows))
    return evaluate(
        [[float(row[label] or "nan") for label in labels] for row in rows],
        [[label in one["true"] for label in labels] for one in said],
        [[label not in one["unjudged"] for label in labels] for one in said],
        labels,
        facts=facts,
    )


def paired(first: Path, second: Path) -> list[str]:
    """What the second run gains over the first on the same clips, with intervals over songs."""
    found = {one.name: one for one in compare(evaluated(first), evaluated(second)).differences}
    shown = [(title, found[key]) for key, title in COLUMNS]
    return [f"{title}: {one.gain:+.3f} [{one.low:+.3f}, {one.high:+.3f}]" for title, one in shown]


def main() -> None:
    """Train what is missing, if tracks are given, and print the table as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--tracks", type=Path, help="tracks in Slakh's layout; trains the runs that are missing")
    parser.add_argument("--yamnet", type=Path, help="a copy of yamnet.tflite; fetched without it")
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    for name in OWN if options.tracks else ():
        train(name, options)
    runs = options.runs
    data = json.loads((runs / SYSTEMS[0][0] / "data.json").read_text(encoding="utf-8"))
    print(f"clips: {data['clips']}, songs on both sides: {data['shared_groups']}\n")
    dominant = json.loads((runs / SYSTEMS[0][0] / "recipe.json").read_text(encoding="utf-8"))["evaluation"]["dominant"]
    print("\n".join(table(runs)))
    print(f"\nOnly {', '.join(dominant)}:\n")
    print("\n".join(table(runs, "dominant")))
    for (one, title), (other, better) in itertools.pairwise(SYSTEMS):
        gains = paired(*(runs / name / "report" for name in (one, other)))
        print(f"\n{better} less {title}, all classes, with 95 % intervals over songs:", *gains, sep="\n- ")


if __name__ == "__main__":
    main()
