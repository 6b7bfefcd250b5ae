"""The model in the box, from a corpus of stems to the bundle inside the package.

    instrunet synth corpus recipes/corpus_default.toml --material MATERIAL -o corpus
    python recipes/default_model.py pool corpus --weights yamnet.tflite
    python recipes/default_model.py train corpus --minutes 65
    python recipes/default_model.py bundle corpus/run/average-*.pt --realworld MATERIAL/realworld -o bundle
    python recipes/default_model.py fusion corpus corpus/run/average-*.pt --realworld MATERIAL/realworld -o fusion

``pool`` may be left out (then nothing is imitated); with ``--music FOLDER`` it also lets YAMNet hear real recordings
without labels. ``hear`` then says of those what the network of a run and a head on YAMNet hear in them together, which
the rest of the training takes for half a truth. ``train`` starts two processes of one thread each, which is faster and
steadier than one of two threads; run it again to go on after a break. ``--hold-out``, given to ``pool`` and ``train``,
leaves sources out, for `recipes/sources.py` to judge by. ``bundle`` averages the checkpoints that are given, calibrates
on the development clips and writes the bundle.
"""

from __future__ import annotations

import argparse
import csv
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from instrunet.audio import find_audio
from instrunet.bundles import About, Activity, Aggregation, TaggerSpec, save_bundle
from instrunet.bundles.mel_beside_yamnet import MelBesideYamnet
from instrunet.features import LogMelConfig, log_mel
from instrunet.labels import INSTRUMENT_IDS
from instrunet.models.fusion import Fusion
from instrunet.models.mobile import Mobile, MobileConfig
from instrunet.synthesis.mixer import Mixer, MixPlan
from instrunet.synthesis.store import Keep, StemStore
from instrunet.tagging.aggregation import aggregate
from instrunet.training.fresh_batches import MUSIC_PREFIX, BatchPlan, FreshBatches, Pool
from instrunet.training.fusion import believe, fit_head
from instrunet.training.heard_pool import write_music_part, write_pool_part
from instrunet.training.mobile_export import begin_with, onnx_bytes, weights_bytes
from instrunet.training.shrunk_calibration import fair_threshold, fit_shrunk
from instrunet.training.tagger_loop import LoopConfig, TaggerTraining

CLASS_WEIGHTS = {
    "voice": 2.2, "drums": 2.0, "piano": 1.9, "electric_guitar": 1.7, "violin": 1.5, "acoustic_guitar": 1.4,
    "saxophone": 1.3, "flute": 1.4, "clarinet": 1.4, "synthesizer": 1.3, "cello": 1.3, "organ": 1.3, "trumpet": 1.2,
    "trombone": 1.2, "french_horn": 1.2, "electric_bass": 1.2, "hand_percussion": 1.2, "harp": 1.1,
    "double_bass": 1.1, "mallet_percussion": 1.1,
    "oboe": 0.9, "bassoon": 0.8, "viola": 0.8, "cymbals": 0.8, "string_section": 0.8, "banjo": 0.7, "tuba": 0.7,
    "accordion": 0.6, "harmonica": 0.6, "brass_section": 0.6, "timpani": 0.6, "harpsichord": 0.4, "sitar": 0.4,
}  # fmt: skip
"""How often a class is drawn: what is common in music is common here, what swallows others is not."""

CROWDING = 0.3
"""How much lower the threshold is where many instruments are heard; tried from 0 to 0.6 on the development clips."""
NETWORK = MobileConfig(n_embedding=1024)
ALSO = {"guitar": ("acoustic_guitar", "electric_guitar"), "bass": ("electric_bass", "double_bass"),
        "percussion": ("hand_percussion", "timpani", "cymbals"), "choir": ("voice",), "english_horn": ("oboe",),
        "woodwinds": ("flute", "clarinet", "oboe", "bassoon", "saxophone")}  # fmt: skip
OPEN = {"drums": ("cymbals", "hand_percussion"), "cymbals": ("drums", "hand_percussion"), "timpani": ("drums",),
        "hand_percussion": ("drums", "cymbals"), "piano": ("electric_piano",),
        "string_section": ("violin", "viola", "cello", "double_bass")}  # fmt: skip
"""What a label of the development clips leaves open."""


