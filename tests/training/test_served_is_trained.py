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
