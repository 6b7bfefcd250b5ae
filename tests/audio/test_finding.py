"""What a person names, in the order named, each once, and nothing outside."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from instrunet.audio import AUDIO_SUFFIXES, find_audio

needs_links = pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")


@pytest.fixture
def music(tmp_path: Path) -> Path:
    for name in ("b.wav", "a.MP3", "notes.txt", "sub/c.flac", "sub/deep/d.m4a", ".hidden.wav", "._a.MP3", ".git/e.wav"):
        path = tmp_path / "music" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path / "music"


def names(found: list[Path], root: Path) -> list[str]:
    return [path.relative_to(root).as_posix() for path in found]


def test_a_folder_is_searched_throughout_in_order(music: Path) -> None:
    assert names(find_audio([music]), music) == ["a.MP3", "b.wav", "sub/c.flac", "sub/deep/d.m4a"]


def test_files_come_as_named_whatever_their_suffix_each_once(music: Path) -> None:
    named = [music / "notes.txt", music / "b.wav", music, music / "b.wav"]
    assert names(find_audio(named), music)[:3] == ["notes.txt", "b.wav", "a.MP3"]
    assert len(find_audio(named)) == 5


def test_patterns(music: Path) -> None:
    assert names(find_audio([f"{music}/*.wav"]), music) == ["b.wav"]
    assert names(find_audio([f"{music}/**/*.flac"]), music) == ["sub/c.flac"]
    assert names(find_audio([f"{music}/s*"]), music) == ["sub/c.flac", "sub/deep/d.m4a"]


def test_a_name_with_brackets_is_a_name_first(music: Path) -> None:
    odd = music / "[gel][pop].wav"
    odd.write_bytes(b"x")
    assert find_audio([odd]) == [odd]


def test_what_leads_to_nothing_stays_to_be_reported(music: Path) -> None:
    empty = music / "empty"
    empty.mkdir()
    for name in (empty, music / "missing.wav", music / "*.nothing"):
        assert find_audio([name]) == [Path(name)]


@needs_links
def test_links_inside_are_followed_and_links_outside_are_not(music: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.wav").write_bytes(b"x")
    (music / "to_outside").symlink_to(outside)
    (music / "secret.wav").symlink_to(outside / "secret.wav")
    (music / "twin.wav").symlink_to(music / "b.wav")
    inside = names(find_audio([music]), music)
    assert "twin.wav" in inside
    assert not any("secret" in name for name in inside)
    assert {"secret.wav", "to_outside/secret.wav"} <= set(names(find_audio([music], follow_links=True), music))
    assert find_audio([music / "secret.wav"]) == [music / "secret.wav"], "a link that was named is meant"


@needs_links
@pytest.mark.parametrize("follow", [False, True])
def test_links_in_a_circle_end(music: Path, follow: bool) -> None:
    (music / "sub" / "loop").symlink_to(music)
    (music / "again").symlink_to(music / "sub")
    assert len(find_audio([music], follow_links=follow)) < 12


@pytest.mark.skipif(sys.platform != "linux", reason="only there are names any bytes")
def test_names_of_any_bytes(tmp_path: Path) -> None:
    odd = tmp_path / os.fsdecode(b"\xff\n.wav")
    odd.write_bytes(b"x")
    assert find_audio([tmp_path]) == [odd]


def test_suffixes_are_lower_case_with_a_dot() -> None:
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in AUDIO_SUFFIXES)
    assert {
        ".wav",
        ".flac",
        ".ogg",
        ".opus",
        ".mp3",
        ".aiff",
        ".m4a",
        ".aac",
        ".mp4",
        ".webm",
        ".wma",
    } <= AUDIO_SUFFIXES
