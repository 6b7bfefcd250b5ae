"""One definition used both to train and to serve: torch end to end, and the tagger of its bundle, agree to 1e-4."""

from __future__ import annotations

import numpy as np
import pytest

from tests.synth import noise, plucked

torch = pytest.importorskip("torch")
pytest.importorskip("onnxscript")


@pytest.mark.slow  # the exporter takes a while
def test_scores_of_torch_and_of_the_bundle_agree(tmp_path, rng):
    from instrunet.bundles import About, TaggerSpec, save_bundle
    from instrunet.features.torch_log_mel import TorchLogMel
    from instrunet.labels import INSTRUMENT_IDS
    from instrunet.models.mobile import Mobile, MobileConfig, Stage
    from instrunet.tagging import Tagger
    from instrunet.training.mobile_export import onnx_bytes

    torch.manual_seed(3)
    net = Mobile(MobileConfig(stem=8, fused=8, stages=(Stage(16, 2, 2.0, 3, (2, 2)),), features=32))
    for module in net.modules():  # statistics and offsets as after a training, so that folding them is put to the test
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 2.0)
    net.eval()
    spec = TaggerSpec("instrunet", INSTRUMENT_IDS, window_s=2.0, hop_s=1.0, outputs=("clip", "frames", "attention"))
    files = {"model.onnx": onnx_bytes(net, half=False)}
    tagger = Tagger(save_bundle(tmp_path / "b", about=About("b", "MIT"), spec=spec, files=files).path, threads=1)

    x = np.concatenate([plucked(hz, 1.5, decay_s=0.8) for hz in (110.0, 440.0)]) + noise(3.0, rng, level=0.01)
    served = tagger.scores_array(x, 32_000).values
    windows = torch.from_numpy(np.stack([x[:64_000], x[32_000:96_000]]))
    with torch.no_grad():
        trained = torch.sigmoid(net(TorchLogMel()(windows)[:, None]).clip).numpy()
    assert served.shape == trained.shape == (2, 36)
    assert np.ptp(trained) > 0.005
    assert np.max(np.abs(served - trained)) < 1e-4


@pytest.mark.slow  # the exporter takes a while
def test_a_fusion_serves_both_networks(tmp_path, rng, monkeypatch):
    from instrunet.bundles import About, TaggerSpec, network, save_bundle
    from instrunet.bundles.mel_beside_yamnet import MelBesideYamnet
    from instrunet.labels import INSTRUMENT_IDS
    from instrunet.models.fusion import ClipHead, Fusion
    from instrunet.models.mobile import Mobile, MobileConfig, Stage
    from instrunet.tagging import Tagger
    from instrunet.training.mobile_export import onnx_bytes

    class Peer:
        """Stands for YAMNet: as many numbers, some of them from the samples."""

        def frames(self, samples):
            embeddings = np.zeros((3, 1024), np.float32)
            embeddings[:, :8] = np.abs(samples[:8000]).reshape(8, -1).mean(1)
            return type("Frames", (), {"embeddings": embeddings})

    monkeypatch.setattr(network, "_yamnet", Peer)
    torch.manual_seed(3)
    net = Mobile(MobileConfig(stem=8, fused=8, stages=(Stage(16, 2, 2.0, 3, (2, 2)),), features=32)).eval()
    head = ClipHead(torch.rand(1024), torch.rand(1024) + 0.1, n_classes=36, n_hidden=8, dropout=0.4).eval()
    both = MelBesideYamnet()
    spec = TaggerSpec("instrunet", INSTRUMENT_IDS, front_end=both, window_s=2.0, hop_s=1.0, outputs=("clip", "frames"))
    x = plucked(220.0, 2.0, decay_s=0.8) + noise(2.0, rng, level=0.01)
    seen = torch.from_numpy(both.seen(x, Peer()))[None, None]  # type: ignore[arg-type]
    for share in (0.0, 0.4, 1.0):
        fusion = Fusion(net, head, share=share, n_extra=both.n_extra).eval()
        files = {"model.onnx": onnx_bytes(fusion, half=False)}
        saved = save_bundle(tmp_path / f"{share}", about=About("b", "MIT"), spec=spec, files=files)
        assert saved.tagger.front_end == both
        served = Tagger(saved.path, threads=1).scores_array(x, 32_000).values
        with torch.no_grad():
            trained = torch.sigmoid(fusion(seen).clip).numpy()
            alone = torch.sigmoid(net(seen[..., : -both.n_extra]).clip if share == 0 else head(embedding(seen))).numpy()
        assert np.max(np.abs(served - trained)) < 1e-4
        assert share == 0.4 or np.max(np.abs(served - alone)) < 1e-4


def embedding(seen):
    return seen[:, 0, :, -8:].transpose(1, 2).flatten(1)


def test_a_head_learns_what_the_embedding_tells(tmp_path, rng):
    from instrunet.training.fusion import HeadConfig, fit_head

    embedding = rng.normal(0, 1, (400, 16))
    truth = (embedding[:, :3] > 0).astype(np.float32)
    np.savez(tmp_path / "pool-000.npz", embedding=embedding, truth=truth, mask=np.ones_like(truth))
    head = fit_head([tmp_path / "pool-000.npz"], HeadConfig(n_hidden=16, epochs=12, batch=32, rate=1e-2))
    fresh = rng.normal(0, 1, (200, 16)).astype(np.float32)
    with torch.no_grad():
        said = head(torch.from_numpy(fresh)).numpy() > 0
    assert (said == (fresh[:, :3] > 0)).mean() > 0.85


def test_clips_without_labels_get_what_both_networks_say(tmp_path, rng):
    from instrunet.models.fusion import ClipHead
    from instrunet.models.mobile import Mobile, MobileConfig, Stage
    from instrunet.training.fusion import believe

    torch.manual_seed(1)
    net = Mobile(MobileConfig(n_classes=3, stem=8, fused=8, stages=(Stage(8, 1, 2.0, 3, (2, 2)),), features=8)).eval()
    head = ClipHead(torch.rand(6), torch.rand(6) + 0.1, n_classes=3, n_hidden=4, dropout=0.4).eval()
    mel, embedding = rng.normal(0, 1, (30, 128, 40)).astype(np.float16), rng.normal(0, 1, (30, 6)).astype(np.float16)
    nothing = np.zeros((30, 3), np.float32)
    path = tmp_path / "pool-m000.npz"
    np.savez(path, mel=mel, embedding=embedding, truth=nothing, mask=nothing, activity=np.zeros((30, 3, 5)))
    believe(path, net, head, share=0.25)
    with np.load(path) as part, torch.no_grad():
        ours = net(torch.from_numpy(mel.astype(np.float32))[:, None]).clip
        wanted = (0.75 * ours + 0.25 * head(torch.from_numpy(embedding.astype(np.float32)))).sigmoid().numpy()
        assert np.allclose(part["truth"], wanted, atol=1e-5)
        assert (part["mask"] == 0.5).all()
        assert np.allclose(part["activity"], wanted[:, :, None], atol=1e-3)
