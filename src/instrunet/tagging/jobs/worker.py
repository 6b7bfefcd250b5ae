"""The process that opens foreign files: it tags one recording at a time and may die of it without harm.

Run as ``python -m instrunet.tagging.jobs.worker``; tasks come on standard input and answers go to standard output, a
line of JSON each. A line is also written now and then while a long file is read, so that a stuck decoder is told from
a busy one.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

BEAT_S = 1.0


def main() -> None:
    """Answer tasks until standard input ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", errors="surrogateescape")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # decoders print; the answers must stay clean
    threading.Thread(target=_die_with, args=(os.getppid(),), daemon=True).start()
    settings = json.loads(sys.stdin.readline())
    _limit_memory(settings["memory_bytes"])
    try:
        answer = _answerer(settings)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the parent says it in a sentence
        _say(answers, {"kind": "broken", "message": str(error)})
        return
    _say(answers, {"kind": "ready"})
    for line in sys.stdin:
        task = json.loads(line)
        _say(answers, answer(task, lambda: _say(answers, {"kind": "beat"})))


def _answerer(settings: dict[str, Any]) -> Any:
    from instrunet.audio import AudioError, stream
    from instrunet.errors import InstrunetError
    from instrunet.tagging.hearing import BLOCK_S, Heard, hear_blocks
    from instrunet.tagging.tagger import Tagger

    tagger = Tagger(settings["model"], vocabulary=settings["vocabulary"], threshold=settings["threshold"], threads=1)
    inject = os.environ.get("INSTRUNET_TEST_INJURY") if settings.get("test") else None

    def hear(file: str, path: str, beat: Callable[[], None]) -> Heard:
        blocks = stream(
            file, sample_rate_hz=tagger.sample_rate_hz, block_s=BLOCK_S, start_s=settings["start_s"],
            duration_s=settings["duration_s"],
        )  # fmt: skip
        try:
            watched = _beating(blocks, beat, settings["longest_s"] * tagger.sample_rate_hz, path)
            gathering, n_samples = hear_blocks(watched, tagger.network)
        finally:
            blocks.close()
        if n_samples == 0:
            raise AudioError(f"{path}: holds no sound; is it the right file?")
        return Heard(gathering, path, n_samples / tagger.sample_rate_hz, settings["start_s"], tuple(blocks.remarks))

    def answer(task: dict[str, Any], beat: Any) -> dict[str, Any]:
        path = task["path"]
        try:
            if inject:
                _injure(inject, path)
            with local(path, beat) as file:
                heard = hear(file, path, beat)
            return {"kind": "done", "tags": tagger.tags(heard).to_dict(activity=settings["activity"])}
        except InstrunetError as error:
            return {"kind": "failed", "reason": str(error)}
        except OSError as error:
            return {"kind": "failed", "reason": f"{path}: {error.strerror or error}"}
        except MemoryError:
            return {"kind": "failed", "reason": f"{path}: takes more memory than a worker is given"}

    return answer


@contextmanager
def local(path: str, beat: Callable[[], None]) -> Iterator[str]:
    """The file itself, or a temporary copy of what lies in a store; errors speak of the name that was given."""
    from instrunet.errors import InstrunetError
    from instrunet.tagging.jobs import remote

    if not remote.is_remote(path):
        yield path
        return
    with remote.fetched(path, beat=beat) as copy:
        try:
            yield str(copy)
        except InstrunetError as error:
            raise InstrunetError(str(error).replace(str(copy), path)) from error


def _beating(blocks: Iterator[Any], beat: Any, most_samples: float, path: str) -> Iterator[Any]:
    """Pass blocks on, give signs of life, and stop a recording that never ends."""
    from instrunet.audio import AudioError

    heard, last = 0, time.monotonic()
    for block in blocks:
        heard += len(block)
        if heard > most_samples:
            raise AudioError(f"{path}: is longer than the longest recording allowed in a job; cut it up")
        if time.monotonic() - last > BEAT_S:
            last = time.monotonic()
            beat()
        yield block


def _die_with(parent: int) -> None:
    """End this process and what it started when the job that it belongs to is gone, even in the middle of a file."""
    while os.getppid() == parent:
        time.sleep(BEAT_S)
    if hasattr(os, "killpg") and os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _limit_memory(n_bytes: int | None) -> None:
    if not n_bytes or sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (n_bytes, n_bytes))


def _injure(kind: str, path: str) -> None:
    """Tests only: what a broken decoder would do, on files whose name asks for it."""
    if kind not in path and f"{kind}-" not in os.path.basename(path):
        return
    if kind == "crash":
        os.kill(os.getpid(), 11)
    elif kind == "hang":
        time.sleep(3600)
    elif kind == "eat":
        eaten = []
        while True:
            eaten.append(bytearray(64 << 20))


def _say(answers: IO[str], message: dict[str, Any]) -> None:
    answers.write(json.dumps(message) + "\n")
    answers.flush()


if __name__ == "__main__":
    main()
