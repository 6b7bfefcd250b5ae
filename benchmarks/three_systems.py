"""The table of the Slakh experiment: shallow network, head on YAMNet, InstruNET, beside the published figures.

python benchmarks/three_systems.py RUNS
python benchmarks/three_systems.py RUNS --tracks TRACKS [--yamnet FILE] [--threads 1]

The second form first trains what ``RUNS`` does not hold yet, one system after the other, on tracks in Slakh's layout
(mixes and stems in pieces of three seconds, and sums of stems), and goes on where it was stopped. Every system learns
from the same songs and clips; the two that look at mel spectrograms get sums that are drawn anew for every batch, the
head on YAMNet, whose embedding has to be computed from sound, gets 2,000 that are made once. The numbers are those of
the test songs' mixes; no song is in two parts.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
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
        "model.settings={shrink=[2, 4], pooled=[8, 1], dropout=0.5}",
        "sampling.fresh_sums=0.9",
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
        "training.epochs=24",
        "training.patience=24",
        "training.checkpoint_every_steps=125",
    ),
    "babyslakh_yamnet": ("sampling.sums=2000", "training.epochs=40"),
    "babyslakh_feedforward": ("sampling.fresh_sums=0.9", "training.epochs=40"),
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


def row(runs: Path, name: str, title: str) -> str:
    """One system: ours, and what was published in brackets."""
    numbers = json.loads((runs / name / "result.json").read_text(encoding="utf-8"))["numbers"]
    published = json.loads((runs / name / "recipe.json").read_text(encoding="utf-8"))["published"]
    cells = [title]
    for key, _ in COLUMNS:
        theirs = f" ({published[key]:.3f})" if key in published else ""
        cells.append(f"{numbers[key]:.3f}{theirs}")
    cells.append(_interval(runs / name / "report", "map"))
    return "| " + " | ".join(cells) + " |"


def _interval(report: Path, name: str) -> str:
    with (report / "numbers.csv").open(encoding="utf-8", newline="") as stream:
        found = next(line for line in csv.DictReader(stream) if line["name"] == name)
    return f"{float(found['low']):.3f}–{float(found['high']):.3f}"


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
    print("| system | " + " | ".join(title for _, title in COLUMNS) + " | 95 % of mAP |")
    print("|---" * (len(COLUMNS) + 2) + "|")
    for name, title in SYSTEMS:
        print(row(runs, name, title))


if __name__ == "__main__":
    main()
