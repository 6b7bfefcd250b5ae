from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from instrunet import audio
from instrunet.datasets.parsing import IndexOptions
from instrunet.datasets.registry import index
from instrunet.errors import InstrunetError, UsageError
from instrunet.synthesis import inspection, listening
from instrunet.synthesis.arranger import Part
from instrunet.synthesis.bank import NoteRow, write_bank
from instrunet.synthesis.orchestra import Orchestra, Sources, top_line
from instrunet.synthesis.phrases import Event
from instrunet.synthesis.store import STEM_SAMPLES, levels_db, write_shard
from instrunet.synthesis.store import Stem as StoredStem
from instrunet.synthesis.tracks import TrackConfig, TrackMaker, rebuilt_mix
from instrunet.synthesis.workers import each_made
from tests.synth import plucked, tone

RATE_HZ = 32_000


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> str:
    notes = []
    for name, source in (("piano", "a"), ("piano", "b"), ("mandolin", "a"), ("cello", "c")):
        for pitch in (48, 60, 72, 84):
            row = NoteRow(name, source, "p", "", float(pitch), 0.8, 0, 0, name == "cello", "CC0")
            hz = 440 * 2 ** ((pitch - 69) / 12)
            x = tone(hz, 0.8, partials=5) if name == "cello" else plucked(hz, 1.0)
            notes.append((row, x))
    for kind in ("kick", "snare", "hihat_closed", "ride", "tom", "crash"):
        row = NoteRow("drums", "kit", "kit", kind, None, 0.8, 0, 0, False, "CC0")
        notes.append((row, plucked(100 + 40 * len(kind), 0.3, decay_s=0.05)))
    return str(write_bank(tmp_path_factory.mktemp("bank"), notes))


@pytest.fixture(scope="module")
def config(bank: str) -> TrackConfig:
    return TrackConfig(length_s=4.0, sample_rate_hz=16_000, seed=3, sources=Sources(banks=(bank,)))


@pytest.fixture(scope="module")
def folder(config: TrackConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tracks")
    maker = TrackMaker(config, out)
    for number in range(1, 9):
        maker(number)
    return out


def _facts(folder: Path) -> list[dict[str, Any]]:
    return [yaml.safe_load(path.read_text()) for path in sorted(folder.glob("Track*/metadata.yaml"))]


def test_a_track_lies_as_slakh_does(folder: Path) -> None:
    for track, facts in zip(sorted(folder.iterdir()), _facts(folder), strict=True):
        names = sorted(facts["stems"])
        assert {path.name for path in track.iterdir()} == {
            "mix.flac", "stems", "MIDI", "all_src.mid", "metadata.yaml", "activity.csv"
        }  # fmt: skip
        assert sorted(path.stem for path in (track / "stems").iterdir()) == names
        assert sorted(path.stem for path in (track / "MIDI").iterdir()) == names
        assert {"inst_class", "is_drum", "program_num", "plugin_name", "audio_rendered"} <= set(facts["stems"]["S00"])


def test_the_slakh_loader_reads_it(folder: Path) -> None:
    manifest = index("slakh", folder)
    assert len(manifest) >= 8
    heard = {label for row in manifest.column("labels_original") for label in row}
    assert heard <= {"Piano", "Drums", "Guitar", "Strings"}
    assert manifest.y().sum() > 0


def test_the_slakh_loader_knows_what_slakh_cannot_say(folder: Path) -> None:
    manifest = index("slakh", folder, options=IndexOptions(vocabulary="instrunet"))
    present = dict(zip(manifest.labels, manifest.y().sum(axis=0), strict=True))
    assert present["mandolin"] > 0
    assert present["acoustic_guitar"] == 0


def test_stems_add_up_to_the_mix_or_are_released_into_it(folder: Path) -> None:
    found = inspection.inspect(folder)
    assert found.n_sums + found.n_released == found.n_tracks == 8
    assert found.n_sums >= 1
    assert found.worst_sum_error < 4e-4
    assert found.worst_release_correlation > 0.95


def test_stems_sound_where_notes_are(folder: Path) -> None:
    assert inspection.inspect(folder, most_mixes=0).agreement > 0.95


def test_the_same_number_is_the_same_bytes_in_any_order(config: TrackConfig, folder: Path, tmp_path: Path) -> None:
    maker = TrackMaker(config, tmp_path)
    for name in (maker(2), maker(1)):
        for path in sorted((folder / name).rglob("*.*")):
            assert path.read_bytes() == (tmp_path / path.relative_to(folder)).read_bytes(), path.name


@pytest.mark.slow
def test_two_workers_make_the_same_bytes_as_one(config: TrackConfig, folder: Path, tmp_path: Path) -> None:
    assert len(list(each_made(TrackMaker(config, tmp_path), range(1, 9), workers=2))) == 8
    for path in sorted(folder.rglob("*.*")):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / path.relative_to(folder)).read_bytes(), path


def test_a_finished_track_is_left_alone_and_half_a_track_is_made_again(config: TrackConfig, tmp_path: Path) -> None:
    maker = TrackMaker(config, tmp_path)
    name = maker(5)
    (tmp_path / name / "mix.flac").write_bytes(b"kept")
    maker(5)
    assert (tmp_path / name / "mix.flac").read_bytes() == b"kept"
    (tmp_path / name / "metadata.yaml").unlink()
    maker(5)
    assert (tmp_path / name / "mix.flac").read_bytes() != b"kept"


