"""Two processes that train together end with the weights of one; a recipe runs under torchrun as a user starts it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("lightning_fabric")

from safetensors.torch import load_file  # noqa: E402

from tests.training.two_processes import train_toy  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
TORCHRUN = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")


def together(*arguments: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "OMP_NUM_THREADS": "1"}
    return subprocess.run([*TORCHRUN, *arguments], env=env, capture_output=True, text=True, timeout=900, check=False)


@pytest.mark.slow
def test_two_processes_end_with_the_weights_of_one(tmp_path: Path) -> None:
    done = together(str(ROOT / "tests" / "training" / "two_processes.py"), str(tmp_path / "two"))
    assert done.returncode == 0, done.stderr[-2000:]
    train_toy(tmp_path / "one")
    alone = load_file(tmp_path / "one" / "rank.safetensors")
    for rank in (0, 1):
        weights = load_file(tmp_path / "two" / f"rank{rank}.safetensors")
        for name, value in alone.items():
            torch.testing.assert_close(weights[name], value, atol=1e-5, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["babyslakh_instrunet", "openmic_cbam"])  # the second one pretrains first
def test_a_recipe_runs_in_two_processes(name: str, tmp_path: Path) -> None:
    recipe, out = ROOT / "recipes" / f"{name}.toml", tmp_path / "run"
    command = ("-m", "instrunet", "train", str(recipe), "--miniature", "-o", str(out))
    done = together(*command, "--cache", str(tmp_path / "cache"))
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("index.html") == 1
    assert (out / "report" / "index.html").is_file()
    assert json.loads((out / "result.json").read_text())["steps"] >= 2
    assert (out / "bundle" / "model.onnx").is_file()
