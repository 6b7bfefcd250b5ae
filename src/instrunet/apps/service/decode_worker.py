"""The child that decodes one upload and writes its samples to standard output; it dies with the recording.

It may use so much memory and time, and on Linux cannot open sockets, nor can what it starts.

One line of JSON on standard input says what to do; until then the child waits with everything imported. Each message
is a kind (one byte), a length (four bytes, big-endian) and a body:

    H  facts of the header, JSON    B  a block of mono float32 samples    E  an error, one sentence
    Z  the end, JSON list of remarks
"""

from __future__ import annotations

import json
import math
import os
import struct
import sys
from typing import Any

from instrunet.audio import AudioError, stream
from instrunet.audio.confinement import forbid_sockets
from instrunet.errors import InstrunetError

BLOCK_S = 10.0


def main() -> None:
    """Take one order and carry it out."""
    forbid_sockets()
    _limit(int(sys.argv[1]), int(sys.argv[2]))
    line = sys.stdin.readline()
    if not line:
        return
    try:
        _decode(json.loads(line))
    except InstrunetError as error:
        _say(b"E", json.dumps([type(error).__name__, str(error), getattr(error, "extra", None)]).encode())
    except MemoryError:
        _say(b"E", json.dumps(["AudioError", "takes more memory than a decoder may have", None]).encode())


def _decode(order: dict[str, Any]) -> None:
    blocks = stream(
        order["path"],
        sample_rate_hz=order["rate_hz"],
        block_s=BLOCK_S,
        start_s=order["start_s"],
        duration_s=order["duration_s"],
    )
    info, n_samples = blocks.info, 0
    length_s = None if math.isnan(info.duration_s) else info.duration_s
    _say(b"H", json.dumps({"duration_s": length_s, "channels": info.channels, "format": info.format}).encode())
    for block in blocks:
        n_samples += len(block)
        _say(b"B", block.tobytes())
    if n_samples == 0:
        place = f" after {order['start_s']:g} s" if order["start_s"] else ""
        raise AudioError(f"{blocks.name}: holds no sound{place}; is it the right file?")
    _say(b"Z", json.dumps(blocks.remarks).encode())


def _limit(memory_bytes: int, cpu_s: int) -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    wanted = {
        resource.RLIMIT_AS: memory_bytes,
        resource.RLIMIT_CPU: cpu_s,
        resource.RLIMIT_FSIZE: memory_bytes,
        resource.RLIMIT_NOFILE: 64,
        resource.RLIMIT_CORE: 0,
    }
    for what, limit in wanted.items():
        hard = resource.getrlimit(what)[1]
        if hard == resource.RLIM_INFINITY or hard >= limit:
            resource.setrlimit(what, (limit, hard if what == resource.RLIMIT_AS else limit))


def _say(kind: bytes, body: bytes) -> None:
    sys.stdout.buffer.write(kind + struct.pack(">I", len(body)) + body)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        os._exit(0)
