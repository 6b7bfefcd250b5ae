"""What plays when is known; batch = single, chunked = whole, stream = file, in every vocabulary."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from instrunet.audio import AudioError, resample, write
from instrunet.bundles import Aggregation
from instrunet.errors import UsageError
from instrunet.tagging import Failure, StreamTagger, Tagger, Tags, tag
from instrunet.tagging.hearing import hear_blocks
from tests.tagging.conftest import RATE_HZ
from tests.tiny_tagger import save_tiny


def assert_same(a: Tags, b: Tags, tolerance: float = 1e-4) -> None:
    assert a.labels == b.labels
    assert a.duration_s == pytest.approx(b.duration_s, abs=1e-3)
    for one, other in zip(a.instruments, b.instruments, strict=True):
        assert one.confidence == pytest.approx(other.confidence, abs=tolerance)
        assert np.max(np.abs(one.activity - other.activity)) < tolerance
        assert len(one.ranges) == len(other.ranges)


def test_the_answer_is_right(tagger, melody):
    tags = tagger.tag_array(melody, sample_rate_hz=RATE_HZ)
    assert {t.label for t in tags.detected} == {"flute", "violin"}
    (flute,), (violin,) = tags["flute"].ranges, tags["violin"].ranges
    assert (flute.start_s, flute.end_s) == pytest.approx((0, 3), abs=0.15)
    assert (violin.start_s, violin.end_s) == pytest.approx((2, 5), abs=0.15)
    assert flute.confidence > 0.9
    assert not tags["drums"].ranges
    assert tags["drums"].activity.max() < 0.3
    assert tags.duration_s == pytest.approx(6.25)
    assert len(tags.times_s) == len(tags["flute"].activity) == 63


def test_a_file_is_its_samples(tagger, melody, tmp_path):
    write(tmp_path / "a.wav", melody, RATE_HZ, subtype="FLOAT")
    from_file = tagger.tag_file(tmp_path / "a.wav")
    assert_same(from_file, tagger.tag_array(melody, sample_rate_hz=RATE_HZ))
    assert from_file.path == str(tmp_path / "a.wav")
    with (tmp_path / "a.wav").open("rb") as file:
        assert_same(tagger.tag_file(io.BytesIO(file.read())), from_file)


def test_channels_and_rates_change_nothing(tagger, melody):
    one = tagger.tag_array(melody, sample_rate_hz=RATE_HZ)
    stereo = np.stack([1.5 * melody, 0.5 * melody])
    assert_same(tagger.tag_array(stereo, sample_rate_hz=RATE_HZ), one)
    faster = tagger.tag_array(resample(melody, RATE_HZ, 44_100), sample_rate_hz=44_100)
    assert faster["flute"].confidence == pytest.approx(one["flute"].confidence, abs=0.02)


@pytest.mark.parametrize("block", [333, 4_000, 50_000])
def test_chunked_is_whole(tagger, melody, block):
    blocks = [melody[i : i + block] for i in range(0, len(melody), block)]
    gathering, n = hear_blocks(blocks, tagger.network)
    whole, _ = hear_blocks([melody], tagger.network, threaded=True)
    assert n == len(melody)
    assert np.allclose(gathering.clips, whole.clips, atol=1e-5)
    assert gathering.starts_s.tolist() == whole.starts_s.tolist() == [*np.arange(11) * 0.5, 5.25]


@pytest.mark.parametrize("rate_hz", [RATE_HZ, 11_025])
def test_stream_is_offline(tagger, melody, rate_hz, rng):
    x = resample(melody, RATE_HZ, rate_hz)
    live = StreamTagger(tagger, sample_rate_hz=rate_hz)
    heard, at, windows = [], 0, 0
    while at < len(x):
        n = int(rng.integers(0, 5_000))
        scores = live.push(x[at : at + n])
        heard.append(scores.values)
        windows += len(scores.starts_s)
        at += n
    assert windows > 8
    assert live.tags().duration_s <= 6.25
    tags = live.finish()
    assert_same(tags, tagger.tag_array(x, sample_rate_hz=rate_hz))
    offline = tagger.scores_array(x, rate_hz)
    assert np.allclose(np.concatenate(heard), offline.values[:windows], atol=1e-4, equal_nan=True)
    with pytest.raises(UsageError, match="finished"):
        live.push(x)


def test_batch_is_single_and_bad_files_do_not_stop_it(tagger, melody, tmp_path):
    for i in range(4):
        write(tmp_path / f"{i}.wav", melody[: 12_000 + 3_000 * i], RATE_HZ)
    (tmp_path / "bad.wav").write_text("I am a poem")
    names = [tmp_path / n for n in ("0.wav", "bad.wav", "1.wav", "missing.wav", "2.wav", "3.wav")]
    results = list(tagger.tag_files(names))
    assert [Path(r.path).name for r in results] == [p.name for p in names]
    failures = [r for r in results if isinstance(r, Failure)]
    assert [Path(f.path).name for f in failures] == ["bad.wav", "missing.wav"]
    assert all(Path(f.path).name in f.message and "\n" not in f.message for f in failures)
    for result in results:
        if isinstance(result, Tags):
            assert_same(result, tagger.tag_file(result.path))


def test_a_part_of_a_file_is_told_in_its_time(tagger, melody, tmp_path):
    write(tmp_path / "a.wav", melody, RATE_HZ, subtype="FLOAT")
    part = tagger.tag_file(tmp_path / "a.wav", start_s=1.5, duration_s=2.5)
    assert part.duration_s == pytest.approx(2.5)
    assert part["violin"].ranges[0].start_s == pytest.approx(2.0, abs=0.15)
    assert part.times_s[0] == pytest.approx(1.55)
    with pytest.raises(AudioError, match=r"a\.wav: holds no sound after 100 s"):
        tagger.tag_file(tmp_path / "a.wav", start_s=100)


@pytest.mark.parametrize("n", [1, 2, 80, 7_999, 8_000, 8_001])
def test_any_length_has_an_answer(tagger, n, melody):
    tags = tagger.tag_array(melody[:n], sample_rate_hz=RATE_HZ)
    assert all(0 <= t.confidence <= 1 for t in tags.instruments)
    assert len(tags.times_s) == max(1, -(-n // 800))


def test_silence_has_no_instruments(tagger):
    tags = tagger.tag_array(np.zeros(20_000, np.float32), sample_rate_hz=RATE_HZ)
    assert not tags.detected
    assert all(t.confidence == 0 for t in tags.instruments)


def test_samples_that_are_not_numbers(tagger, melody):
    x = melody.copy()
    x[100] = np.nan
    tags = tagger.tag_array(x, sample_rate_hz=RATE_HZ)
    assert "1 samples" in tags.remarks[0]
    assert {t.label for t in tags.detected} == {"flute", "violin"}
    with pytest.raises(AudioError, match="not numbers"):
        tagger.tag_array(np.full(100, np.nan, np.float32), sample_rate_hz=RATE_HZ)


def test_what_makes_no_sense_is_said(tagger, tiny):
    with pytest.raises(AudioError, match="no samples"):
        tagger.tag_array(np.zeros(0), sample_rate_hz=RATE_HZ)
    with pytest.raises(UsageError, match="at least 1"):
        tagger.tag_array(np.zeros(9), sample_rate_hz=0)
    with pytest.raises(UsageError, match="give floats"):
        tagger.tag_array(np.zeros(9, np.int16), sample_rate_hz=RATE_HZ)  # type: ignore[arg-type]
    for wrong in ({"threshold": 2.0}, {"threshold": "often"}, {"vocabulary": "klingon"}, {"threads": 0}):
        with pytest.raises(UsageError):
            Tagger(tiny, **wrong)


def test_a_vocabulary_has_unknown_words_not_absent_ones(tiny, melody):
    tags = Tagger(tiny, vocabulary="irmas", threads=1).tag_array(melody, sample_rate_hz=RATE_HZ)
    assert tags.vocabulary == "irmas"
    assert tags.labels == ("flu", "vio")
    assert "pia" in tags.unknown
    scores = Tagger(tiny, vocabulary="irmas", threads=1).scores_array(melody, RATE_HZ)
    assert scores.values.shape == (12, 11)
    assert np.isnan(scores.values[:, scores.labels.index("pia")]).all()
    with pytest.raises(UsageError, match="has no word of medley"):
        Tagger(save_tiny_voice(tiny.parent), vocabulary="medley_solos")


def save_tiny_voice(folder: Path) -> Path:
    return save_tiny(folder / "harps", labels=("harp", "sitar", "tuba")).path


def test_thresholds_tuned_or_given(tiny, tmp_path, melody):
    tuned = save_tiny(tmp_path / "strict", thresholds=(1.0, 0.2, 0.5)).path
    assert [t.label for t in Tagger(tuned).tag_array(melody, sample_rate_hz=RATE_HZ).detected] == ["violin"]
    given = Tagger(tuned, threshold=0.3).tag_array(melody, sample_rate_hz=RATE_HZ)
    assert {t.label for t in given.detected} == {"flute", "violin"}
    assert given["flute"].threshold == 0.3


def test_where_much_is_heard_the_tuned_thresholds_are_lower(tiny, tmp_path, melody):
    def heard(crowding, **settings):
        path = save_tiny(tmp_path / f"c{crowding}{len(settings)}", thresholds=(0.6,) * 3, crowding=crowding).path
        return Tagger(path, **settings).tag_array(melody, sample_rate_hz=RATE_HZ).instruments

    plain, crowded = heard(0.0), heard(0.5)
    expected = sum(one.confidence for one in plain)
    assert expected > 1
    assert [one.confidence for one in crowded] == [one.confidence for one in plain]
    assert {one.threshold for one in plain} == {0.6}
    for one in crowded:
        assert one.threshold == pytest.approx(0.6 / expected**0.5, rel=1e-5)
        assert one.detected == (one.confidence >= one.threshold)
    assert {one.threshold for one in heard(0.5, threshold=0.3)} == {0.3}


@pytest.mark.parametrize("method", ["mean", "max", "topk_mean", "model"])
def test_the_bundle_says_how_windows_are_put_together(method, tmp_path, melody):
    path = save_tiny(
        tmp_path / "b", aggregation=Aggregation(method, k=2), outputs=("clip", "frames", "attention"), hop_s=1.0
    ).path
    tagger = Tagger(path, threads=1)
    confidence = tagger.tag_array(melody, sample_rate_hz=RATE_HZ)["flute"].confidence
    windows = tagger.scores_array(melody, RATE_HZ).values[:, tagger.wording.words.index("flute")]
    expected = {"mean": windows.mean(), "max": windows.max(), "topk_mean": np.sort(windows)[-2:].mean()}
    if method == "model":  # attention is even, so the logit is the mean of the windows' logits
        heard = windows[windows > 0]
        logits = np.log(heard / (1 - heard))
        silent = [-20.0] * (len(windows) - len(heard))
        assert confidence == pytest.approx(1 / (1 + np.exp(-np.mean([*logits, *silent]))), abs=1e-4)
    else:
        assert confidence == pytest.approx(float(expected[method]), abs=1e-6)


def test_calibration_moves_scores(tmp_path, melody):
    plain = Tagger(save_tiny(tmp_path / "a").path).scores_array(melody, RATE_HZ).values
    moved = Tagger(save_tiny(tmp_path / "b", calibration_scale=(2.0,) * 3, calibration_bias=(1.0,) * 3).path)
    logit = np.log(np.maximum(plain, 1e-12) / (1 - plain))
    expected = 1 / (1 + np.exp(-(2 * logit + 1)))
    heard = np.isfinite(plain) & (plain > 0)
    assert np.allclose(moved.scores_array(melody, RATE_HZ).values[heard], expected[heard], atol=1e-4)


def test_short_windows_where_the_network_takes_them(tmp_path, melody):
    exact = Tagger(save_tiny(tmp_path / "b", min_window_s=0.25).path, threads=1)
    padded = Tagger(save_tiny(tmp_path / "c").path, threads=1)
    x = melody[:4_000]  # half a second of flute
    assert exact.tag_array(x, sample_rate_hz=RATE_HZ)["flute"].confidence > 0.9
    assert padded.tag_array(x, sample_rate_hz=RATE_HZ)["flute"].confidence < 0.8


def test_tag_is_the_short_way(tiny, melody, tmp_path):
    write(tmp_path / "a.wav", melody, RATE_HZ)
    tags = tag(tmp_path / "a.wav", model=tiny, vocabulary="openmic")
    assert "flute" in [t.label for t in tags.detected]
    assert "activity" in tags.to_dict()["instruments"][0]
    assert "activity" not in tags.to_dict(activity=False)["instruments"][0]
