"""A bank of tonewheel-organ notes, recorded from setBfree in JACK's freewheel mode (faster than real time).

    python recipes/tonewheel_notes.py -o corpus/banks/tonewheel

Needs the system packages ``setbfree`` and ``jackd2`` and the Python package ``JACK-Client``. The programs below are
setBfree's own; the rotary speaker stands, turns slowly or fast, drawn by a seed. No sound card is used.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from instrunet.synthesis.bank import SAMPLE_RATE_HZ, NoteRow, write_bank

RATE_HZ = 48_000
PROGRAMS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 16, 17, 20, 24, 26)
ROTARY = (52, 53, 54)
PITCHES = range(36, 97, 4)
SLOT_S, HOLD_S, SETTLE_S = 3.4, 2.6, 2.0
Event = tuple[float, bytes]


def plan(seed: int) -> tuple[list[Event], list[tuple[int, int, float]]]:
    """MIDI events, and (program, pitch, second) of every note."""
    rng, events, notes, t = np.random.default_rng(seed), [], [], 0.5
    for program in PROGRAMS:
        events += [(t, bytes([0xC0, program - 1])), (t + 0.1, bytes([0xC0, int(rng.choice(ROTARY)) - 1]))]
        t += SETTLE_S
        for pitch in PITCHES:
            events += [(t, bytes([0x90, pitch, 100])), (t + HOLD_S, bytes([0x80, pitch, 0]))]
            notes.append((program, pitch, t))
            t += SLOT_S
    return events, notes


def record(events: list[Event], length_s: float) -> NDArray[np.float32]:
    """What the organ plays, mono."""
    import jack

    client = jack.Client("instrunet")
    ears = [client.inports.register(f"in{n}") for n in range(2)]
    keys = client.midi_outports.register("keys")
    heard: list[NDArray[np.float32]] = []
    at = {"frame": 0, "event": 0, "running": 0}

    @client.set_process_callback
    def process(n_frames: int) -> None:
        keys.clear_buffer()
        if not at["running"]:
            return
        while at["event"] < len(events) and events[at["event"]][0] * RATE_HZ < at["frame"] + n_frames:
            when, message = events[at["event"]]
            keys.write_midi_event(max(0, int(when * RATE_HZ) - at["frame"]), message)
            at["event"] += 1
        heard.append(np.mean([ear.get_array() for ear in ears], axis=0))
        at["frame"] += n_frames

    with client:
        for side, ear in zip(("left", "right"), ears, strict=True):
            client.connect(f"setBfree:out_{side}", ear)
        client.connect(keys, "setBfree:midi_in")
        client.set_freewheel(True)
        at["running"] = 1
        while at["frame"] < length_s * RATE_HZ:
            time.sleep(0.05)
        at["running"] = 0
        client.set_freewheel(False)
        time.sleep(0.2)
    return np.concatenate(heard).astype(np.float32)


def notes_of(
    x: NDArray[np.float32], notes: list[tuple[int, int, float]]
) -> Iterator[tuple[NoteRow, NDArray[np.float32]]]:
    """The recording cut into notes."""
    for program, pitch, start_s in notes:
        piece = x[int(start_s * RATE_HZ) : int((start_s + SLOT_S - 0.1) * RATE_HZ)]
        piece = soxr.resample(piece, RATE_HZ, SAMPLE_RATE_HZ)
        peak = float(np.abs(piece).max())
        if peak > 1e-3:
            piece = piece[: np.flatnonzero(np.abs(piece) > 1e-3 * peak)[-1] + 1].copy()
            piece[-960:] *= np.linspace(1, 0, 960)[-len(piece) :]
            patch = (f"program{program}", "", float(pitch))
            row = NoteRow("organ", "model_tonewheel", *patch, 1.0, 0, 0, True, "setBfree, GPL-2+")
            yield row, (0.9 / peak * piece).astype(np.float32)


def main() -> None:
    """Start server and organ, record, stop both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", "-o", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    events, notes = plan(options.seed)
    started = []
    try:
        for command in (["jackd", "-r", "-d", "dummy", "-r", str(RATE_HZ), "-p", "1024"], ["setBfree", "reverb.mix=0"]):
            started.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            time.sleep(3)
        heard = record(events, notes[-1][2] + SLOT_S)
    except FileNotFoundError as missing:
        sys.exit(f"{missing.filename} is not installed: install the system packages 'jackd2' and 'setbfree'")
    finally:
        for process in reversed(started):
            process.terminate()
    write_bank(options.out, notes_of(heard, notes))


if __name__ == "__main__":
    main()
