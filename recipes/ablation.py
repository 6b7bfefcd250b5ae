"""What helps on real music: a small network trained on growing kinds of made audio, so many steps each.

    instrunet synth corpus recipes/corpus_default.toml --material MATERIAL -o corpus
    python recipes/ablation.py corpus --realworld MATERIAL/realworld

One store of stems serves all variants. Each adds one thing to the one before: dry notes of sound-fonts; recorded notes;
the studio (effects, rooms); coherent music (stems of one piece, in time, in half of the mixtures); singing. Modelled
instruments are left out everywhere. Networks start from the same weights; learning rates, class weights and the noise
below the music are the same. To be quick, the networks are small and hear three seconds in 64 bands, 25 times a second.
A variant whose predictions are there already is not trained again.
"""

from __future__ import annotations

import argparse
import csv
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from default_model import CLASS_WEIGHTS  # type: ignore[import-not-found]

from instrunet.audio import load
from instrunet.features import LogMelConfig, log_mel
from instrunet.files import written_whole
from instrunet.labels import INSTRUMENT_IDS
from instrunet.models.mobile import Mobile, MobileConfig, Stage
from instrunet.synthesis.bank import NoteBank
from instrunet.synthesis.mixer import Mixer, MixPlan
from instrunet.synthesis.stems import kind_of
from instrunet.synthesis.store import Stem, StemStore
from instrunet.training.fresh_batches import BatchPlan, FreshBatches
from instrunet.training.tagger_loop import LoopConfig, TaggerTraining

SMALL = MobileConfig(
    n_mels=64,
    stem=8,
    fused=16,
    stages=(Stage(24, 1, 3.0, 3, (2, 2)), Stage(48, 2, 3.0, 3, (2, 2)), Stage(96, 2, 3.0, 3, (2, 1))),
    features=256,
)
"""A quarter of a million weights."""
FRONT_END = LogMelConfig(n_mels=SMALL.n_mels, hop_length=1280)
RATE_HZ, CLIP_S = 32_000, 3
SCORE = re.compile(r"^(solo|mix|song)\s+n=\s*(\d+) macro-AP=(\S+) \[(\S+), (\S+)\] micro-AP=(\S+)(?:.*top-1=(\S+))?")


@dataclass(frozen=True)
class Variant:
    """Which stems may be drawn, and the share of mixtures that come from one piece."""

    name: str
    kinds: tuple[str, ...]
    treatments: tuple[str, ...] = ("dry",)
    coherent: float = 0.0

    def keeps(self, stem: Stem, kinds: dict[str, str]) -> bool:
        """Whether a stem belongs to this variant; noise and speech always do."""
        if not stem.instrument or stem.instrument == "speech":
            return True
        kind = "sung" if stem.source.startswith("sung_") else kinds.get(stem.source, "")
        return kind in self.kinds and stem.treatment in self.treatments and bool(self.coherent or not stem.piece)


FONTS = Variant("sound-fonts only", ("soundfont",))
NOTES = replace(FONTS, name="+ recorded notes", kinds=("soundfont", "recorded"))
STUDIO = replace(NOTES, name="+ studio", treatments=("dry", "studio"))
MUSIC = replace(STUDIO, name="+ coherent music", coherent=0.5)
SINGING = replace(MUSIC, name="+ singing", kinds=(*MUSIC.kinds, "sung"))
VARIANTS = (FONTS, NOTES, STUDIO, MUSIC, SINGING)


def kinds_of_sources(corpus: Path) -> dict[str, str]:
    """Recorded, soundfont or model, for every source in the banks of a corpus."""
    banks = sorted(path.parent for path in (corpus / "banks").glob("*/notes.jsonl"))
    return {row.source: kind_of(row.source, row.licence) for row in NoteBank.open(*banks).rows}


