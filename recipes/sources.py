"""What a corpus is made of: hours and independent sources a class; and how well a network does on some sources alone.

    python recipes/sources.py count corpus
    python recipes/sources.py validate corpus corpus/run/average-*.pt --sources generaluser

``count`` prints the table of the data card. ``validate`` judges checkpoints by fresh clips of the named sources, and by
as many of all others; it tells something of unheard sources if ``--hold-out`` kept them from the training.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from default_model import all_but, averaged, mixer_of

from instrunet.evaluation.metrics import average_precision
from instrunet.features import LogMelConfig
from instrunet.features.torch_log_mel import TorchLogMel
from instrunet.synthesis.mixer import draw_batch
from instrunet.synthesis.store import STEM_S, StemStore

SOUND_FONTS = (
    "fluidr3_gm",
    "musescore_general_full",
    "timgm6mb",
    "sf_gmbank",
    "generaluser",
    "black_pearl_4_lv2",
    "red_zeppelin_4_lv2",
)
SYNTHESIZERS = ("model_stops", "model_tonewheel")
"""Sources that are other people's models: the pipe organ of Aeolus, the tonewheel organ of setBfree."""
FEWEST = 5
"""A class of which fewer validation clips were drawn is left out of the mean."""


@torch.no_grad()
def validate(options: argparse.Namespace) -> None:
    """Average precision on fresh clips of held-out sources, and on as many of all the others."""
    net, chosen = averaged(options.checkpoints), set(options.sources)
    to_mel = TorchLogMel(LogMelConfig())
    sys.stdout.write("| clips of | classes | macro-AP | micro-AP |\n|---|---|---|---|\n")
    for title, keep in (
        (", ".join(sorted(chosen)), lambda stem: stem.source in chosen),
        ("the other sources", all_but(options.sources)),
    ):
        mixer, rng = mixer_of(options.corpus, keep), np.random.default_rng(options.seed)
        scores, truths, masks = [], [], []
        for _ in range(0, options.clips, 20):
            samples, truth, mask, _ = draw_batch(mixer, 20, rng)
            scores.append(net(to_mel(torch.from_numpy(samples))[:, None]).clip.numpy())
            truths.append(truth)
            masks.append(mask)
        said, there, known = (np.concatenate(column) for column in (scores, truths, masks))
        each = average_precision(said, there, known)
        flat = [column.reshape(-1, 1) for column in (said, there, known)]
        found = np.isfinite(each) & ((there * known).sum(0) >= FEWEST)
        sys.stdout.write(
            f"| {title} | {found.sum()} | {each[found].mean():.3f} | {average_precision(*flat)[0]:.3f} |\n"
        )


def count(options: argparse.Namespace) -> None:
    """Print hours and independent sources a class, as the data card shows them."""
    store = StemStore(options.corpus / "stems")
    lines = [
        "| class | stems | hours | independent sources | recorded | sound-font | other synthesizers | modelled |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, found in sorted(store.by_source().items()):
        count = sum(len(stems) for stems in found.values())
        kinds = [kind_of_stem(source) for source in found]
        n_sources = len({"model" if kind_of_stem(source) == "model" else source for source in found})
        warning = " (fewer than 2)" if n_sources < 2 else ""
        cells = [name or "no instrument", str(count), f"{count * STEM_S / 3600:.2f}", f"{n_sources}{warning}"]
        lines.append(
            "| "
            + " | ".join([*cells, *(str(kinds.count(k)) for k in ("recorded", "soundfont", "program", "model"))])
            + " |"
        )
    sys.stdout.write("\n".join(lines) + "\n")


def kind_of_stem(source: str) -> str:
    """Recorded, soundfont, program (another synthesizer) or model (ours), by the name of the source."""
    if source in SYNTHESIZERS:
        return "program"
    if source.startswith("model_"):
        return "model"
    return "soundfont" if source.startswith(("opl", *SOUND_FONTS)) else "recorded"


def main() -> None:
    """Parse and go."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    counting, judging = commands.add_parser("count"), commands.add_parser("validate")
    for one, run in ((counting, count), (judging, validate)):
        one.add_argument("corpus", type=Path)
        one.set_defaults(run=run)
    judging.add_argument("checkpoints", type=Path, nargs="+")
    judging.add_argument("--sources", nargs="+", required=True, help="sources that the run has not learned from")
    judging.add_argument("--clips", type=int, default=2000)
    judging.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
