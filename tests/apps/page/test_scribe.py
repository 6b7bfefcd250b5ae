"""The score of the page: decoded apart, written by a program of its own, and a sentence if nothing comes of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from instrunet.apps.page import scribe
from instrunet.apps.page.scribe import EXCERPT, Commission, write_score
from instrunet.apps.service.decoding import IsolatedDecoding
from instrunet.audio import AudioError, load, write
from instrunet.errors import InstrunetError
from tests.synth import tone


@pytest.fixture
def commission(tmp_path):
    write(tmp_path / "a_song.wav", tone(440, 8.0, sample_rate_hz=16_000), 16_000)
    return Commission(tmp_path / "a_song.wav", tmp_path / "score", "default", seconds=5)


@pytest.fixture
def program(monkeypatch):
    """Stands for ``instrunet engrave``."""

    def become(lines: str) -> None:
        def start(excerpt, wanted):
            return subprocess.Popen(
                [sys.executable, "-c", lines, str(excerpt)], stderr=subprocess.PIPE, text=True, start_new_session=True
            )

        monkeypatch.setattr(scribe, "_start", start)

    return become


def test_stages_are_told_and_the_excerpt_is_ours(commission, program):
    program(
        "import sys; print('recognise: running\\nrecognise: done\\nsome noise\\nengrave: running', file=sys.stderr)"
    )
    told = list(write_score(IsolatedDecoding(n_ready=0), commission))
    assert told[0] == "Reading the recording"
    assert told[2:] == ["Recognising who plays", "Setting the score"]
    assert load(commission.folder / EXCERPT).duration_s == pytest.approx(5.0, abs=0.01)


def test_what_goes_wrong_is_a_sentence_about_the_upload(commission, program):
    program("import sys; print('instrunet:', sys.argv[1] + ': no notes were found', file=sys.stderr); sys.exit(1)")
    with pytest.raises(InstrunetError, match=r"^a_song\.wav: no notes were found$"):
        list(write_score(IsolatedDecoding(n_ready=0), commission))
    program("import os; os.abort()")
    with pytest.raises(InstrunetError, match=r"a_song\.wav: writing the score failed"):
        list(write_score(IsolatedDecoding(n_ready=0), commission))


def test_an_upload_that_is_no_audio_never_reaches_the_program(commission, program):
    commission.path.write_bytes(b"roses are red" * 99)
    program("raise SystemExit('must not run')")
    with pytest.raises(AudioError, match=r"a_song\.wav"):
        list(write_score(IsolatedDecoding(n_ready=0), commission))


def test_who_stops_listening_ends_the_program(commission, program, tmp_path):
    pid = tmp_path / "pid"
    program(f"import os, sys, time; open({str(pid)!r}, 'w').write(str(os.getpid()));"
            "print('separate: running', file=sys.stderr, flush=True); time.sleep(60)")  # fmt: skip
    doing = write_score(IsolatedDecoding(n_ready=0), commission)
    while next(doing) != "Taking the recording apart":
        pass
    doing.close()
    for _ in range(100):
        if not os.path.exists(f"/proc/{pid.read_text()}"):
            break
        time.sleep(0.02)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


@pytest.mark.slow
def test_the_real_program_says_what_it_wants(commission):
    wanted = Commission(commission.path, commission.folder, "default", 5, instruments="kazoo")
    with pytest.raises(InstrunetError, match="kazoo"):
        list(write_score(IsolatedDecoding(n_ready=0), wanted))