def trained(variant: Variant, options: argparse.Namespace, keep: Callable[[Stem], bool]) -> Mobile:
    """Train one variant; its averaged weights."""
    torch.manual_seed(options.seed)
    plan = MixPlan(
        clip_s=CLIP_S, n_stems=(0.05, 0.47, 0.25, 0.15, 0.08), class_weights=CLASS_WEIGHTS, coherent=variant.coherent
    )
    mixer = Mixer(StemStore(options.corpus / "stems"), plan, keep=keep)
    n_sums = options.clips // 4
    batches = FreshBatches(
        mixer,
        BatchPlan(n_fresh=options.clips - n_sums, n_sums=n_sums, n_pool=0, memory=1000),
        FRONT_END,
        None,
        np.random.default_rng(options.seed),
    )
    config = LoopConfig(
        n_steps=options.steps, warm_up_steps=options.steps // 10 + 1, average=0.998, n_threads=1, bfloat16=False
    )
    training = TaggerTraining(Mobile(SMALL), batches, config, options.out / variant.name.strip("+ ").replace(" ", "-"))
    training.resume()
    training.run()
    return training.average


def windows(path: Path) -> torch.Tensor:
    """Log-mel spectrograms (windows, 1, mels, frames) of a clip, half overlapping."""
    x, n = load(path, sample_rate_hz=RATE_HZ).samples, CLIP_S * RATE_HZ
    starts = range(0, max(1, len(x) - n + 1), n // 2)
    pieces = [np.pad(x[s : s + n], (0, max(0, RATE_HZ - len(x)))) for s in starts]
    return torch.stack([torch.from_numpy(log_mel(piece, FRONT_END))[None] for piece in pieces])


def heard_clips(realworld: Path, kept: Path) -> dict[str, torch.Tensor]:
    """The windows of every development clip, computed once and kept."""
    if not kept.is_file():
        with (realworld / "labels.csv").open(newline="") as handle:
            names = [row["file"] for row in csv.DictReader(handle) if row["split"] == "dev"]
        with written_whole(kept) as beside:
            torch.save({name: windows(realworld / "clips" / name) for name in names}, beside)
    heard: dict[str, torch.Tensor] = torch.load(kept, weights_only=True)
    return heard


@torch.no_grad()
def predict(net: Mobile, clips: dict[str, torch.Tensor], out: Path) -> None:
    """Write the predictions: the mean over a clip's windows."""
    rows = [[name, *torch.sigmoid(net.eval()(mel).clip).mean(0).tolist()] for name, mel in clips.items()]
    with out.open("w", newline="") as handle:
        csv.writer(handle).writerows([["file", *INSTRUMENT_IDS], *rows])


def score(realworld: Path, predictions: Path) -> list[str]:
    """Cells of a row: what the set's own scorer says of each kind of clip."""
    command = [sys.executable, str(realworld / "score.py"), str(realworld / "labels.csv"), str(predictions)]
    done = subprocess.run([*command, "--split", "dev"], check=True, capture_output=True, text=True)
    found = {match[1]: match for match in map(SCORE.match, done.stdout.splitlines()) if match}
    cells = []
    for kind in ("solo", "mix", "song"):
        match = found.get(kind)
        cells.append(f"{match[3]} [{match[4]}, {match[5]}]" if match else "")
        cells.append((match[7] if kind == "solo" else match[6]) or "" if match else "")
    return cells


def main() -> None:
    """Train and score every variant; print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--realworld", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--clips", type=int, default=16, help="in a batch")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, help="CORPUS/ablation-SEED by default")
    parser.add_argument("--only", type=int, nargs="*", help="numbers of the variants, from 1 on; all by default")
    options = parser.parse_args()
    options.out = options.out or options.corpus / f"ablation-{options.seed}"
    options.out.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    kinds = kinds_of_sources(options.corpus)
    clips = heard_clips(options.realworld, options.out / "clips.pt")
    say = sys.stdout.write
    say(f"{options.steps} steps of {options.clips} clips, seed {options.seed}; macro-AP [90 % interval]\n\n")
    say("| trained on | solos | top-1 | mixtures | micro-AP | songs | micro-AP |\n|---|---|---|---|---|---|---|\n")
    for number, variant in enumerate(VARIANTS, 1):
        if options.only and number not in options.only:
            continue
        predictions = options.out / f"{number}.csv"
        if not predictions.is_file():
            predict(trained(variant, options, partial(variant.keeps, kinds=kinds)), clips, predictions)
        say(f"| {variant.name} | {' | '.join(score(options.realworld, predictions))} |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
