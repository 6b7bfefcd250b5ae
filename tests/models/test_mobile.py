from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from instrunet.models import build  # noqa: E402
from instrunet.models.mobile import Mobile, MobileConfig, Stage  # noqa: E402
from instrunet.training.errors import TrainingError  # noqa: E402
from instrunet.training.mobile_export import begin_with, fused, onnx_bytes, weights_bytes  # noqa: E402

TINY = MobileConfig(n_classes=5, stem=8, fused=8, stages=(Stage(8, 2, 2.0, 3, (2, 2)),), features=16, n_embedding=7)


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    net = Mobile(TINY)
    net.train()
    with torch.no_grad():
        for _ in range(3):  # so that the normalisations have statistics worth fusing
            net(torch.randn(4, 1, 128, 64))
    return net.eval()


def test_it_is_known_by_name():
    assert isinstance(build("mobile", n_classes=4), Mobile)


@pytest.mark.parametrize("n_frames", [16, 50, 251])
def test_any_length_gives_clip_and_frames(net, n_frames):
    clip, frames = net(torch.randn(2, 1, 128, n_frames))
    assert clip.shape == (2, 5)
    assert frames.shape[:2] == (2, 5)


def test_the_clip_lies_between_its_frames(net):
    clip, frames = net(torch.randn(3, 1, 128, 100))
    assert (clip <= frames.amax(-1) + 1e-5).all()
    assert (clip >= frames.amin(-1) - 1e-5).all()


def test_batch_equals_single(net):
    x = torch.randn(3, 1, 128, 80)
    torch.testing.assert_close(net(x).clip[1], net(x[1:2]).clip[0], atol=1e-5, rtol=1e-4)


def test_it_has_about_a_million_weights():
    assert 0.7e6 < sum(p.numel() for p in Mobile().parameters()) < 1.3e6


def test_fusing_changes_nothing(net):
    x = torch.randn(2, 1, 128, 90)
    torch.testing.assert_close(fused(net)(x).frames, net(x).frames, atol=1e-4, rtol=1e-3)


@pytest.mark.slow
def test_the_served_network_is_the_trained_one(net):
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(onnx_bytes(net), providers=["CPUExecutionProvider"])
    for shape in ((1, 251), (3, 70)):
        x = torch.randn(shape[0], 1, 128, shape[1])
        with torch.no_grad():
            ours = net(x)
        clip, frames, attention = session.run(None, {"mel": x.numpy()})
        assert abs(clip - ours.clip.numpy()).max() < 5e-3
        assert abs(frames - ours.frames.numpy()).max() < 5e-3
        assert attention.sum(-1) == pytest.approx(1.0, abs=1e-4)


def test_a_run_begins_with_the_weights_of_a_bundle_or_a_checkpoint(tmp_path):
    torch.manual_seed(0)
    config = MobileConfig(
        n_classes=3, stem=8, fused=8, stages=(Stage(8, 1, 2.0, 3, (2, 2)),), features=8, n_embedding=5
    )
    taught, fresh = Mobile(config).eval(), Mobile(config).eval()
    (tmp_path / "weights.safetensors").write_bytes(weights_bytes(taught))
    torch.save(taught.state_dict(), tmp_path / "average.pt")
    mel = torch.rand(2, 1, 128, 40)
    for name, allowed in (("weights.safetensors", 2e-2), ("average.pt", 1e-6)):
        begin_with(fresh, tmp_path / name)
        torch.testing.assert_close(fresh(mel).clip, taught(mel).clip, atol=allowed, rtol=0)
    torch.save({"strange": torch.zeros(2)}, tmp_path / "other.pt")
    for name in ("other.pt", "nothing.pt"):
        with pytest.raises(TrainingError, match=name):
            begin_with(fresh, tmp_path / name)
