from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from instrunet.audio import write  # noqa: E402
from instrunet.errors import InstrunetError  # noqa: E402
from instrunet.features import LogMelConfig, log_mel  # noqa: E402
from instrunet.labels import INSTRUMENT_IDS  # noqa: E402
from instrunet.models.mobile import Mobile, MobileConfig, Stage  # noqa: E402
from instrunet.synthesis.mixer import Mixer, MixPlan  # noqa: E402
from instrunet.synthesis.store import STEM_SAMPLES, Stem, StemStore, levels_db, write_shard  # noqa: E402
from instrunet.training.fresh_batches import BatchPlan, FreshBatches, Pool  # noqa: E402
from instrunet.training.heard_pool import write_music_part, write_pool_part  # noqa: E402
from instrunet.training.shrunk_calibration import fair_threshold, fit_shrunk, micro_f1  # noqa: E402
from instrunet.training.tagger_loop import LoopConfig, TaggerTraining, clip_loss, frame_loss  # noqa: E402

TINY = MobileConfig(stem=8, fused=8, stages=(Stage(8, 1, 2.0, 3, (2, 2)),), features=16, n_embedding=6, dropout=0.0)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    rng = np.random.default_rng(0)
    t = np.arange(STEM_SAMPLES) / 32_000
    made = []
    for name, x in (("flute", np.sin(2 * np.pi * 800 * t)), ("drums", rng.normal(0, 0.3, STEM_SAMPLES))):
        pcm = (0.4 * x).astype(np.float32)
        made.append((Stem(name, "s", "a", "dry", levels_db(pcm)), pcm))
    write_shard(folder / "stems", "shard-0000", made)
    mixer = Mixer(StemStore(folder / "stems"), MixPlan(clip_s=1.0, n_stems=(0.0, 0.8, 0.2), noise=0.0))
    write_pool_part(
        folder / "pool" / "pool-000.npz", mixer, lambda x: np.full(6, x.std(), np.float32), n_clips=4, seed=1
    )
    return folder


def batches(corpus, *, seed=0, pool=True):
    mixer = Mixer(StemStore(corpus / "stems"), MixPlan(clip_s=1.0, n_stems=(0.0, 0.8, 0.2), noise=0.0))
    plan = BatchPlan(n_fresh=4, n_sums=2, n_pool=2, memory=8)
    heard = Pool(corpus / "pool") if pool else None
    made = FreshBatches(mixer, plan, LogMelConfig(), heard, np.random.default_rng(seed))
    made.refresh()
    return made


def training(corpus, folder, **settings):
    torch.manual_seed(3)
    config = LoopConfig(duration_s=1e6, warm_up_steps=5, n_threads=1, **settings)
    return TaggerTraining(Mobile(TINY), batches(corpus), config, folder)


def test_a_batch_has_fresh_clips_sums_and_a_pool(corpus):
    batch = batches(corpus).draw()
    assert batch.mel.shape == (8, 1, 128, 51)
    assert batch.truth.shape == batch.mask.shape == (8, len(INSTRUMENT_IDS))
    assert batch.embedding.shape == (2, 6)
    assert batch.heard.tolist() == [6, 7]


def test_music_without_labels_teaches_the_embedding_alone(corpus, tmp_path, rng):
    for name, length in (("long", 8), ("short", 2)):
        write(tmp_path / f"{name}.wav", rng.normal(0, 0.1, 16_000 * length).astype(np.float32), 16_000)
    (tmp_path / "broken.wav").write_bytes(b"no sound")
    files = sorted(tmp_path.glob("*.wav"))
    path = write_music_part(tmp_path / "pool-m000.npz", files, lambda x: np.full(6, len(x) / 1000), n_clips=7, seed=1)
    with np.load(path) as part:
        assert part["mel"].shape == (7, 128, 251)
        assert part["mask"].sum() == part["truth"].sum() == part["activity"].sum() == 0
        assert (part["embedding"] == np.float16(160)).all()
    with pytest.raises(InstrunetError, match="none of the 1 music files"):
        write_music_part(tmp_path / "x.npz", files[:1], lambda x: x[:6], n_clips=1, seed=1)