def mixer_of(corpus: Path, keep: Keep | None = None) -> Mixer:
    """The mixer over a corpus's stems, or over those of them that ``keep`` wants."""
    plan = MixPlan(n_stems=(0.05, 0.52, 0.25, 0.13, 0.05), class_weights=CLASS_WEIGHTS)
    return Mixer(StemStore(corpus / "stems"), plan, keep=keep)


def all_but(sources: Sequence[str]) -> Keep:
    """The stems of all other sources."""
    return lambda stem: stem.source not in sources


def pool(options: argparse.Namespace) -> None:
    """Let YAMNet hear clips."""
    import soxr

    from instrunet.models.yamnet import Yamnet

    network, mixer = Yamnet(options.weights, threads=1), mixer_of(options.corpus, all_but(options.hold_out))

    def embed(samples: np.ndarray) -> np.ndarray:
        return np.asarray(network.frames(soxr.resample(samples, 32_000, 16_000)).embeddings.mean(0))

    for part in range(options.parts):
        path = options.corpus / "pool" / f"pool-{part:03d}.npz"
        if not path.is_file():
            write_pool_part(path, mixer, embed, n_clips=500, seed=part)
    files = find_audio(options.music) if options.music else []
    for part in range(options.music_parts if files else 0):
        path = options.corpus / "pool" / f"{MUSIC_PREFIX}{part:03d}.npz"
        if not path.is_file():
            write_music_part(path, files, embed, n_clips=500, seed=part)


def hear(options: argparse.Namespace) -> None:
    """Give the clips without labels what the network so far and a head on YAMNet say of them together."""
    pool = options.corpus / "pool"
    music = sorted(pool.glob(f"{MUSIC_PREFIX}*.npz"))
    head = fit_head(sorted(set(pool.glob("pool-*.npz")) - set(music)))
    net = averaged(options.checkpoints)
    for path in music:
        believe(path, net, head, share=options.share)


def train(options: argparse.Namespace) -> None:
    """Start one process a core, or, inside such a process, train."""
    if "RANK" in os.environ:
        train_here(options)
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    around = os.environ | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    around["WORLD_SIZE"] = str(options.processes)
    workers = [
        subprocess.Popen([sys.executable, *sys.argv], env=around | {"RANK": str(rank)})
        for rank in range(options.processes)
    ]
    if any([worker.wait() for worker in workers]):
        raise SystemExit("a training process failed")


def train_here(options: argparse.Namespace) -> None:
    """One of the processes."""
    torch.set_flush_denormal(True)
    torch.distributed.init_process_group("gloo")
    torch.manual_seed(options.seed)
    rng = np.random.default_rng([options.seed, torch.distributed.get_rank()])
    plan = BatchPlan(n_fresh=10, n_sums=6, n_pool=8, music=3, memory=1000)
    mixer = mixer_of(options.corpus, all_but(options.hold_out))
    batches = FreshBatches(mixer, plan, LogMelConfig(), Pool(options.corpus / "pool"), rng)
    config = LoopConfig(duration_s=60 * options.minutes, n_threads=1)
    net = Mobile(NETWORK)
    if options.start_from:
        begin_with(net, options.start_from)
    training = TaggerTraining(net, batches, config, options.run_folder or options.corpus / "run")
    training.resume()
    training.run()


def averaged(paths: list[Path]) -> Mobile:
    """The mean of the weights of several checkpoints."""
    states = [torch.load(path, weights_only=True) for path in paths]
    mean = {k: (sum(s[k].float() for s in states) / len(states)).to(states[0][k].dtype) for k in states[0]}
    net = Mobile(NETWORK)
    net.load_state_dict(mean)
    return net.eval()


