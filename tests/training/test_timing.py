"""Truth with times: seconds and ranges are judged beside the clips, with a tagger whose answer is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pyarrow")

from instrunet import audio
from instrunet.datasets.clips import Clip
from instrunet.datasets.manifest import Header, Manifest
from instrunet.tagging import Tagger
from instrunet.training.errors import TrainingError
from instrunet.training.evaluate import EvaluatedModel, evaluate_model, survey_files
from instrunet.training.timing import events_of
from tests.synth import tone
from tests.tiny_tagger import TONES_HZ, save_tiny

LABELS = ("flute", "violin", "drums")
RATE_HZ = 8_000


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    """Two seconds of a flute, two of silence, two of drums; the same file once more from its third second on."""
    silence = np.zeros(2 * RATE_HZ, np.float32)
    flute, drums = (0.5 * tone(TONES_HZ[i], 2.0, sample_rate_hz=RATE_HZ) for i in (0, 2))
    audio.write(tmp_path / "a.wav", np.concatenate([flute, silence, drums]).astype(np.float32), RATE_HZ)
    both = {"flute": 1.0, "violin": 0.0, "drums": 1.0}
    clips = [
        Clip("whole", "a.wav", "own", "mix", "song", truth=both, duration_s=6.0),
        Clip("end", "a.wav", "own", "mix", "song", truth={**both, "flute": 0.0}, start_s=3.0, duration_s=3.0),
        Clip("untimed", "a.wav", "own", "mix", "song", truth=both, duration_s=6.0),
        Clip("half", "a.wav", "own", "mix", "song", truth=both, duration_s=6.0),
    ]
    events = [
        ("whole", 0.0, 2.0, "flute"),
        ("whole", 4.0, 6.0, "drums"),
        ("end", 1.0, 3.0, "drums"),
        ("half", 4.0, 6.0, "drums"),
    ]
    return Manifest.from_clips(clips, Header("instrunet", LABELS, root=str(tmp_path)), events=events)


@pytest.fixture
def evaluated(manifest: Manifest, tmp_path: Path) -> EvaluatedModel:
    bundle = save_tiny(tmp_path / "tiny", hop_s=0.5, window_s=0.5)
    return evaluate_model(bundle, manifest)


def test_what_is_judged_is_what_the_tagger_detects(manifest: Manifest, tmp_path: Path) -> None:
    bundle = save_tiny(tmp_path / "crowded", thresholds=(0.6, 0.6, 0.6), crowding=1.0)
    tagger = Tagger(bundle, threads=1)
    said = tagger.tag_file(manifest.paths()[0])
    assert 0 < said["flute"].threshold < 0.6, "two are heard, so that the thresholds fall"
    evaluation = evaluate_model(bundle, manifest).evaluation
    assert list(evaluation.decision_named("tuned").numbers().values())
    found = {row.label: row.tp + row.fp for row in evaluation.decision_named("tuned").classes}
    detected = [
        {tag.label for tag in tagger.tag_file(path, start_s=start, duration_s=length).detected}
        for path, start, length in zip(
            manifest.paths(), manifest.column("start_s"), manifest.column("duration_s"), strict=True
        )
    ]
    assert found == {label: sum(label in those for those in detected) for label in found}
    surveyed = survey_files(bundle, [manifest.paths()[0]]).files[0]
    assert set(surveyed.predicted) == detected[0]
    assert surveyed.thresholds == pytest.approx([tag.threshold for tag in said.instruments])


def test_a_manifest_without_splits_says_so(manifest: Manifest, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no clip has the split 'test'; this manifest is not split: take all of it"):
        evaluate_model(save_tiny(tmp_path / "tiny"), manifest, split="test")


def test_events_belong_to_their_clips(manifest: Manifest) -> None:
    found = events_of(manifest)
    assert [(e.start_s, e.end_s, e.label) for e in found["end"]] == [(1.0, 3.0, "drums")]
    assert "untimed" not in found


def test_every_second_of_a_timed_clip_is_judged(evaluated: EvaluatedModel) -> None:
    windows = evaluated.evaluation.windows
    assert windows is not None
    assert windows.n_clips == 6 + 3 + 6
    facts = windows.trial.facts
    assert facts.ids[:2] == ("whole@0s", "whole@1s")
    assert facts.starts_s[6] == 3.0
    columns = [windows.labels.index(label) for label in LABELS]
    truth = windows.trial.y[:, columns]
    assert truth[:6].tolist() == [[1, 0, 0], [1, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 1], [0, 0, 1]]
    assert truth[6:9].tolist() == [[0, 0, 0], [0, 0, 1], [0, 0, 1]]
    assert windows.numbers()["map"] == 1.0


def test_a_label_that_occurs_at_an_unknown_time_is_unknown_in_every_second(evaluated: EvaluatedModel) -> None:
    windows = evaluated.evaluation.windows
    assert windows is not None
    mask = windows.trial.mask[9:]
    assert not mask[:, windows.labels.index("flute")].any()
    assert mask[:, windows.labels.index("drums")].all()
    assert mask[:, windows.labels.index("violin")].all()


def test_ranges_are_found_where_they_are(evaluated: EvaluatedModel) -> None:
    ranges = evaluated.evaluation.ranges
    assert ranges is not None
    drums = next(row for row in ranges.classes if row.label == "drums")
    assert (drums.n_true, drums.n_said, drums.n_matched) == (3, 3, 3)
    assert ranges.intervals["micro_f1"].high <= 1


def test_truth_without_times_gives_no_such_scores(manifest: Manifest, tmp_path: Path) -> None:
    bare = Manifest(manifest.table, manifest.header)
    whole = evaluate_model(save_tiny(tmp_path / "tiny"), bare).evaluation
    assert whole.windows is None
    assert whole.ranges is None
