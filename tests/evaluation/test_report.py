"""The written reports: whole, self-contained, safe, and saying the same numbers as the evaluation."""

from __future__ import annotations

import csv
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import soundfile

from instrunet.evaluation import (
    BootstrapConfig,
    ClipFacts,
    EvaluationConfig,
    Event,
    Published,
    ReportConfig,
    compare,
    evaluate,
    score_ranges,
    survey,
    tune,
    write_comparison,
    write_report,
    write_survey,
)
from instrunet.evaluation.recording_figure import Recording, write_recording_figure
from instrunet.evaluation.report.evaluation_page import report_html
from instrunet.evaluation.report.players import PlayerConfig
from tests.evaluation.conftest import Drawn
from tests.synth import tone

LABELS = ["piano", "flute", "<script>alert(1)</script>", "voice", "harp", "drums"]
VOID = {"meta", "link", "br", "img", "input"}


class Balanced(HTMLParser):
    """Fails on a tag that is not closed; gathers what the page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []
        self.counts: dict[str, int] = {}

    def handle_starttag(self, tag, attrs) -> None:
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.loads += [value for name, value in attrs if name in ("src", "href") and value]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open
        assert self.open.pop() == tag


def read(html: str) -> Balanced:
    page = Balanced()
    page.feed(html)
    assert page.open == []
    return page


@pytest.fixture
def evaluation(drawn: Drawn):
    facts = ClipFacts(
        sources=["mix" if row.sum() > 1 else "stem" for row in drawn.y], groups=[str(i // 4) for i in range(200)]
    )
    tuning = tune(drawn.scores, drawn.y, drawn.mask, LABELS)
    config = EvaluationConfig(name="ours", dataset="a set", tuning=tuning, bootstrap=BootstrapConfig(n_resamples=10))
    return evaluate(drawn.scores, drawn.y, np.ones_like(drawn.mask), LABELS, facts=facts, config=config)


def test_the_page_is_whole_self_contained_and_escapes_labels(evaluation, tmp_path: Path) -> None:
    published = Published.from_dict(
        {"source": "a & b", "macro_f1": 0.8, "per_class": {"Piano": {"f1": 0.9, "precision": 1.0, "recall": 0.8}}}
    )
    config = ReportConfig(published=published, beside={"other": evaluation})
    html = write_report(evaluation, tmp_path, config=config).read_text()
    page = read(html)
    assert page.counts["svg"] >= 8
    assert page.counts["script"] == 1
    assert all(load.startswith(("#", "data:")) for load in page.loads)
    assert "http" not in re.sub(r'xmlns="[^"]+"', "", html)
    assert "a &amp; b" in html
    assert "published F1" in html
    assert f"{evaluation.numbers()['macro_f1@0.5']:.3f}" in html


def test_every_number_is_written_as_csv_and_json(evaluation, tmp_path: Path) -> None:
    write_report(evaluation, tmp_path)
    with (tmp_path / "numbers.csv").open() as handle:
        numbers = {row["name"]: float(row["value"]) for row in csv.DictReader(handle) if row["value"]}
    for name, value in evaluation.numbers().items():
        assert numbers[name] == pytest.approx(value, rel=1e-5)
    plain = json.loads((tmp_path / "evaluation.json").read_text())
    assert plain["numbers"]["map"] == evaluation.numbers()["map"]
    assert set(plain["tuning"]["thresholds"]) == set(LABELS)
    with (tmp_path / "predictions.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == 200
    assert float(rows[3]["flute"]) == pytest.approx(evaluation.trial.scores[3, 1])
    with (tmp_path / "mixes.csv").open() as handle:
        mixes = list(csv.DictReader(handle))
    assert all(int(row["n_right"]) + int(row["n_missed"]) == len(row["true"].split(";")) for row in mixes)
    with (tmp_path / "confusion.csv").open() as handle:
        confusion = list(csv.DictReader(handle))
    assert sum(int(value) for row in confusion for key, value in row.items() if key != "true") == (
        evaluation.confusion.n_clips
    )
    assert {path.name for path in tmp_path.iterdir()} >= {"by_polyphony.csv", "by_source.csv", "calibration.csv"}


def test_windows_and_ranges_have_their_place(evaluation, tmp_path: Path) -> None:
    truth = {"x": [Event(0, 1, "piano")]}
    whole = evaluation.with_windows(evaluation).with_ranges(score_ranges(truth, truth, LABELS))
    html = write_report(whole, tmp_path).read_text()
    assert "200 windows" in html
    assert re.search(r"Micro F1</th><td[^>]*>1\.000", html)
    assert (tmp_path / "ranges.csv").exists()
    assert (tmp_path / "windows" / "numbers.csv").exists()


def test_worst_mistakes_can_be_heard_until_the_page_is_full(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, tone(440.0, 1.0, sample_rate_hz=16_000), 16_000)
    facts = ClipFacts(paths=[str(path), str(path), "gone.wav"], starts_s=[0.0, 0.5, 0.0], durations_s=[0.5, 0.5, 0.5])
    config = EvaluationConfig(bootstrap=BootstrapConfig(n_resamples=0))
    wrong = evaluate([[0.9], [0.8], [0.7]], [[0], [0], [0]], None, ["a"], facts=facts, config=config)
    html = report_html(wrong)
    assert read(html).counts["audio"] == 2
    assert "No sound: " in html
    small = ReportConfig(players=PlayerConfig(max_total_bytes=1))
    assert "<audio" not in report_html(wrong, config=small)


def test_a_report_of_almost_nothing_is_still_a_page() -> None:
    one = evaluate([[0.2]], [[0]], None, ["a"], config=EvaluationConfig(bootstrap=BootstrapConfig(n_resamples=0)))
    read(report_html(one))


def test_the_comparison_page_shows_gains(evaluation, drawn: Drawn, tmp_path: Path) -> None:
    better = evaluate(
        drawn.y, drawn.y, np.ones_like(drawn.y), LABELS, facts=evaluation.trial.facts, config=evaluation.config
    )
    html = write_comparison(compare(evaluation, better), tmp_path).read_text()
    read(html)
    assert "Clearly better in 6, clearly worse in 0 of the 6 classes" in html
    with (tmp_path / "gains.csv").open() as handle:
        gains = [row for row in csv.DictReader(handle) if row["metric"] == "f1@0.5"]
    assert [float(row["second"]) for row in gains] == [1.0] * 6
    assert json.loads((tmp_path / "comparison.json").read_text())["agreement"]["only_first"] == 0


def test_the_survey_page_names_certain_and_uncertain_files(rng: np.random.Generator, tmp_path: Path) -> None:
    scores = rng.random((600, 3))
    found = survey(scores, ["a", "b", "c"])
    html = write_survey(found, tmp_path).read_text()
    read(html)
    assert "these are predictions, not results" in html
    with (tmp_path / "predictions.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == 600
    assert rows[7]["predicted"] == ";".join(label for j, label in enumerate("abc") if scores[7, j] >= 0.2)
    assert float(rows[7]["b"]) == pytest.approx(scores[7, 1], rel=1e-5)


@pytest.mark.parametrize(("suffix", "dark"), [(".png", False), (".svg", True)])
def test_the_figure_of_a_recording_is_drawn(suffix: str, dark: bool, tmp_path: Path) -> None:
    samples = tone(440.0, 0.5, sample_rate_hz=16_000)
    recording = Recording("a tone", samples, 16_000, ["piano", "flute"], [0.9, 0.1], [0.5, 0.3], ["piano"])
    write_recording_figure(recording, tmp_path / f"figure{suffix}", dark=dark)
    written = (tmp_path / f"figure{suffix}").read_bytes()
    assert written.startswith(b"\x89PNG" if suffix == ".png" else b"<?xml")
