"""Train the drum-hit network that ships with the package.

    python recipes/drum_hits.py SAMPLES_FOLDER OUTPUT_BUNDLE [--steps 2500]

Every fifth source is held out to measure on; libraries whose licence is non-commercial or unstated are left out.
"""

from __future__ import annotations

import argparse
import csv
import io
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from instrunet.audio import load
from instrunet.bundles import About, save_bundle
from instrunet.models.drum_hits import DRUM_HITS
from instrunet.training.drum_hits import DrumTraining, scores, train
from instrunet.training.onnx_graph import without_traces

LEFT_OUT = ("jrhodes3d", "terkelsen_marimba", "oramics_dm_TR808", "oramics_dm_TR909")
KINDS = {
    "kick": "kick", "snare": "snare", "rimshot": "snare", "snare_snare_drum": "snare", "tom": "tom",
    "hihat_closed": "hihat_closed", "hihat_pedal": "hihat_closed", "hihat_open": "hihat_open",
    "hihat_half_open": "hihat_open", "crash": "crash", "splash": "crash", "china": "crash", "ride": "ride",
    "ride_bell": "ride",
}  # fmt: skip
BEDS = ("electric_bass", "bass_electric", "piano", "guitar_electric_clean", "strings_section", "organ", "synthesizer")

Hits = dict[str, dict[str, list[NDArray[np.float32]]]]


def read(folder: Path, rate_hz: int) -> tuple[Hits, list[NDArray[np.float32]]]:
    """Read hits by kind and source, and a few pitched notes as beds."""
    hits: Hits = defaultdict(lambda: defaultdict(list))
    beds: list[NDArray[np.float32]] = []
    rows = list(csv.DictReader((folder / "index.csv").open(encoding="utf-8")))
    for number, row in enumerate(rows):
        if row["library"].startswith(LEFT_OUT):
            continue
        kind = KINDS.get(row["detail"]) if row["instrument"] in ("drums", "cymbals") else None
        if kind is None and not (row["instrument"] in BEDS and number % 6 == 0):
            continue
        samples = load(folder / row["path"], sample_rate_hz=rate_hz).samples[: 2 * rate_hz]
        if len(samples) < 400 or not np.abs(samples).max() > 0:
            continue
        if kind:
            start = max(0, int(np.argmax(np.abs(samples) > 0.05 * np.abs(samples).max())) - 30)
            hits[kind][row["library"]].append(samples[start:])
        else:
            beds.append(samples / np.abs(samples).max())
    return {kind: dict(sources) for kind, sources in hits.items()}, beds


def divide(hits: Hits) -> tuple[Hits, Hits]:
    """Keep every fifth source for measuring."""
    kept: Hits = {kind: {} for kind in hits}
    held: Hits = {kind: {} for kind in hits}
    for kind, sources in hits.items():
        for number, name in enumerate(sorted(sources)):
            (held if number % 5 == 2 else kept)[kind][name] = sources[name]
    return kept, held


def main() -> None:
    """Train, measure on held-out sources, export."""
    parser = argparse.ArgumentParser()
    parser.add_argument("samples", type=Path)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--steps", type=int, default=2500)
    options = parser.parse_args()
    config = DrumTraining(steps=options.steps)
    hits, beds = read(options.samples, config.front_end.sample_rate_hz)
    kept, held = divide(hits)
    network = train(kept, beds, config)
    p, y = scores(network, held, beds, config, n=3000, seed=99)
    metrics: dict[str, float] = {}
    for column, kind in enumerate(DRUM_HITS):
        best = max((_f1(p[:, column] >= t, y[:, column] > 0), t) for t in np.arange(0.2, 0.85, 0.05))
        at_half = _f1(p[:, column] >= 0.5, y[:, column] > 0)
        metrics[kind] = round(at_half, 3)
        print(f"{kind:13s} F1 at 0.5 {at_half:.3f}, best {best[0]:.3f} at {best[1]:.2f}")  # noqa: T201
    with io.BytesIO() as buffer:
        example = torch.zeros(2, 1, config.network.n_mels, config.network.n_frames)
        torch.onnx.export(
            network, (example,), buffer, input_names=["mel"], output_names=["hits"], dynamo=True,
            dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),
        )  # fmt: skip
        graph = without_traces(buffer.getvalue())
    spec = {"labels": list(DRUM_HITS), "front_end": config.front_end.to_dict(), "before_frames": config.before_frames,
            "n_frames": config.network.n_frames}  # fmt: skip
    about = About(name="drums", licence="Apache-2.0", title="Which drums are struck at an onset",
                  recipe={"script": "recipes/drum_hits.py", "steps": config.steps},
                  metrics={"f1_held_out_sources": metrics})  # fmt: skip
    save_bundle(options.bundle, about=about, spec=spec, files={"model.onnx": graph}, kind="drums")
    print(f"macro F1 {np.mean(list(metrics.values())):.3f}; {len(graph) / 1000:.0f} kB")  # noqa: T201


def _f1(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    return float(2 * (found & truth).sum() / max(1, found.sum() + truth.sum()))


if __name__ == "__main__":
    main()
