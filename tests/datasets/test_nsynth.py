from __future__ import annotations

import json
from pathlib import Path

import pytest

from instrunet.datasets import nsynth
from instrunet.datasets.nsynth import entries
from instrunet.datasets.parsing import IndexOptions
from instrunet.datasets.registry import index
from instrunet.errors import InstrunetError


def note(name: str, family: str = "guitar", **more: object) -> dict[str, object]:
    return {
        "note_str": name,
        "instrument_str": name.rsplit("-", 2)[0],
        "instrument_family_str": family,
        "instrument_source_str": "acoustic",
        "pitch": 60,
        "velocity": 127,
        "qualities_str": ["bright", "percussive"],
    } | more


def write(folder: Path, notes: dict[str, dict[str, object]], indent: int | None = 4) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "examples.json").write_text(json.dumps(notes, indent=indent))
    return folder


def test_columns_of_a_note(tmp_path: Path) -> None:
    names = ["guitar_acoustic_001-060-127", "guitar_acoustic_001-072-127", "string_acoustic_014-060-025"]
    notes = {n: note(n, n.split("_")[0], pitch=int(n[-7:-4]), velocity=int(n[-3:])) for n in names}
    write(tmp_path / "nsynth-valid", notes)
    manifest = index("nsynth", tmp_path, options=IndexOptions(require_audio=False))
    assert manifest.column("pitch") == [60, 72, 60]
    assert manifest.column("velocity") == [127, 127, 25]
    assert manifest.column("group") == ["nsynth/guitar_acoustic_001"] * 2 + ["nsynth/string_acoustic_014"]
    assert manifest.column("split") == ["validation"] * 3
    assert manifest.column("qualities") == ["bright,percussive"] * 3
    assert manifest.column("path")[0] == "nsynth-valid/audio/guitar_acoustic_001-060-127.wav"
    assert manifest.mask().all()
    assert manifest.y().sum(axis=1).tolist() == [1, 1, 1]
    assert manifest.header.provenance[0].missing["audio files"] == 3
    alone = index("nsynth", tmp_path / "nsynth-valid", options=IndexOptions(require_audio=False))
    assert alone.column("split") == ["validation"] * 3


@pytest.mark.parametrize("indent", [None, 4])
@pytest.mark.parametrize("chunk", [1, 7, 1 << 20])
def test_entries_are_read_whatever_the_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, indent: int | None, chunk: int
) -> None:
    monkeypatch.setattr(nsynth, "_CHUNK", chunk)
    notes = {f"a-{i}": note(f"a-{i}", text='brackets } ] , " and \\ unicode é') for i in range(3)}
    folder = write(tmp_path, notes, indent)
    assert dict(entries(folder / "examples.json")) == notes
    assert list(entries(write(tmp_path / "empty", {}) / "examples.json")) == []


@pytest.mark.parametrize("content", ["", "[1, 2]", '{"a": 1}', '{"a": {"pitch": 6', '{"a": {}; }', '{"a" {}}'])
def test_a_damaged_examples_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "examples.json").write_text(content)
    with pytest.raises(InstrunetError, match=r"examples\.json"):
        index("nsynth", tmp_path, options=IndexOptions(require_audio=False))


def test_an_unknown_family_is_named_with_its_note(tmp_path: Path) -> None:
    write(tmp_path, {"kazoo_acoustic_001-060-127": note("kazoo_acoustic_001-060-127", "kazoo")})
    with pytest.raises(InstrunetError, match=r"kazoo_acoustic_001-060-127.*'kazoo'"):
        index("nsynth", tmp_path, options=IndexOptions(require_audio=False))
