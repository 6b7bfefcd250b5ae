"""Train the separator that ships with the package, on mixtures from a store of stems.

    instrunet synth corpus recipes/corpus_default.toml -o corpus/
    python recipes/separator.py corpus/stems runs/separator OUTPUT_BUNDLE [--steps 4000] [--threads 2]

Interrupted training goes on from ``runs/separator/checkpoint.pt``.
"""

from __future__ import annotations

import argparse
import dataclasses
import io
from pathlib import Path

import numpy as np
import torch

from instrunet.bundles import About, save_bundle
from instrunet.labels import INSTRUMENT_IDS
from instrunet.models.separator_unet import SeparatorUnet
from instrunet.synthesis.store import StemStore
from instrunet.training.onnx_graph import without_traces
from instrunet.training.separator import Mixture, SeparatorTraining, train_separator


class StoreMixtures:
    """Draws two to four instruments, alike by class and then by source, at levels up to 12 dB apart."""

    def __init__(self, store: StemStore, n_samples: int) -> None:
        self.store, self.n_samples = store, n_samples
        self.tree = {name: sources for name, sources in store.by_source().items() if name in INSTRUMENT_IDS}

    def __call__(self, rng: np.random.Generator) -> Mixture:
        """Draw one mixture."""
        names = rng.choice(sorted(self.tree), int(rng.integers(2, 5)), replace=False)
        stems = {}
        for name in names:
            sources = self.tree[str(name)]
            numbers = sources[sorted(sources)[int(rng.integers(len(sources)))]]
            number = numbers[int(rng.integers(len(numbers)))]
            start = int(rng.integers(0, 320_000 - self.n_samples))
            pcm = self.store.pcm(number, start, self.n_samples).astype(np.float32) / 32_768
            level = float(np.sqrt(np.mean(pcm**2)))
            gain = 10 ** (rng.uniform(-12, 0) / 20) * 0.1 / max(level, 1e-3)
            stems[str(name)] = (pcm * np.float32(gain)).astype(np.float32)
        return Mixture(stems)


def export(network: SeparatorUnet, config: SeparatorTraining) -> bytes:
    """Give the network as ONNX, any number of frames that is a multiple of sixteen."""
    mix = torch.zeros(1, 1, config.network.n_bands, 128)
    asked = torch.zeros(1, config.network.n_classes)
    frames = 16 * torch.export.Dim("sixteens", min=2, max=4096)
    with io.BytesIO() as buffer:
        torch.onnx.export(
            network.float().eval(), (mix, asked), buffer, input_names=["mix", "instrument"], output_names=["mask"],
            dynamo=True, dynamic_shapes=({3: frames}, None),
        )  # fmt: skip
        return without_traces(buffer.getvalue())


def main() -> None:
    """Train and save."""
    parser = argparse.ArgumentParser()
    parser.add_argument("stems", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    config = SeparatorTraining(steps=options.steps)
    draw = StoreMixtures(StemStore(options.stems), config.n_samples)
    network = train_separator(
        draw, config, checkpoint=options.run / "checkpoint.pt",
        tell=lambda step, loss: print(f"step {step} loss {loss:.4f}", flush=True),  # noqa: T201
    )  # fmt: skip
    spec = {"labels": list(INSTRUMENT_IDS), "bands": dataclasses.asdict(config.bands)}
    about = About(name="separator", licence="Apache-2.0", title="One instrument out of a mix",
                  recipe={"script": "recipes/separator.py", "steps": config.steps, "batch": config.batch})  # fmt: skip
    graph = export(network, config)
    save_bundle(options.bundle, about=about, spec=spec, files={"model.onnx": graph}, kind="separator")
    print(f"{len(graph) / 1e6:.1f} MB")  # noqa: T201


if __name__ == "__main__":
    main()
