from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from instrunet.datasets.clips import Clip, closed_truth
from instrunet.datasets.leaks import group_leak
from instrunet.datasets.manifest import Header, Manifest
from instrunet.datasets.parsing import IndexOptions
from instrunet.datasets.registry import index
from instrunet.datasets.splitting import SplitPlan, report_split, split
from instrunet.errors import UsageError

LABELS = ("common", "rare", "pair")


@pytest.fixture(scope="module")
def songs() -> Manifest:
    """Thirty-six songs of one to six clips; one label in six songs only."""
    rng = np.random.default_rng(3)
    clips = []
    for song in range(36):
        words = ["common"] * (rng.random() < 0.8) + ["rare"] * (song % 6 == 0) + ["pair"] * (song % 2)
        clips += [
            Clip(f"{song}-{i}", f"{song}-{i}.wav", "d", "mix", f"song {song}", closed_truth(LABELS, words))
            for i in range(int(rng.integers(1, 7)))
        ]
    return Manifest.from_clips(clips, Header("own", LABELS))


@pytest.mark.parametrize("stratify", [False, True])
@pytest.mark.parametrize("fractions", [(0.8, 0.1, 0.1), (0.6, 0.24, 0.16), (0.7, 0.3)])
def test_groups_stay_whole_and_shares_are_near(songs: Manifest, stratify: bool, fractions: tuple[float, ...]) -> None:
    done = split(songs, SplitPlan(fractions=fractions, stratify=stratify, seed=7))
    assert not group_leak(done).crossing
    report = report_split(done, fractions)
    assert report.clip_shares == pytest.approx(fractions, abs=0.04)
    assert sum(report.clip_shares) == pytest.approx(1)


def test_stratified_groups_bring_every_label_near_its_share(songs: Manifest) -> None:
    fractions = (0.6, 0.24, 0.16)
    reports = {
        s: report_split(split(songs, SplitPlan(fractions, stratify=s, seed=5)), fractions) for s in (True, False)
    }
    assert reports[True].mean_deviation < 0.05
    assert reports[True].mean_deviation < reports[False].mean_deviation
    assert max(entry.deviation for entry in reports[True].labels) < 0.1


@pytest.mark.parametrize("plan", [SplitPlan(stratify=True), SplitPlan(), SplitPlan(stratify=True, by_group=False)])
def test_a_seed_gives_the_same_splits_and_another_seed_others(songs: Manifest, plan: SplitPlan) -> None:
    from dataclasses import replace

    again = split(songs, plan).column("split")
    assert split(songs, plan).column("split") == again
    assert split(songs, replace(plan, seed=1)).column("split") != again


def test_the_published_way_leaks_and_the_leak_is_measured(songs: Manifest) -> None:
    fractions = (0.6, 0.24, 0.16)
    published = split(songs, SplitPlan(fractions, stratify=True, by_group=False, seed=7))
    report = report_split(published, fractions)
    assert report.mean_deviation < 0.02
    assert report.leak.share_by_split["test"] > 0.5
    assert "groups cross splits" in report.leak.said()


def test_plain_fractions_without_groups_are_exact() -> None:
    clips = [Clip(str(i), f"{i}.wav", "d", "mix", "g", {}) for i in range(100)]
    done = split(Manifest.from_clips(clips, Header("own", ())), SplitPlan(by_group=False))
    counts = [done.column("split").count(name) for name in ("train", "validation", "test")]
    assert counts == [80, 10, 10]


def test_the_real_medleydb_by_artist(shared: Path) -> None:
    options = IndexOptions(require_audio=False, sources=("mix",), clip_s=0)
    manifest = index("medleydb", shared / "metadata/medleydb", options=options)
    fractions = (0.60, 0.24, 0.16)
    report = report_split(split(manifest, SplitPlan(fractions, stratify=True, seed=7)), fractions)
    assert not report.leak.crossing
    assert report.clip_shares == pytest.approx(fractions, abs=0.02)
    assert report.mean_deviation < 0.06


@pytest.mark.parametrize("fractions", [(1.0,), (0.5, 0.6), (0.5, -0.1, 0.6), (0.25,) * 4, (0.5, 0.5, 0.0)])
def test_fractions_that_make_no_sense(fractions: tuple[float, ...]) -> None:
    with pytest.raises(UsageError):
        SplitPlan(fractions)


def test_more_splits_than_groups() -> None:
    clips = [Clip(str(i), f"{i}.wav", "d", "mix", "one song", {}) for i in range(9)]
    with pytest.raises(UsageError, match="1 groups cannot fill 3 splits"):
        split(Manifest.from_clips(clips, Header("own", ())), SplitPlan())


def test_as_many_groups_as_splits_fill_each() -> None:
    clips = [Clip(str(i), f"{i}.wav", "d", "mix", f"g{i % 3}", {"a": 1.0}) for i in range(9)]
    manifest = Manifest.from_clips(clips, Header("own", ("a",)))
    for stratify in (True, False):
        done = split(manifest, SplitPlan((0.8, 0.1, 0.1), stratify=stratify))
        assert set(done.column("split")) == {"train", "validation", "test"}


def test_an_official_split_is_measured_against_its_own_shares(shared: Path) -> None:
    report = report_split(index("irmas", shared / "layouts/irmas"))
    assert report.names == ("train", "test")
    assert report.fractions == report.clip_shares == (0.5, 0.5)
