"""The model in the box from nothing to its bundles, in one command that goes on where it was stopped.

    python recipes/whole_model.py MATERIAL -o OUT [--minutes 200] [--music FOLDER ...] [--weights yamnet.tflite]

MATERIAL holds what `recipes/corpus_default.toml` names, and `realworld/`. The steps are those of
`instrunet synth corpus` and `recipes/default_model.py`: corpus, pool, the first half of the training, what it hears in
music without labels (if there is any), the second half, and the bundles `default` and `fusion`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
N_AVERAGED = 3
"""How many of the last checkpoints are averaged."""


def step(*words: object) -> None:
    """Run one command and show it; stop if it fails."""
    command = [str(word) for word in words]
    sys.stdout.write(f"$ {' '.join(command)}\n")
    sys.stdout.flush()
    if subprocess.run([sys.executable, *command], check=False).returncode:
        raise SystemExit(f"this step failed: {' '.join(command)}")


def last(run: Path) -> list[Path]:
    """The newest checkpoints of a run."""
    return sorted(run.glob("average-*.pt"))[-N_AVERAGED:]


def trained(corpus: Path, run: Path, options: argparse.Namespace, *more: object) -> list[Path]:
    """Train half of the time into a folder; a run that is finished is left as it is."""
    done = run / "finished"
    if not done.is_file():
        times = ("--minutes", options.minutes / 2, "--processes", options.processes)
        step(HERE / "default_model.py", "train", corpus, "--run-folder", run, *times, *more)
        done.touch()
    return last(run)


def whole(options: argparse.Namespace) -> None:
    """All steps."""
    recipe, out = HERE / "default_model.py", options.out
    corpus = out / "corpus"
    shards = ("--shards", options.shards) if options.shards else ()
    weights = ("--weights", options.weights) if options.weights else ()
    music = ("--music", *options.music) if options.music else ()
    parts = ("--parts", options.parts, "--music-parts", options.parts)
    made = ("--material", options.material, "-o", corpus, *shards)
    step("-m", "instrunet", "synth", "corpus", HERE / "corpus_default.toml", *made)
    step(recipe, "pool", corpus, *weights, *parts, *music)
    first = trained(corpus, out / "first", options)
    if music and not (out / "second").is_dir():
        step(recipe, "hear", corpus, *first)
    second = trained(corpus, out / "second", options, "--start-from", first[-1])
    realworld = ("--realworld", options.material / "realworld")
    if not (out / "default").is_dir():
        step(recipe, "bundle", *second, *realworld, "-o", out / "default")
    if not (out / "fusion").is_dir():
        step(recipe, "fusion", corpus, *second, *weights, *realworld, "-o", out / "fusion")


def main() -> None:
    """Parse and go."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("material", type=Path)
    parser.add_argument("--out", "-o", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=200, help="of training, both halves together")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--shards", type=int, help="a smaller corpus")
    parser.add_argument("--parts", type=int, default=16, help="of the pool, 500 clips each")
    parser.add_argument("--music", type=Path, nargs="+", help="folders of real recordings, without labels")
    parser.add_argument("--weights", type=Path, help="yamnet.tflite; fetched if left out")
    whole(parser.parse_args())


if __name__ == "__main__":
    main()
