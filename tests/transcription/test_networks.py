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
from instrunet.transcription.nmf import NmfSeparator
from instrunet.transcription.separation import si_sdr_db
from instrunet.transcription.unet import UnetSeparator
from tests.synth import tone

torch = pytest.importorskip("torch")


from instrunet.models.separator_unet import SeparatorUnet, SeparatorUnetConfig  # noqa: E402
from instrunet.training.separator import (  # noqa: E402
    Mixture,
    SeparatorTraining,
    draw_examples,
    separation_loss,
    train_separator,
)

BANDS = BandConfig(SpectrumConfig(8_000, 512, 128), n_bands=64, linear_to_hz=600.0)
TINY = SeparatorTraining(
    bands=BANDS,
    network=SeparatorUnetConfig(n_bands=64, widths=(8, 12, 16), n_list=16, n_query=8),
    colour_db=0.0,
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
    assert len(told) == 2
    assert _loss_of(whole) < _loss_of(SeparatorUnet(TINY.network).eval()) - 5  # decibels
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


def _loss_of(network: SeparatorUnet) -> float:
    examples = draw_examples(low_and_high, TINY, np.random.default_rng(1))
    with torch.inference_mode():
        masks = network(examples.mix, examples.rows)
    return float(separation_loss(masks, examples, TINY))


def test_the_loss_is_what_the_waveforms_say() -> None:
    plain = dataclasses.replace(TINY, unlisted=0.0, absent=0.0, magnitude_weight=0.0, batch=2)
    examples = draw_examples(low_and_high, plain, np.random.default_rng(3))
    half = torch.full_like(examples.stem_power, 0.5)
    ideal = (examples.product / examples.mix_power[:, None].clamp_min(1e-9)).clamp(0, 1)
    assert separation_loss(ideal, examples, plain) < separation_loss(half, examples, plain) - 6
    whole = torch.ones_like(half)
    others = examples.mix_power[:, None] - 2 * examples.product + examples.stem_power
    expected = 10 * torch.log10(others.sum((2, 3)) / examples.stem_power.sum((2, 3)))[:, :2]
    assert abs(float(separation_loss(whole, examples, plain)) - float(expected.mean())) < 0.1


def test_masks_share_the_mix_and_empty_rows_get_nothing() -> None:
    network = SeparatorUnet(TINY.network).eval()
    rows = torch.zeros(1, 3, 36)
    rows[0, 0, 3] = rows[0, 1, 7] = 1
    with torch.inference_mode():
        masks = network(torch.rand(1, 1, 64, 16), rows)
    assert masks.shape == (1, 3, 64, 16)
    assert float(masks.sum(1).max()) <= 1 + 1e-5
    assert float(masks[0, 2].max()) < 1e-6


def _bundle(path: Path, network: SeparatorUnet) -> Bundle:
    n = TINY.network.frame_multiple
    steps, rows = n * torch.export.Dim("steps", min=2, max=64), torch.export.Dim("rows", min=2, max=36)
    example = (torch.zeros(1, 1, 64, 4 * n), torch.zeros(1, 3, 36))
    with io.BytesIO() as buffer:
        torch.onnx.export(
            network.float().eval(), example, buffer, input_names=["mix", "instruments"], output_names=["masks"],
            dynamo=True, dynamic_shapes=({3: steps}, {1: rows}), verbose=False,
        )  # fmt: skip
        graph = buffer.getvalue()
    spec = {"labels": list(INSTRUMENT_IDS), "bands": dataclasses.asdict(BANDS), "frame_multiple": n}
    return save_bundle(
        path, about=About("tiny", "Apache-2.0"), spec=spec, files={"model.onnx": graph}, kind="separator"
    )


def test_demucs_stems_go_to_their_instruments_and_shared_ones_are_split() -> None:
    low, high = tone(98, 1.0, partials=4, level=0.3), tone(1568, 1.0, level=0.2)

    def split(mix: np.ndarray, rate: int) -> dict[str, np.ndarray]:
        return {"vocals": mix * 0.5, "other": low + high}

    mix = 2 * (low + high)
    stems = DemucsSeparator(NmfSeparator(), split=split).separate(mix, 32_000, ("voice", "cello", "flute"))
    assert np.allclose(stems.samples["voice"], mix * 0.5, atol=1e-6)
    assert si_sdr_db(stems.samples["flute"], high) > 5
    assert np.abs(stems.sum() - mix).max() < 1e-5