def clip_truth(row: dict[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """Truth and mask of one labelled clip in canonical classes."""
    truth, mask = np.zeros(len(INSTRUMENT_IDS)), np.full(len(INSTRUMENT_IDS), float(row["complete"] == "1"))

    def places(word: str) -> list[int]:
        return [INSTRUMENT_IDS.index(name) for name in ALSO.get(word, (word,)) if name in INSTRUMENT_IDS]

    present = row["present"].split(";")
    for word in row["absent"].split(";"):
        mask[places(word)] = 1.0
    for word in present:
        mask[[INSTRUMENT_IDS.index(name) for name in OPEN.get(word, ())]] = 0.0
    for word in present:
        found = places(word)
        mask[found] = float(len(found) == 1)
        truth[found] = float(len(found) == 1)
    return truth, mask


@torch.no_grad()
def window_logits(net: Mobile | Fusion, path: Path, seen: Callable[[np.ndarray], np.ndarray] = log_mel) -> np.ndarray:
    """Logits (windows, classes) of a clip, cut as the bundle will cut it."""
    from instrunet.audio import load

    x = load(path, sample_rate_hz=32_000).samples
    window, hop = 5 * 32_000, 5 * 16_000
    starts = list(range(0, max(1, len(x) - window + 1), hop))
    if len(x) > window and starts[-1] + window < len(x):
        starts.append(len(x) - window)
    pieces = [np.pad(x[s : s + window], (0, max(0, 32_000 - len(x)))) for s in starts]
    return np.concatenate([net(torch.from_numpy(seen(p))[None, None]).clip.numpy() for p in pieces])


def development(realworld: Path) -> list[dict[str, str]]:
    """The rows of the development clips."""
    with (realworld / "labels.csv").open(newline="") as handle:
        return [row for row in csv.DictReader(handle) if row["split"] == "dev"]


def calibrated(
    logits: list[np.ndarray],
    rows: list[dict[str, str]],
    front_end: LogMelConfig | MelBesideYamnet,
    crowding: float = CROWDING,
) -> tuple[TaggerSpec, dict[str, float]]:
    """The description of a tagger with these logits a clip; and by how much its micro-F1 falls short, kind by kind."""
    truth, mask = (np.stack(column) for column in zip(*(clip_truth(row) for row in rows), strict=True))
    calibration = fit_shrunk(np.stack([z.mean(0) for z in logits]), truth, mask)
    highest = Aggregation("topk_mean", k=3)
    scores = np.stack([aggregate(calibration(z).astype(np.float32), highest) for z in logits]).astype(np.float64)
    spec = TaggerSpec(
        vocabulary="instrunet",
        labels=tuple(INSTRUMENT_IDS),
        front_end=front_end,
        window_s=5.0,
        hop_s=2.5,
        min_window_s=1.0,
        aggregation=highest,
        activity=Activity(),
        thresholds=(1.0,) * len(INSTRUMENT_IDS),
        crowding=crowding,
        calibration_scale=tuple(round(float(v), 4) for v in calibration.scale),
        calibration_bias=tuple(round(float(v), 4) for v in calibration.bias),
        outputs=("clip", "frames", "attention"),
    )
    factors = np.array([spec.thresholds_of(row)[0] for row in scores])
    threshold, gaps = fair_threshold(scores, truth, mask, [row["kind"] for row in rows], factors=factors)
    return replace(spec, thresholds=(round(threshold, 3),) * len(INSTRUMENT_IDS)), dict(gaps)


def write_bundle(
    options: argparse.Namespace,
    about: About,
    calibration: tuple[TaggerSpec, dict[str, float]],
    contents: dict[str, bytes],
) -> None:
    """Write a bundle with its card and say how it was calibrated."""
    spec, gaps = calibration
    if options.threshold:
        spec = replace(spec, thresholds=(options.threshold,) * len(spec.labels))
    metrics = {
        "development micro-F1 of the fairest threshold below the best": {k: round(v, 4) for k, v in gaps.items()}
    }
    files: dict[str, bytes | str | Path] = {**contents}
    if options.card:
        files["CARD.md"] = options.card
    save_bundle(options.out, about=replace(about, metrics=metrics), spec=spec, files=files)
    sys.stdout.write(f"{options.out}: threshold {spec.thresholds[0]:.2f}; the fairest is below the best by {gaps}\n")


def bundle(options: argparse.Namespace) -> None:
    """Average, calibrate, choose the threshold, write."""
    net, rows = averaged(options.checkpoints), development(options.realworld)
    logits = [window_logits(net, options.realworld / "clips" / row["file"]) for row in rows]
    calibration = calibrated(logits, rows, LogMelConfig(), options.crowding)
    about = About(
        name="default",
        licence="Apache-2.0",
        title="Thirty-six instruments, learned from made audio",
        recipe={"corpus": "recipes/corpus_default.toml", "training": "recipes/default_model.py"},
    )
    contents = {"model.onnx": onnx_bytes(net), "weights.safetensors": weights_bytes(net)}
    write_bundle(options, about, calibration, contents)


def fusion(options: argparse.Namespace) -> None:
    """Train a head on YAMNet's embeddings of the pool, join it with ours, calibrate, write."""
    from instrunet.models.yamnet import Yamnet

    if options.weights:  # the finished bundle is opened once, and looks for YAMNet there
        os.environ["INSTRUNET_WEIGHTS"] = str(options.weights.parent)
    both, rows, pool = MelBesideYamnet(), development(options.realworld), options.corpus / "pool"
    head = fit_head(sorted(set(pool.glob("pool-*.npz")) - set(pool.glob(f"{MUSIC_PREFIX}*.npz"))))
    net = Fusion(averaged(options.checkpoints), head, share=options.share, n_extra=both.n_extra).eval()
    yamnet = Yamnet(options.weights, threads=1)

    def seen(piece: np.ndarray) -> np.ndarray:
        return both.seen(piece, yamnet)

    logits = [window_logits(net, options.realworld / "clips" / row["file"], seen) for row in rows]
    calibration = calibrated(logits, rows, both, options.crowding)
    about = About(
        name="fusion",
        licence="Apache-2.0 (YAMNet, which it fetches, is Apache-2.0 too)",
        title="The default model and YAMNet's embedding together",
        recipe={"corpus": "recipes/corpus_default.toml", "training": "recipes/default_model.py"},
    )
    write_bundle(options, about, calibration, {"model.onnx": onnx_bytes(net)})


def learning_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """What makes a corpus into checkpoints."""
    one = commands.add_parser("pool")
    one.add_argument("corpus", type=Path)
    one.add_argument("--weights", type=Path, help="yamnet.tflite; fetched if left out")
    one.add_argument("--parts", type=int, default=14)
    one.add_argument("--music", type=Path, nargs="+", help="folders of real recordings, without labels")
    one.add_argument("--music-parts", type=int, default=13)
    one.set_defaults(run=pool)
    two = commands.add_parser("train")
    two.add_argument("corpus", type=Path)
    two.add_argument("--minutes", type=float, default=98)
    two.add_argument("--processes", type=int, default=2)
    two.add_argument("--seed", type=int, default=1)
    two.add_argument(
        "--start-from", type=Path, help="average-*.pt of an earlier run, or a bundle's weights.safetensors"
    )
    two.add_argument("--run-folder", type=Path, help="where checkpoints go; CORPUS/run if left out")
    for parser in (one, two):
        parser.add_argument("--hold-out", nargs="+", default=(), metavar="SOURCE", help="leave these sources out")
    two.set_defaults(run=train)
    three = commands.add_parser("hear")
    three.add_argument("corpus", type=Path)
    three.add_argument("checkpoints", type=Path, nargs="+")
    three.add_argument("--share", type=float, default=0.4, help="weight of the head's logits")
    three.set_defaults(run=hear)


def bundling_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """What makes checkpoints into bundles."""
    alone, together = commands.add_parser("bundle"), commands.add_parser("fusion")
    together.add_argument("corpus", type=Path)
    together.add_argument("--weights", type=Path, help="yamnet.tflite; fetched if left out")
    together.add_argument("--share", type=float, default=0.3, help="weight of the head's logits")
    for parser, run in ((alone, bundle), (together, fusion)):
        parser.add_argument("checkpoints", type=Path, nargs="+")
        parser.add_argument("--realworld", type=Path, required=True)
        parser.add_argument("--card", type=Path)
        parser.add_argument(
            "--threshold", type=float, help="instead of the fairest one, which is printed with its gaps"
        )
        parser.add_argument("--crowding", type=float, default=CROWDING, help="how much thresholds fall in a crowd")
        parser.add_argument("--out", "-o", type=Path, required=True)
        parser.set_defaults(run=run)


def main() -> None:
    """Parse and go."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    learning_commands(commands)
    bundling_commands(commands)
    options = parser.parse_args()
    options.run(options)


if __name__ == "__main__":
    main()