def test_a_full_disk_stops_cleanly(config: TrackConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("instrunet.synthesis.tracks.write_activity", full)
    with pytest.raises(InstrunetError, match="No space left"):
        TrackMaker(config, tmp_path)(1)
    assert list(tmp_path.iterdir()) == []


def test_every_draw_is_written_down(folder: Path) -> None:
    for facts in _facts(folder):
        ours = facts["instrunet"]
        assert {"seed", "number", "piece", "bus", "release", "midi_skipped"} <= set(ours)
        for stem in facts["stems"].values():
            assert {"level_db", "pan"} <= set(stem["instrunet"]["studio"])
            assert stem["instrunet"]["source"] in ("a", "b", "c", "kit")
            assert json.dumps(stem)


def test_a_mix_can_be_made_again(folder: Path) -> None:
    mix, again = rebuilt_mix(folder / "Track00001")
    assert mix.shape == again.shape


def test_in_stereo_stems_stand_where_their_pan_is(config: TrackConfig, tmp_path: Path) -> None:
    track = tmp_path / TrackMaker(replace(config, stereo=True, released=False), tmp_path)(1)
    facts = yaml.safe_load((track / "metadata.yaml").read_text())
    for name, stem in facts["stems"].items():
        left, right = audio.load(track / "stems" / f"{name}.flac", mono=False).samples
        angle = np.arctan2(np.sqrt(np.mean(right**2)), np.sqrt(np.mean(left**2)))
        assert 4 * angle / np.pi - 1 == pytest.approx(stem["instrunet"]["studio"]["pan"], abs=0.02)
    mix, again = rebuilt_mix(track)
    assert mix.shape[0] == 2
    assert np.max(np.abs(mix - again)) < 4e-4


def test_the_classes_are_counted_with_their_sources(folder: Path) -> None:
    rows = {row.instrument: row for row in inspection.inspect(folder, most_mixes=0).classes}
    assert rows["harp"].n_stems == 0
    assert rows["harp"].thin
    assert rows["cello"].sources in ((), ("c",))
    assert rows["drums"].hours > 0


def test_a_store_has_the_same_table(tmp_path: Path) -> None:
    loud = np.full(STEM_SAMPLES, 0.1, np.float32)
    half = np.concatenate([loud[: STEM_SAMPLES // 2], 0 * loud[STEM_SAMPLES // 2 :]])
    rows = [("flute", "a", loud), ("flute", "b", half), ("harp", "model_x", loud), ("harp", "model_y", loud)]
    write_shard(tmp_path, "s", [(StoredStem(n, source, "p", "dry", levels_db(x)), x) for n, source, x in rows])
    found = {row.instrument: row for row in inspection.store_rows(tmp_path)}
    assert found["flute"].hours == pytest.approx(15 / 3600)
    assert (found["flute"].n_stems, found["flute"].thin) == (2, False)
    assert found["harp"].thin  # two models of ours are one source
    assert found["oboe"].sources == ()


def test_the_page_says_how_a_mix_was_released() -> None:
    release = {"surroundings": {"kind": "vinyl", "level_db": -30.4}, "coding": {"codec": "", "rate_hz": 0}}
    assert listening._release({"piece": {"music": "mma"}, "release": release}) == "music: mma; vinyl 30 dB below it"
    release = {"channel": {"high_hz": 5000.0}, "coding": {"codec": "mp3", "kbit_s": 64, "rate_hz": 11025}}
    said = listening._release({"piece": {"music": "midi"}, "release": release})
    assert said == "music: midi; cut above 5000 Hz; sampled at 11025 Hz in between; mp3 at 64 kbit/s"


def test_the_listening_page_holds_everything_itself(folder: Path, tmp_path: Path) -> None:
    page = listening.write_page(folder, tmp_path / "page.html", n_clips=1, clip_s=1.0).read_text()
    assert page.count("data:audio/ogg;base64,") == page.count("data:image/png;base64,") == 1
    assert "http" not in page


def test_folders_without_tracks_are_named(tmp_path: Path) -> None:
    with pytest.raises(InstrunetError, match="no tracks here"):
        inspection.inspect(tmp_path)
    with pytest.raises(InstrunetError, match="no track here"):
        rebuilt_mix(tmp_path)


def test_an_orchestra_without_instruments_says_what_to_give() -> None:
    with pytest.raises(UsageError, match="--soundfont"):
        Orchestra(Sources())


def test_short_recordings_end_in_the_truth_when_they_have_died_away(bank: str, rng: np.random.Generator) -> None:
    part = Part("piano", "pad", (Event(0.0, 3.0, 60, 0.8),))
    done = Orchestra(Sources(banks=(bank,))).render([part], length_s=4.0, rng=rng)[0]
    assert done.part.events[0].duration_s < 1.0
    assert done.sounding.kind == "recorded"


def test_one_voice_sings_one_note_at_a_time() -> None:
    line = top_line([Event(0, 2, 60, 1.0), Event(0, 2, 64, 1.0), Event(1, 1, 62, 1.0)])
    assert [(event.pitch, event.duration_s) for event in line] == [(64, 1), (62, 1)]
