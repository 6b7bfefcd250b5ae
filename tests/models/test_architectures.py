"""Every architecture: published sizes, shapes, gradients, and independence of the batch."""

from __future__ import annotations

import numpy as np
import pytest

from instrunet.errors import UsageError

torch = pytest.importorskip("torch")

from instrunet.models import ARCHITECTURES, build  # noqa: E402
from instrunet.models.blocks import SameMaxPool, parameter_count  # noqa: E402
from instrunet.models.single_label_cnn import best_guesses  # noqa: E402

PARAMETERS = {
    "medleydb_cnn": (17, 528_145),
    "mel_image_cnn": (11, 276_811),
    "slakh_instrunet": (14, 621_262),
    "feedforward": (14, 133_006),
    "single_label_cnn": (10, 115_434),
    "cbam_cnn": (20, 42_180),
    "mscrnn": (20, 2_250_709),
    "embedding_head": (14, 14_350),
}
SMALL_PASST = {"width": 32, "depth": 2, "heads": 2, "n_mels": 36, "n_frames": 66}


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameter_counts(name: str) -> None:
    n_classes, expected = PARAMETERS[name]
    assert parameter_count(build(name, n_classes=n_classes)) == expected


def test_passt_s_has_the_published_size_in_its_shapes() -> None:
    with torch.device("meta"):
        network = build("passt", n_classes=527)
    shapes = {name: tuple(value.shape) for name, value in network.named_parameters()}
    assert shapes["time_position"] == (1, 768, 1, 99)
    assert shapes["frequency_position"] == (1, 768, 12, 1)
    assert parameter_count(network) == 85_748_495


@pytest.mark.parametrize("name", sorted(set(ARCHITECTURES) - {"mobile", "passt", "embedding_head"}))
def test_logits_and_gradients(name: str) -> None:
    torch.manual_seed(0)
    network = build(name, n_classes=5)
    logits = network(torch.randn(3, 1, 128, 128))
    assert logits.shape == (3, 5)
    logits.square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())
    assert sum(float(p.grad.abs().sum()) for p in network.parameters() if p.grad is not None) > 0


@pytest.mark.parametrize("name", ["medleydb_cnn", "mscrnn", "slakh_instrunet", "feedforward", "cbam_cnn"])
def test_a_clip_scores_the_same_alone_and_in_a_batch_of_any_length(name: str) -> None:
    torch.manual_seed(0)
    network = build(name, n_classes=4).eval()
    with torch.inference_mode():
        for frames in (70, 131):
            clips = torch.randn(3, 1, 64, frames)
            torch.testing.assert_close(network(clips)[1:2], network(clips[1:2]), atol=1e-5, rtol=1e-5)


def test_medleydb_pools_as_published() -> None:
    pool = SameMaxPool(3)
    sizes = [(128, 862)]
    for _ in range(3):
        sizes.append(tuple(pool(torch.zeros(1, 1, *sizes[-1])).shape[2:]))
    assert sizes[1:] == [(43, 288), (15, 96), (5, 32)]


def test_same_pooling_never_invents_a_maximum() -> None:
    assert SameMaxPool(3)(torch.full((1, 1, 4, 4), -5.0)).max() == -5


def test_cbam_pooling_is_a_switch_without_parameters() -> None:
    with_pool, without = (build("cbam_cnn", pooling=p) for p in (True, False))
    assert parameter_count(with_pool) == parameter_count(without)
    assert not any(type(m).__name__ == "MaxPool2d" for m in without.modules())
    assert sum(type(m).__name__ == "MaxPool2d" for m in with_pool.modules()) == 2


def test_embedding_head_averages_windows() -> None:
    head = build("embedding_head", n_classes=3, n_embedding=8).eval()
    one = torch.randn(1, 1, 8, 1)
    torch.testing.assert_close(head(one.expand(-1, -1, -1, 5)), head(one))


def test_patchout_shortens_training_only() -> None:
    torch.manual_seed(0)
    network = build("passt", n_classes=3, time_patchout=2, frequency_patchout=1, **SMALL_PASST)
    seen: list[int] = []
    blocks = network.get_submodule("blocks")
    blocks.register_forward_pre_hook(lambda _, args: seen.append(args[0].shape[1]))
    clip = torch.randn(2, 1, 36, 66)  # a grid of 3 × 6 patches
    network.train()(clip)
    network.eval()(clip)
    assert seen == [2 + (3 - 1) * (6 - 2), 2 + 3 * 6]


def test_passt_takes_shorter_clips_and_refuses_longer() -> None:
    network = build("passt", n_classes=3, **SMALL_PASST)
    assert network.train()(torch.randn(2, 1, 36, 40)).shape == (2, 3)
    with pytest.raises(ValueError, match="6 time positions"):
        network(torch.randn(2, 1, 36, 90))


def test_a_typo_names_the_nearest_word() -> None:
    with pytest.raises(UsageError, match='did you mean "medleydb_cnn"'):
        build("medleydb_cn")
    with pytest.raises(UsageError, match=r'has no setting .dropot.*"dropout"'):
        build("mscrnn", dropot=0.1)


def test_best_guesses_share_what_is_shown() -> None:
    guesses = best_guesses(np.log([0.5, 0.1, 0.3, 0.1]), ("a", "b", "c", "d"), count=3)
    assert [g.label for g in guesses] == ["a", "c", "b"]
    assert [g.probability for g in guesses] == pytest.approx([0.5, 0.3, 0.1])
    assert sum(g.share for g in guesses) == pytest.approx(1.0)