def test_without_a_pool_sums_take_its_place(corpus):
    batch = batches(corpus, pool=False).draw()
    assert len(batch.truth) == 8
    assert batch.embedding is None


def test_half_of_the_clips_move_along_the_mel_axis_and_keep_their_power(corpus):
    power = torch.zeros(200, 128, 3)
    power[:, 60] = 1.0
    moved = batches(corpus)._shifted(power)
    middle = (moved * torch.arange(128.0)[None, :, None]).sum(1) / moved.sum(1)
    torch.testing.assert_close(moved.sum(1), power.sum(1))
    assert 70 < int((middle[:, 0] == 60).sum()) < 130
    assert 1.2 < float((middle - 60).abs().max()) <= 2.0 + 1e-4


def test_power_is_the_inverse_of_the_logarithm(corpus, rng):
    x = rng.normal(0, 0.2, 16_000).astype(np.float32)
    config = LogMelConfig()
    mel = torch.from_numpy(log_mel(x, config))
    power = batches(corpus)._power(mel)
    again = (torch.log(power + config.floor) + config.offset) / config.divisor
    torch.testing.assert_close(again, mel, atol=1e-3, rtol=1e-3)


def test_a_sum_holds_both_instruments(corpus):
    made = batches(corpus, pool=False)
    found = max((made.draw().truth[4:].sum(1).max() for _ in range(6)), key=float)
    assert found == 2


def test_losses_ignore_what_is_unknown():
    logits, truth = torch.tensor([[3.0, -2.0]]), torch.tensor([[0.0, 1.0]])
    assert clip_loss(logits, truth, torch.tensor([[0.0, 0.0]])) == 0
    only = clip_loss(logits, truth, torch.tensor([[1.0, 0.0]]))
    assert float(only) == pytest.approx(np.log1p(np.exp(3.0)), abs=1e-5)


def test_a_frame_is_positive_if_any_tenth_within_is():
    activity = torch.zeros(1, 1, 10)
    activity[0, 0, 7] = 1
    right, wrong = torch.full((1, 1, 5), -9.0), torch.full((1, 1, 5), -9.0)
    right[0, 0, 3], wrong[0, 0, 1] = 9.0, 9.0
    known = torch.ones(1, 1)
    assert frame_loss(right, activity, known) < 0.01 < frame_loss(wrong, activity, known)


def test_it_learns_and_a_resumed_run_goes_on_exactly(corpus, tmp_path):
    one = training(corpus, tmp_path / "one", peak_rate=5e-3)
    first = [one.step(one.batches.draw())["clip"] for _ in range(30)]
    assert np.mean(first[-6:]) < 0.8 * np.mean(first[:3])
    one.save()
    # what a run keeps beside the checkpoint: the clips in memory are drawn anew, so both start from the same ones
    two = training(corpus, tmp_path / "one", peak_rate=5e-3)
    assert two.resume()
    assert two.progress.step == 30
    for a, b in zip(one.net.parameters(), two.net.parameters(), strict=True):
        torch.testing.assert_close(a, b)
    assert two.batches.rng.bit_generator.state == one.batches.rng.bit_generator.state
    batch = one.batches.draw()
    assert one.step(batch) == two.step(batch)


def test_there_is_nothing_to_resume(corpus, tmp_path):
    assert not training(corpus, tmp_path).resume()


def test_the_rate_rises_and_falls(corpus, tmp_path):
    run = training(corpus, tmp_path)
    rates = []
    for step, elapsed in ((0, 0.0), (5, 0.0), (50, 5e5), (99, 1e6)):
        run.progress.step, run.progress.elapsed_s = step, elapsed
        rates.append(run.rate())
    assert rates[0] < rates[1] > rates[2] > rates[3]
    assert rates[3] == pytest.approx(run.config.final_rate)


def test_a_run_ends_by_the_clock_and_leaves_its_history(corpus, tmp_path):
    run = training(corpus, tmp_path)
    run.config = LoopConfig(duration_s=0.3, warm_up_steps=1, n_threads=1)
    run.run()
    assert (tmp_path / "last.pt").is_file()
    assert list(tmp_path.glob("average-*.pt"))
    run.progress.step = 100
    run._note([{"clip": 1.0, "frames": 2.0}])
    assert "n_clips" in (tmp_path / "history.jsonl").read_text()


