from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from instrunet.datasets.manifest import Manifest
from instrunet.datasets.medleydb_songs import read_song
from instrunet.datasets.parsing import IndexOptions
from instrunet.datasets.registry import index
from instrunet.errors import InstrunetError, UsageError
from instrunet.labels import macro_category, to_canonical
from tests.datasets import layouts

ALL = ("mix", "stem", "raw")


def metadata(*instruments: str | list[str], name: str = "Artist_Song", raw: str | None = None) -> str:
    lines = [
        "artist: Artist",
        "genre: Jazz",
        f"mix_filename: {name}_MIX.wav",
        f"raw_dir: {name}_RAW",
        f"stem_dir: {name}_STEMS",
        "stems:",
    ]
    for i, words in enumerate(instruments, start=1):
        number = f"{i:02d}"
        lines += [f"  S{number}:", f"    filename: {name}_STEM_{number}.wav", f"    instrument: {words}", "    raw:"]
        lines += ["      R01:", f"        filename: {name}_RAW_{number}_01.wav", f"        instrument: {raw or words}"]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def real(shared: Path) -> Manifest:
    options = IndexOptions(require_audio=False, sources=ALL, clip_s=0)
    return index("medleydb", shared / "metadata/medleydb", options=options)


def test_all_330_real_files(real: Manifest) -> None:
    kinds = Counter(real.column("source"))
    assert kinds["mix"] == 330
    assert kinds["stem"] == 2014
    assert kinds["raw"] == 5280
    assert len(set(real.column("id"))) == len(real)
    assert len(set(real.column("group"))) == 196
    assert len({genre for genre in real.column("genre") if genre}) == 9


def test_the_real_names_all_have_a_meaning(real: Manifest) -> None:
    stems = {word for row in real.filter(source="stem").column("labels_original") for word in row}
    everything = {word for row in real.column("labels_original") for word in row}
    assert (len(stems), len(everything)) == (94, 101)
    macros = {macro_category(word) for word in everything} - {None}
    assert len(macros) == 17
    assert {macro for macro in macros} == set(real.labels)
    for word in everything:
        to_canonical("medleydb", word)


def test_the_real_mixes_are_the_union_of_their_stems(real: Manifest, shared: Path) -> None:
    mixes = real.filter(source="mix")
    for name, words in zip(mixes.column("song"), mixes.column("labels_original"), strict=True):
        song = read_song(name, shared / f"metadata/medleydb/{name}_METADATA.yaml")
        assert set(words) == {word for stem in song.stems for word in stem.instruments}


def test_the_canonical_classes_of_a_real_song(shared: Path) -> None:
    options = IndexOptions(require_audio=False, vocabulary="instrunet", clip_s=0)
    manifest = index("medleydb", shared / "metadata/medleydb", options=options).filter(song="MusicDelta_CoolJazz")
    mix = manifest.filter(source="mix")
    present = {label for label, y in zip(mix.labels, mix.y()[0], strict=True) if y}
    assert present == {"double_bass", "drums", "piano", "saxophone", "trumpet"}
    assert mix.mask()[0].sum() > 30


@pytest.fixture
def song(tmp_path: Path) -> Path:
    """Ten seconds: the stems begin to sound at 1 s and at 4 s; pitch says 2 to 4 s and 5 to 7 s."""
    root = tmp_path / "MedleyDB/Audio/Artist_Song"
    layouts.text(root / "Artist_Song_METADATA.yaml", metadata("piano", "male singer"))
    for path, onset_s in (
        ("MIX", 0),
        ("STEMS/Artist_Song_STEM_01", 1),
        ("STEMS/Artist_Song_STEM_02", 4),
        ("RAW/Artist_Song_RAW_01_01", 2),
    ):
        x = np.zeros(80000)
        x[onset_s * 8000 :] = 0.2
        file = root / f"Artist_Song_{path}.wav"
        file.parent.mkdir(parents=True, exist_ok=True)
        sf.write(file, x, 8000)
    for number, (start, end) in (("01", (2, 4)), ("02", (5, 7))):
        rows = "".join(f"{t / 10},{220.0 if start <= t / 10 <= end else 0.0}\n" for t in range(100))
        layouts.text(tmp_path / f"MedleyDB/Annotations/Pitch_Annotations/Artist_Song_STEM_{number}.csv", rows)
    rows = "time,S01,S02\n" + "".join(f"{t / 10},{0.9 * (t >= 10)},{0.9 * (40 <= t < 60)}\n" for t in range(100))
    layouts.text(
        tmp_path / "MedleyDB/Annotations/Instrument_Activations/ACTIVATION_CONF/Artist_Song_ACTIVATION_CONF.lab", rows
    )
    return tmp_path / "MedleyDB"


