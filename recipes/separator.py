"""Train the separator that ships with the package, on mixtures from a store of stems.

    instrunet synth corpus recipes/corpus_default.toml -o corpus/
    python recipes/separator.py corpus/stems runs/separator OUTPUT_BUNDLE [--steps 8000] [--minutes 80] [--threads 1]

Interrupted training goes on from ``runs/separator/checkpoint.pt``. Two General MIDI sound-fonts are never drawn: they
are what the benchmarks render with.
"""

from __future__ import annotations

import argparse
import dataclasses
import io
from pathlib import Path

import numpy as np
import onnx
import torch

from instrunet.bundles import About, save_bundle
from instrunet.labels import INSTRUMENT_IDS
from instrunet.models.separator_unet import SeparatorUnet
from instrunet.synthesis.store import STEM_SAMPLES, StemStore
from instrunet.training.mobile_export import halve
from instrunet.training.onnx_graph import without_traces
from instrunet.training.separator import (
    Mixture,
    SeparatorTraining,
    draw_examples,
    separation_loss,
    train_separator,
)

HELD_OUT = ("fluidr3_gm", "musescore_general_full")
OFTEN = ("piano", "drums", "electric_bass", "acoustic_guitar", "electric_guitar", "voice", "violin", "cello")
QUIET = 0.01
CARD = """# separator: a mix taken apart by the instruments it is told

A spectrogram U-Net, told which of 36 instruments play, that shares every band out among them and a rest. {weights:.2f}
million weights, trained for {steps:.0f} steps on mixtures of two to four made stems (docs/data-card.md); it never
heard a real recording of music, nor the two General MIDI sound-fonts that it is measured on. On mixtures of those it
gains {held_out_gain_db:.1f} dB over the mix (three seconds at a time). More numbers, and where it fails:
docs/transcription.md. Licence: Apache-2.0.
"""


class StoreMixtures:
    """Draws two to four instruments, alike by class and then by source, at levels up to 12 dB apart."""

    def __init__(self, store: StemStore, n_samples: int, *, held_out: bool = False) -> None:
        self.store, self.n_samples = store, n_samples
        self.tree: dict[str, list[list[int]]] = {}
        for name, sources in store.by_source().items():
            kept = [numbers for source, numbers in sorted(sources.items()) if (source in HELD_OUT) == held_out]
            if name in INSTRUMENT_IDS and kept:
                self.tree[name] = kept
        chances = np.array([2.0 if name in OFTEN else 1.0 for name in sorted(self.tree)])
        self.chances = chances / chances.sum()

    def __call__(self, rng: np.random.Generator) -> Mixture:
        """Draw one mixture."""
        names = rng.choice(sorted(self.tree), int(rng.integers(2, 5)), replace=False, p=self.chances)
        stems = {}
        for name in names:
            sources = self.tree[str(name)]
            weights = np.array([min(len(numbers), 20) for numbers in sources], float)
            numbers = sources[int(rng.choice(len(sources), p=weights / weights.sum()))]
            stem = self._loud_part(numbers, rng)
            gain = 10 ** (rng.uniform(-10, 0) / 20) * 0.1 / max(float(np.sqrt(np.mean(stem**2))), 1e-3)
            stems[str(name)] = (stem * np.float32(gain)).astype(np.float32)
        return Mixture(stems)

    def _loud_part(self, numbers: list[int], rng: np.random.Generator) -> np.ndarray:
        part = np.zeros(self.n_samples, np.float32)
        for _ in range(4):
            number = numbers[int(rng.integers(len(numbers)))]
            start = int(rng.integers(0, STEM_SAMPLES - self.n_samples))
            part = self.store.pcm(number, start, self.n_samples).astype(np.float32) / 32_768
            if float(np.sqrt(np.mean(part**2))) > QUIET:
                break
        return part


def export(network: SeparatorUnet, config: SeparatorTraining) -> bytes:
    """Give the network as ONNX: any number of instruments, frames a multiple of what it needs, weights halved."""
    n = config.network.frame_multiple
    mix = torch.zeros(1, 1, config.network.n_bands, 8 * n)
    asked = torch.zeros(1, 3, config.network.n_classes)
    frames = n * torch.export.Dim("steps", min=2, max=4096)
    rows = torch.export.Dim("rows", min=2, max=36)
    with io.BytesIO() as buffer:
        torch.onnx.export(
            network.float().eval(), (mix, asked), buffer, input_names=["mix", "instruments"], output_names=["masks"],
            dynamo=True, dynamic_shapes=({3: frames}, {1: rows}),
        )  # fmt: skip
        model = onnx.load_from_string(without_traces(buffer.getvalue()))
    halve(model)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def held_out_gain_db(network: SeparatorUnet, draw: StoreMixtures, config: SeparatorTraining, n: int = 40) -> float:
    """How much better than the mix itself the stems of sources are that training never drew."""
    plain = dataclasses.replace(config, unlisted=0.0, absent=0.0, magnitude_weight=0.0, colour_db=0.0)
    gains = []
    for step in range(n):
        examples = draw_examples(draw, plain, np.random.default_rng([9, step]))
        with torch.inference_mode():
            masks = network(examples.mix, examples.rows)
        before = separation_loss(torch.ones_like(masks), examples, plain)
        gains.append(float(before - separation_loss(masks, examples, plain)))
    return float(np.mean(gains))


def main() -> None:
    """Train and save."""
    parser = argparse.ArgumentParser()
    parser.add_argument("stems", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--minutes", type=float, default=0.0)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    config = SeparatorTraining(steps=options.steps, minutes=options.minutes)
    store = StemStore(options.stems)
    network = train_separator(
        StoreMixtures(store, config.n_samples), config, checkpoint=options.run / "checkpoint.pt",
        tell=lambda step, loss: print(f"step {step} loss {loss:.4f}", flush=True),  # noqa: T201
    )  # fmt: skip
    gain = held_out_gain_db(network, StoreMixtures(store, config.n_samples, held_out=True), config)
    print(f"held-out sources: {gain:.1f} dB better than the mix")  # noqa: T201
    steps = int(torch.load(options.run / "checkpoint.pt", weights_only=True)["progress"]["step"])
    save(network, config, options.bundle, {"steps": steps, "held_out_gain_db": round(gain, 2)})


def save(network: SeparatorUnet, config: SeparatorTraining, bundle: Path, told: dict[str, float]) -> None:
    """Write the bundle."""
    spec = {"labels": list(INSTRUMENT_IDS), "bands": dataclasses.asdict(config.bands),
            "frame_multiple": config.network.frame_multiple}  # fmt: skip
    recipe = {"script": "recipes/separator.py", "steps": told["steps"], "batch": config.batch}
    about = About(name="separator", licence="Apache-2.0", title="The instruments of a mix, each by itself",
                  recipe=recipe, metrics={"sdr_gain_db_held_out_sources": told["held_out_gain_db"]})  # fmt: skip
    graph = export(network, config)
    card = CARD.format(weights=sum(p.numel() for p in network.parameters()) / 1e6, **told)
    save_bundle(bundle, about=about, spec=spec, files={"model.onnx": graph, "CARD.md": card}, kind="separator")
    print(f"{len(graph) / 1e6:.1f} MB")  # noqa: T201


if __name__ == "__main__":
    main()