def test_calibration_moves_a_class_that_is_always_too_sure(rng):
    truth = (rng.random((400, 2)) < 0.2).astype(float)
    logits = np.where(truth > 0, 2.0, -2.0) + rng.normal(0, 1, truth.shape)
    logits[:, 1] += 3.0
    fitted = fit_shrunk(logits, truth, np.ones_like(truth), strength=1.0)
    assert fitted.bias[1] < fitted.bias[0] - 2
    assert fitted(logits)[:, 1].mean() == pytest.approx(truth[:, 1].mean(), abs=0.05)


def test_a_class_without_clips_keeps_the_common_bias():
    logits = np.array([[2.0, 5.0], [-2.0, 1.0], [-1.0, 3.0]])
    fitted = fit_shrunk(logits, np.array([[1.0, 0], [0, 0], [0, 0]]), np.array([[1.0, 0], [1, 0], [1, 0]]))
    assert fitted.bias[1] == pytest.approx(fitted.bias[0], abs=0.5)


def test_a_threshold_that_falls_in_a_crowd_can_beat_any_single_one():
    scores = np.array([[0.9, 0.5, 0.1], [0.8, 0.45, 0.2], [0.3, 0.29, 0.28], [0.3, 0.28, 0.01]])
    truth = np.array([[1.0, 0, 0], [1, 0, 0], [1, 1, 1], [1, 1, 0]])
    arguments = (scores, truth, np.ones_like(truth), ["solo", "solo", "mix", "mix"])
    alone = fair_threshold(*arguments)[1]
    factors = np.array([1.0, 1.0, 0.4, 0.4])
    together = fair_threshold(*arguments, factors=factors)[1]
    assert max(alone.values()) > 0.1
    assert max(together.values()) == 0.0


def test_the_fair_threshold_is_best_where_kinds_agree(rng):
    truth = (rng.random((60, 4)) < 0.3).astype(float)
    scores = np.clip(0.35 * truth + rng.uniform(0, 0.4, truth.shape), 0, 1)
    kinds = ["solo"] * 30 + ["mix"] * 30
    threshold, gaps = fair_threshold(scores, truth, np.ones_like(truth), kinds)
    assert max(gaps.values()) < 0.1
    assert micro_f1(scores, truth, np.ones_like(truth), threshold) > 0.8


def test_real_music_under_a_fresh_clip_counts_for_half_and_the_clip_for_whole(corpus, tmp_path):
    shape = (3, len(INSTRUMENT_IDS))
    believed = np.full(shape, 0.25, np.float32)
    np.savez(
        tmp_path / "pool-m000.npz",
        mel=np.zeros((3, 128, 51), np.float16),
        truth=believed,
        mask=np.full(shape, 0.5, np.float32),
        activity=np.full((*shape, 10), 0.25, np.float16),
        embedding=np.zeros((3, 6), np.float16),
    )
    mixer = Mixer(StemStore(corpus / "stems"), MixPlan(clip_s=1.0, n_stems=(0.0, 1.0), noise=0.0))
    plan = BatchPlan(n_fresh=2, n_sums=4, n_pool=1, music=3, memory=8)
    made = FreshBatches(mixer, plan, LogMelConfig(), Pool(tmp_path), np.random.default_rng(0))
    made.refresh()
    batch = made.draw()
    flute, drums = (INSTRUMENT_IDS.index(name) for name in ("flute", "drums"))
    for row in (2, 3, 4):
        sounding = flute if batch.truth[row, flute] == 1 else drums
        assert batch.truth[row, sounding] == batch.mask[row, sounding] == 1
        others = [k for k in range(shape[1]) if k not in (flute, drums)]
        assert (batch.truth[row, others] == 0.25).all()
        assert (batch.mask[row, others] <= 0.5).all()
    assert (batch.truth[5] != 0.25).all()  # a sum of two fresh clips
