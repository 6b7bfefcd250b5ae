"""Writing a score for the page: the upload is decoded in the guarded child, and a program of its own does the rest."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from instrunet.apps.page.hearing import PATIENCE
from instrunet.apps.service.decoding import IsolatedDecoding, Order
from instrunet.audio import Samples, write
from instrunet.errors import InstrunetError

RATE_HZ = 44_100
LONGEST_S = 180
TIME_S = 900.0
DOING = {
    "recognise": "Recognising who plays",
    "separate": "Taking the recording apart",
    "transcribe": "Writing the notes down",
    "notate": "Finding beat, metre and key",
    "engrave": "Setting the score",
    "page": "Making the page",
}
DONE, EXCERPT = "index.html", "excerpt.wav"
_ONE_AT_A_TIME = threading.Semaphore(1)


@dataclass(frozen=True)
class Commission:
    """A score that somebody wants.

    Attributes:
        path: the upload.
        folder: where the score goes.
        model: path of the tagger.
        seconds: how much of the recording.
        instruments: who plays, in the user's words; empty lets the model decide.
    """

    path: Path
    folder: Path
    model: str
    seconds: int = 30
    instruments: str = ""


def write_score(decoding: IsolatedDecoding, wanted: Commission) -> Generator[str, None, None]:
    """Write it; yields what is being done. The folder then holds ``index.html``, ``score.pdf`` and the rest.

    Args:
        decoding: where the upload is decoded.
        wanted: what is to be written.

    Raises:
        InstrunetError: the recording cannot be read, or no score comes of it.
    """
    yield "Reading the recording"
    wanted.folder.mkdir(parents=True, exist_ok=True)
    excerpt = wanted.folder / EXCERPT
    write(excerpt, _excerpt(decoding, wanted), RATE_HZ)
    yield "Waiting for another score to be finished"
    with _ONE_AT_A_TIME:
        yield from _engrave(excerpt, wanted)


def _excerpt(decoding: IsolatedDecoding, wanted: Commission) -> Samples:
    order = Order(str(wanted.path), RATE_HZ, 0.0, float(wanted.seconds))
    with decoding.open(order, name=wanted.path.name, longest_s=PATIENCE.longest_s) as blocks:
        return np.concatenate(list(blocks))


def _engrave(excerpt: Path, wanted: Commission) -> Generator[str, None, None]:
    """Run ``instrunet engrave`` on samples that are ours by now; whoever stops listening ends it."""
    program = _start(excerpt, wanted)
    clock = threading.Timer(TIME_S, _kill, [program])
    clock.daemon = True
    clock.start()
    complaint = ""
    try:
        assert program.stderr is not None
        for line in program.stderr:
            stage, _, state = line.strip().partition(": ")
            if stage in DOING and state.startswith("running"):
                yield DOING[stage]
            elif stage == "instrunet":
                complaint = state
        if program.wait() != 0:
            reason = complaint.replace(str(excerpt), wanted.path.name).replace(str(wanted.folder), "the score")
            raise InstrunetError(reason or f"{wanted.path.name}: writing the score failed or took too long")
    finally:
        clock.cancel()
        _kill(program)


def _start(excerpt: Path, wanted: Commission) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "instrunet", "engrave", str(excerpt), "--out", str(wanted.folder)]
    command += ["--model", wanted.model, f"--title={wanted.path.stem.replace('_', ' ')}"]
    if wanted.instruments.strip():
        command.append(f"--instruments={wanted.instruments}")
    paths = [str(Path(__file__).parents[3]), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "500"},
        start_new_session=True,
    )


def _kill(program: subprocess.Popen[str]) -> None:
    """End the program and what it started."""
    if program.poll() is None:
        try:
            os.killpg(program.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError, AttributeError):
            program.kill()
        program.wait()
    if program.stderr is not None:
        program.stderr.close()
