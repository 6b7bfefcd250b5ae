"""Quality on real recordings: our model, YAMNet and chance on the same clips, scored by the set's own program.

    python benchmarks/realworld.py SHARED [--model default fusion] [--split dev] [--per-class]

SHARED holds ``realworld/`` (labels.csv, clips/, score.py) and ``peers/`` (YAMNet). With ``--per-class`` every class and
every polyphony of the mixtures gets a table of its own, with 90 % intervals over clips.
"""

from __future__ import annotations

import argparse
import csv
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from instrunet.labels import INSTRUMENT_IDS, instrument
from instrunet.tagging import Tagger, Tags

ROW = re.compile(r"^(solo|mix|song)\s+n=\s*(\d+) macro-AP=(\S+) \[(\S+), (\S+)\] micro-AP=(\S+)(.*)$")


def predict(model: str, clips: list[Path], out: Path) -> dict[str, Tags]:
    """Write PREDICTIONS.csv of one of our models, with its own decisions; return what it said of the silent ones."""
    tagger = Tagger(model, threads=1)
    undecided = {}
    with out.open("w", newline="") as handle:
        writer = csv.writer(handle)
        labels: list[str] = []
        for clip in clips:
            tags = tagger.tag_file(clip)
            found = {tag.label: tag for tag in tags.instruments}
            if not labels:
                labels = sorted(found)
                writer.writerow(["file", "predicted", *labels])
            chosen = ";".join(label for label in labels if found[label].detected)
            writer.writerow([clip.name, chosen, *(f"{found[label].confidence:.6f}" for label in labels)])
            if not chosen:
                undecided[clip.name] = tags
    return undecided


def family_of(label: str) -> str:
    """The family of a label of the set, which folds some instruments and names some sections."""
    folded = {"bass": "double_bass", "guitar": "acoustic_guitar", "string_section": "violin", "woodwinds": "flute"}
    return instrument(folded.get(label, label)).family


def families_line(undecided: dict[str, Tags], present: dict[str, str]) -> str:
    """Of the clips without any detected instrument: how many families were named, and how many of those play."""
    named = [(clip, family.name) for clip, tags in undecided.items() for family in tags.perhaps]
    playing = {clip: {family_of(label) for label in present[clip].split(";") if label} for clip in undecided}
    right = sum(name in playing[clip] for clip, name in named)
    return f"{len(undecided)} clips without a detected instrument, {len(named)} families named, {right} of them right"


def chance(clips: list[Path], out: Path) -> None:
    """Every clip gets the same scores: what knowing nothing is worth."""
    with out.open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["file", *INSTRUMENT_IDS])
        writer.writerows([clip.name, *(["0.1"] * len(INSTRUMENT_IDS))] for clip in clips)


