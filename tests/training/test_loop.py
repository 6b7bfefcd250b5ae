"""The loop: it learns, it stops, it goes on exactly where it was, and it says what went wrong."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from torch import Tensor

torch = pytest.importorskip("torch")
pytest.importorskip("lightning_fabric")

from torch import nn  # noqa: E402

from instrunet.models import build  # noqa: E402
from instrunet.training.checkpoints import Checkpoints, load_weights  # noqa: E402
from instrunet.training.errors import InterruptedRun, TrainingError  # noqa: E402
from instrunet.training.log import EpochLog  # noqa: E402
from instrunet.training.loop import Fitted, StepReport, fit  # noqa: E402
from instrunet.training.recipe import OptimizerConfig, Recipe  # noqa: E402
from tests.training.toys import COLUMNS, N_CLASSES, ROWS, toy_held, toy_recipe, toy_source  # noqa: E402

BUSY = {"mixup_p": 0.5, "time_masks": 1, "time_mask_frames": 3, "warp_p": 0.5}


def network() -> nn.Module:
    torch.manual_seed(5)
    return build("feedforward", n_classes=N_CLASSES, pooled=(ROWS, COLUMNS), hidden=16, dropout=0.2)


def trained(recipe: Recipe, folder: Path, progress: object = None, **augmentation: object) -> Fitted:
    source = toy_source(recipe, **augmentation)  # type: ignore[arg-type]
    return fit(recipe, network(), source, toy_held(), log=EpochLog(folder), progress=progress)  # type: ignore[arg-type]


class Crash(Exception):
    """Stands for a power cut."""


def crash_at(total: int) -> object:
    seen = [0]

    def count(report: StepReport) -> None:
        seen[0] += 1
        if seen[0] == total:
            raise Crash

    return count


def weights(fitted: Fitted) -> dict[str, Tensor]:
    return fitted.network.state_dict()


def test_it_learns_and_writes_its_diary(tmp_path: Path) -> None:
    fitted = trained(toy_recipe(epochs=10, patience=99), tmp_path)
    rows = EpochLog(tmp_path).rows()
    assert len(rows) == 10
    assert float(rows[-1]["map"]) > 0.75 > float(rows[0]["map"])
    assert float(rows[-1]["train_loss"]) < float(rows[0]["train_loss"])
    assert fitted.best == pytest.approx(max(float(r["map"]) for r in rows), abs=1e-5)
    curves = EpochLog(tmp_path).draw()
    assert curves is not None
    assert curves.stat().st_size > 5000


@pytest.mark.parametrize(("crash_step", "ema_decay"), [(3, 0.0), (9, 0.9), (10, 0.0)])
def test_a_crash_at_any_step_leaves_no_trace_in_the_weights(tmp_path: Path, crash_step: int, ema_decay: float) -> None:
    recipe = toy_recipe(checkpoint_every_steps=2, ema_decay=ema_decay, clip_norm=1.0)
    whole = trained(recipe, tmp_path / "whole", **BUSY)
    with pytest.raises(Crash):
        trained(recipe, tmp_path / "broken", crash_at(crash_step), **BUSY)
    resumed = trained(recipe, tmp_path / "broken", **BUSY)
    for name, value in weights(whole).items():
        assert torch.equal(value, weights(resumed)[name]), name
    numbers = [{k: v for k, v in row.items() if k != "clips_per_s"} for row in EpochLog(tmp_path / "whole").rows()]
    again = [{k: v for k, v in row.items() if k != "clips_per_s"} for row in EpochLog(tmp_path / "broken").rows()]
    assert numbers == again


def test_ctrl_c_finishes_the_step_and_saves(tmp_path: Path) -> None:
    def interrupt(report: StepReport) -> None:
        if report.epoch == 1 and report.step == 2:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(InterruptedRun, match="step 2 of epoch 2; --resume"):
        trained(toy_recipe(), tmp_path / "broken", interrupt)
    whole, resumed = trained(toy_recipe(), tmp_path / "whole"), trained(toy_recipe(), tmp_path / "broken")
    assert all(torch.equal(v, weights(resumed)[k]) for k, v in weights(whole).items())


def test_a_loss_that_is_no_number_names_the_clips_and_keeps_the_weights(tmp_path: Path) -> None:
    recipe = toy_recipe()
    source = toy_source(recipe)
    source.store.features[:] = np.nan
    with pytest.raises(TrainingError, match=r"loss became nan in epoch 1, step 1 \(clips clip\d+, .*kept: .*last-"):
        fit(recipe, network(), source, toy_held(), log=EpochLog(tmp_path))
    last = Checkpoints(tmp_path / "checkpoints").last()
    assert last is not None
    kept = network()
    load_weights(kept, last / "weights.safetensors")
    assert all(v.isfinite().all() for v in kept.state_dict().values())


def test_patience_ends_a_run_that_no_longer_improves(tmp_path: Path) -> None:
    recipe = replace(toy_recipe(epochs=16, patience=2, monitor="loss"), optimizer=OptimizerConfig(lr=0.0))
    fitted = trained(recipe, tmp_path)
    rows = EpochLog(tmp_path).rows()
    assert fitted.best_epoch == 0
    assert len(rows) == 3


def test_the_average_is_what_is_measured_and_kept(tmp_path: Path) -> None:
    slow = trained(toy_recipe(ema_decay=0.999), tmp_path / "slow")
    plain = trained(toy_recipe(), tmp_path / "plain")
    assert any(not torch.equal(v, weights(plain)[k]) for k, v in weights(slow).items())


def test_an_unknown_monitor_is_named(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="monitor 'f1' is none of"):
        trained(toy_recipe(monitor="f1", epochs=1), tmp_path)


def test_a_checkpoint_of_another_architecture_is_refused(tmp_path: Path) -> None:
    trained(toy_recipe(epochs=1), tmp_path)
    with pytest.raises(TrainingError, match="checkpoint of another architecture"):
        load_weights(build("single_label_cnn"), tmp_path / "checkpoints" / "best.safetensors")
    (tmp_path / "bad.safetensors").write_bytes(b"no")
    with pytest.raises(TrainingError, match="no readable weights"):
        load_weights(network(), tmp_path / "bad.safetensors")
    with pytest.raises(TrainingError, match="no checkpoint to resume"):
        Checkpoints(tmp_path / "none").restore(network(), None, {})


def test_bf16_and_channels_last_train_too(tmp_path: Path) -> None:
    fitted = trained(toy_recipe(precision="bf16-mixed", channels_last=True, epochs=5), tmp_path)
    assert fitted.best > 0.6
