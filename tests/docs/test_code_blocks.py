"""Every python and sh block of the README and the site runs, in the order of its page, in an empty folder.

The folder holds ``song.wav`` (five seconds of a small band) and the commands find ``instrunet``. Python blocks of a
page share their names. A block that cannot be run says why, in a comment above it: ``<!-- not run: reason -->``; what
it needs but need not show stands there too: ``<!-- before: python -->``.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from instrunet.audio import write
from instrunet.synthesis.miniatures.clips import mixture
from tests.docs.blocks import Block, blocks

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
WITH_CODE = [page for page in PAGES if blocks(page.read_text(encoding="utf-8"))]
LONGEST_S = 300


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a song, and ``instrunet`` on the path."""
    programs = tmp_path / "programs"
    programs.mkdir()
    command = programs / "instrunet"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m instrunet "$@"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "src"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    place = tmp_path / "work"
    place.mkdir()
    monkeypatch.chdir(place)
    rng = np.random.default_rng(3)
    band = mixture("freeform", ("piano", "electric bass", "drums"), 5.0, sample_rate_hz=32_000, rng=rng)
    write(place / "song.wav", band, 32_000)
    return place


def run(block: Block, page: Path, names: dict[str, Any]) -> None:
    place = f"{named(page)}, line {block.line}"
    if block.before:
        exec(compile(block.before, f"{place} (before)", "exec"), names)
    if block.language == "python":
        # Padded, so that a traceback names the line of the page.
        exec(compile("\n" * block.line + block.code, str(page), "exec"), names)
        return
    script = "set -eu\n" + block.code
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=LONGEST_S, check=False)
    assert done.returncode == 0, f"{place}:\n{block.code}\n{done.stdout}\n{done.stderr}"


@pytest.mark.slow
@pytest.mark.parametrize("page", WITH_CODE, ids=named)
def test_the_blocks_of_a_page_run(page: Path, workplace: Path) -> None:
    names: dict[str, Any] = {"__name__": "__page__"}
    for block in blocks(page.read_text(encoding="utf-8")):
        if not block.not_run:
            run(block, page, names)


def test_every_block_that_is_left_out_says_why() -> None:
    for page in WITH_CODE:
        for block in blocks(page.read_text(encoding="utf-8")):
            assert not block.not_run or len(block.not_run.split()) >= 2, f"{named(page)}, line {block.line}"


def test_the_hooks_of_the_site_do_what_they_say() -> None:
    command_line = importlib.import_module("docs.hooks.command_line")
    doctests = importlib.import_module("docs.hooks.doctests")
    page = command_line.on_page_markdown(f"# Commands\n\n{command_line.MARK}\n")
    assert "### `instrunet data`" in page
    assert "| `--seed` | The same seed gives the same bytes. (default: 0) |" in page
    assert doctests.fenced("A.\n\n>>> 1\n1") == "A.\n\n```pycon\n>>> 1\n1\n```"
    assert doctests.fenced("No example.") == "No example."