def excerpts(folder: Path, clip_s: float = 3.0) -> dict[str, tuple[float, float]]:
    manifest = index("medleydb", folder, options=IndexOptions(sources=ALL, clip_s=clip_s))
    return dict(
        zip(
            manifest.column("id"),
            zip(manifest.column("start_s"), manifest.column("duration_s"), strict=True),
            strict=True,
        )
    )


def test_a_mix_begins_at_the_mean_of_its_stems_activity_centres(song: Path) -> None:
    assert excerpts(song)["medleydb/Artist_Song_MIX"] == pytest.approx((4.5, 3.0))
    assert excerpts(song, 8.0)["medleydb/Artist_Song_MIX"] == pytest.approx((2.0, 8.0))
    assert excerpts(song, 15.0)["medleydb/Artist_Song_MIX"] == pytest.approx((0.0, 10.0))


def test_a_stem_begins_where_it_first_sounds(song: Path) -> None:
    found = excerpts(song)
    assert found["medleydb/Artist_Song_STEM_01"] == pytest.approx((1.0, 3.0))
    assert found["medleydb/Artist_Song_STEM_02"] == pytest.approx((4.0, 3.0))
    assert found["medleydb/Artist_Song_RAW_01_01"] == pytest.approx((2.0, 3.0))


def test_without_pitch_the_activations_count_and_without_both_the_beginning(song: Path) -> None:
    for path in (song / "Annotations/Pitch_Annotations").iterdir():
        path.unlink()
    assert excerpts(song)["medleydb/Artist_Song_MIX"][0] == pytest.approx((5.5 + 5.0) / 2)
    next(song.rglob("*.lab")).unlink()
    assert excerpts(song)["medleydb/Artist_Song_MIX"][0] == 0.0


def test_events_tell_who_plays_when_inside_the_excerpt(song: Path) -> None:
    manifest = index("medleydb", song, options=IndexOptions(sources=("mix",), clip_s=3.0))
    assert manifest.events.column("label").to_pylist() == ["piano", "voice"]
    assert manifest.events.column("start_s").to_pylist() == pytest.approx([0.0, 0.0])
    assert manifest.events.column("end_s").to_pylist() == pytest.approx([3.0, 1.5])


def test_only_what_was_asked_for(song: Path) -> None:
    for kinds in (("mix",), ("stem",), ("raw",), ("mix", "raw")):
        manifest = index("medleydb", song, options=IndexOptions(sources=kinds, clip_s=0))
        assert set(manifest.column("source")) == set(kinds)
    assert index("medleydb", song, options=IndexOptions(sources=("raw",))).header.provenance[0].missing == {
        "audio files": 1
    }


def test_unknown_instruments_are_named_with_their_files(song: Path) -> None:
    layouts.text(song / "Audio/B_Two/B_Two_METADATA.yaml", metadata("kazoo", ["nose flute", "piano"], name="B_Two"))
    options = IndexOptions(require_audio=False)
    with pytest.raises(UsageError, match=r"B_Two_METADATA\.yaml: kazoo, nose flute.*--allow-unknown"):
        index("medleydb", song, options=options)
    allowed = index("medleydb", song, options=IndexOptions(require_audio=False, allow_unknown=True))
    mix = allowed.filter(song="B_Two", source="mix")
    assert mix.y().sum() == mix.mask().sum() == 1
    assert any("kazoo" in note for note in allowed.header.notes)


def test_unlabelled_leaves_everything_open_and_lists_are_several_instruments(song: Path) -> None:
    layouts.text(song / "Audio/B_Two/B_Two_METADATA.yaml", metadata("Unlabeled", "[male singer, piano]", name="B_Two"))
    manifest = index("medleydb", song, options=IndexOptions(require_audio=False)).filter(song="B_Two")
    assert manifest.column("labels_original")[-1] == ["male singer", "piano"]
    unlabelled = manifest.filter(id="medleydb/B_Two_STEM_01")
    assert not unlabelled.mask().any()


@pytest.mark.parametrize(
    ("content", "said"), [("a: [", "not readable as YAML"), ("- 1", "no table"), ("artist: A", "stems")]
)
def test_damaged_metadata_is_named(song: Path, content: str, said: str) -> None:
    layouts.text(song / "Audio/B_Two/B_Two_METADATA.yaml", content)
    with pytest.raises(InstrunetError, match=rf"B_Two_METADATA\.yaml.*{said}"):
        index("medleydb", song)


def test_a_damaged_annotation_is_named(song: Path) -> None:
    layouts.text(song / "Annotations/Pitch_Annotations/Artist_Song_STEM_01.csv", "time,pitch\nx,y\n")
    with pytest.raises(InstrunetError, match=r"Artist_Song_STEM_01\.csv"):
        index("medleydb", song)
