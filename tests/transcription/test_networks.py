"""The learned separators, with networks that are made here: what is tested is the way, not the weights."""

from __future__ import annotations

import dataclasses
import io
import itertools
from pathlib import Path

import numpy as np
import pytest

from instrunet.bundles import About, Bundle, save_bundle
from instrunet.features.bands import BandConfig, band_edges, band_magnitude, to_bins
from instrunet.features.spectrum import SpectrumConfig, analyse
from instrunet.labels import INSTRUMENT_IDS
from instrunet.transcription.demucs import DemucsSeparator
from instrunet.transcription.separation import si_sdr_db
from instrunet.transcription.unet import UnetSeparator
from tests.synth import tone

torch = pytest.importorskip("torch")


from instrunet.models.separator_unet import SeparatorUnet, SeparatorUnetConfig  # noqa: E402
from instrunet.training.separator import Mixture, SeparatorTraining, draw_examples, train_separator  # noqa: E402

BANDS = BandConfig(SpectrumConfig(8_000, 512, 128), n_bands=64, linear_to_hz=600.0)
TINY = SeparatorTraining(
    bands=BANDS,
    network=SeparatorUnetConfig(n_bands=64, widths=(8, 12, 16), n_query=16),
    n_frames=32,
    batch=8,
    steps=60,
    learning_rate=5e-3,
    save_every=30,
)


def low_and_high(rng: np.random.Generator) -> Mixture:
    n = TINY.n_samples
    t = np.arange(n) / 8_000
    low = sum(np.sin(2 * np.pi * 110 * 2 ** (rng.integers(0, 7) / 12) * k * t) / k for k in range(1, 5))
    high = np.sin(2 * np.pi * 1500 * 2 ** (rng.integers(0, 7) / 12) * t)
    return Mixture({"double_bass": 0.2 * np.asarray(low, np.float32), "flute": 0.2 * high.astype(np.float32)})


def test_bands_cover_every_bin_once() -> None:
    edges = band_edges(BandConfig())
    assert len(edges) == 257
    assert all(b > a for a, b in itertools.pairwise(edges))


def test_a_mask_of_ones_changes_nothing(rng: np.random.Generator) -> None:
    mask = np.ones((64, 5), np.float32)
    assert np.allclose(to_bins(mask, BANDS), 1.0)
    spectrum = analyse(rng.standard_normal(4000).astype(np.float32), BANDS.spectrum)
    assert band_magnitude(spectrum, BANDS).shape == (64, spectrum.shape[1])


@pytest.mark.slow
def test_training_learns_to_separate_and_resumes_exactly(tmp_path: Path) -> None:
    told: list[float] = []
    whole = train_separator(low_and_high, TINY, checkpoint=tmp_path / "a.pt", tell=lambda _, loss: told.append(loss))
    assert told[-1] < 0.75 * _untrained_loss()
    checkpoint = tmp_path / "b.pt"

    def interrupt(step: int, _: float) -> None:
        kept = checkpoint.is_file()
        if step == 60 and not (tmp_path / "stopped").exists():
            (tmp_path / "stopped").write_text(str(kept))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_separator(low_and_high, TINY, checkpoint=checkpoint, tell=interrupt)
    again = train_separator(low_and_high, TINY, checkpoint=checkpoint, tell=interrupt)
    for a, b in zip(whole.parameters(), again.parameters(), strict=True):
        assert torch.equal(a, b)
    separator = UnetSeparator(_bundle(tmp_path / "bundle", whole))
    truth = low_and_high(np.random.default_rng(5))
    longer = {name: np.tile(stem, 3) for name, stem in truth.stems.items()}
    mix = np.sum(list(longer.values()), axis=0)
    stems = separator.separate(mix, 8_000, ("double_bass", "flute"))
    assert np.abs(stems.sum() - mix).max() < 1e-5
    for name, stem in longer.items():
        assert si_sdr_db(stems.samples[name], stem) > si_sdr_db(mix, stem) + 3


def _untrained_loss() -> float:
    torch.manual_seed(1)
    examples = draw_examples(low_and_high, TINY, np.random.default_rng(1))
    with torch.inference_mode():
        mask = SeparatorUnet(TINY.network).eval()(examples.mix, examples.asked)
    return float((mask * examples.mix - examples.target).abs().mean())


def _bundle(path: Path, network: SeparatorUnet) -> Bundle:
    sixteens = 16 * torch.export.Dim("sixteens", min=1, max=64)
    example = (torch.zeros(1, 1, 64, 32), torch.zeros(1, 36))
    with io.BytesIO() as buffer:
        torch.onnx.export(
            network.float().eval(), example, buffer, input_names=["mix", "instrument"], output_names=["mask"],
            dynamo=True, dynamic_shapes=({3: sixteens}, None), verbose=False,
        )  # fmt: skip
        graph = buffer.getvalue()
    spec = {"labels": list(INSTRUMENT_IDS), "bands": dataclasses.asdict(BANDS)}
    return save_bundle(
        path, about=About("tiny", "Apache-2.0"), spec=spec, files={"model.onnx": graph}, kind="separator"
    )


def test_demucs_stems_go_to_their_instruments_and_shared_ones_are_split() -> None:
    low, high = tone(98, 1.0, partials=4, level=0.3), tone(1568, 1.0, level=0.2)

    def split(mix: np.ndarray, rate: int) -> dict[str, np.ndarray]:
        return {"vocals": mix * 0.5, "other": low + high}

    mix = 2 * (low + high)
    stems = DemucsSeparator(split=split).separate(mix, 32_000, ("voice", "cello", "flute"))
    assert np.allclose(stems.samples["voice"], mix * 0.5, atol=1e-6)
    assert si_sdr_db(stems.samples["flute"], high) > 5
    assert np.abs(stems.sum() - mix).max() < 1e-5