def score(shared: Path, predictions: Path, split: str, *options: str, labels: Path | None = None) -> list[str]:
    """Run the scorer of the set; its lines."""
    program = shared / "realworld" / "score.py"
    command = [sys.executable, str(program), str(labels or shared / "realworld" / "labels.csv"), str(predictions)]
    done = subprocess.run([*command, "--split", split, *options], check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def table(results: dict[str, list[str]]) -> list[str]:
    """The scorer's lines as one Markdown table."""
    rows = ["| clips | system | macro-AP [90 %] | micro-AP | top-1 | best micro-F1 | at own thresholds |",
            "|---|---|---|---|---|---|---|"]  # fmt: skip
    for kind in ("solo", "mix", "song"):
        for system, lines in results.items():
            for line in lines:
                match = ROW.match(line)
                if match and match[1] == kind:
                    rest = match[7]
                    top, best, own = (
                        re.search(p, rest)
                        for p in (r"top-1=(\S+)", r"best micro-F1=(\S+?)@", r"predicted micro-F1=(\S+)")
                    )
                    cells = [m[1] if m else "" for m in (top, best, own)]
                    rows.append(
                        f"| {kind} ({match[2]}) | {system} | {match[3]} [{match[4]}, {match[5]}] | {match[6]} | "
                        + " | ".join(cells)
                        + " |"
                    )
    return rows


def polyphony_table(shared: Path, systems: dict[str, Path], split: str, folder: Path) -> list[str]:
    """Mixtures of two, three and four instruments apart."""
    with (shared / "realworld" / "labels.csv").open(newline="") as handle:
        rows = [row for row in csv.DictReader(handle) if row["kind"] == "mix"]
    lines = ["| instruments (clips) | system | macro-AP [90 %] | micro-AP |", "|---|---|---|---|"]
    for count in sorted({len(row["present"].split(";")) for row in rows}):
        path = folder / f"labels-{count}.csv"
        with path.open("w", newline="") as handle:
            writer = csv.DictWriter(handle, list(rows[0]))
            writer.writeheader()
            writer.writerows(row for row in rows if len(row["present"].split(";")) == count)
        for name, predictions in systems.items():
            for match in filter(None, map(ROW.match, score(shared, predictions, split, labels=path))):
                lines.append(f"| {count} ({match[2]}) | {name} | {match[3]} [{match[4]}, {match[5]}] | {match[6]} |")
    return lines


def class_table(shared: Path, systems: dict[str, Path], split: str, classes: list[str]) -> list[str]:
    """Average precision of each class by itself, on solos and on mixtures."""
    lines = [f"| class | clips | {' | '.join(systems)} |", "|---|---|" + "---|" * len(systems)]
    for name in classes:
        found: dict[str, list[str]] = {"solo": [], "mix": []}
        clips: dict[str, str] = {}
        for predictions in systems.values():
            printed = score(shared, predictions, split, "--classes", name, "--per-class")
            for row, beneath in zip(printed, [*printed[1:], ""], strict=True):
                match, count = ROW.match(row), re.search(rf"{name}:\S+?/(\d+)", beneath)
                if match and match[1] in found and match[3] != "nan" and count:
                    interval = "" if match[4] == "nan" else f" [{float(match[4]):.2f}, {float(match[5]):.2f}]"
                    found[match[1]].append(f"{float(match[3]):.2f}{interval}")
                    clips[match[1]] = count[1]
        lines += [f"| {name}, {kind} | {clips[kind]} | {' | '.join(cells)} |" for kind, cells in found.items() if cells]
    return lines


def classes_of(lines: list[str]) -> list[str]:
    """The classes that occur, as the scorer names them."""
    return sorted({name for line in lines for name in re.findall(r"(\w+):[\d.]+/[1-9]", line)})


def main() -> None:
    """Parse, predict, score, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shared", type=Path)
    parser.add_argument("--model", nargs="+", default=["default"])
    parser.add_argument("--split", default="dev")
    parser.add_argument("--per-class", action="store_true")
    parser.add_argument("--keep", type=Path, help="folder that keeps the predictions")
    options = parser.parse_args()
    folder = options.keep or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    with (options.shared / "realworld" / "labels.csv").open(newline="") as handle:
        present = {row["file"]: row["present"] for row in csv.DictReader(handle) if row["split"] == options.split}
    clips = [options.shared / "realworld" / "clips" / name for name in present]
    yamnet, nothing = (folder / f"{name}.csv" for name in ("yamnet", "chance"))
    ours = {f"instrunet ({Path(name).name})": folder / f"{Path(name).name}.csv" for name in options.model}
    families = {
        name: families_line(predict(model, clips, predictions), present)
        for model, (name, predictions) in zip(options.model, ours.items(), strict=True)
    }
    chance(clips, nothing)
    if not yamnet.is_file():
        peer = [
            sys.executable,
            str(options.shared / "peers" / "yamnet.py"),
            str(options.shared / "realworld"),
            str(yamnet),
        ]
        subprocess.run(peer, check=True, capture_output=True)
    systems = {**ours, "YAMNet": yamnet, "chance": nothing}
    results = {name: score(options.shared, path, options.split, "--per-class") for name, path in systems.items()}
    print("\n".join(table(results)))
    print(*(f"{name}: {line}" for name, line in families.items()), sep="\n")
    if options.per_class:
        del systems["chance"]
        print("\n" + "\n".join(polyphony_table(options.shared, systems, options.split, folder)))
        names = classes_of(next(iter(results.values())))
        print("\n" + "\n".join(class_table(options.shared, systems, options.split, names)))


if __name__ == "__main__":
    main()
