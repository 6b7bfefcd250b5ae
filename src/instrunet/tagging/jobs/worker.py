"""The process that opens foreign files: it decodes one recording at a time and may die of it without harm.

Run as ``python -m instrunet.tagging.jobs.worker``; tasks come on standard input, a line of JSON each, and what was
heard goes to standard output as windows for the network, which is not here. Signs of life are sent now and then while
nothing else is, so that a stuck decoder is told from a busy one.
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
from dataclasses import dataclass
from functools import partial
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from instrunet.bundles.network import FrontEnd
    from instrunet.tagging.jobs.settings import WorkerSettings

BEAT_S = 1.0


def main() -> None:
    """Answer tasks until standard input ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=1 << 16)
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # decoders print; the answers must stay clean
    threading.Thread(target=_die_with, args=(os.getppid(),), daemon=True).start()
    told = json.loads(sys.stdin.readline())
    _limit_memory(told["memory_bytes"])
    from instrunet.audio import containers
    from instrunet.tagging.jobs.messages import say

    try:
        ear = _ear(told, answers)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the parent says it in a sentence
        say(answers, "broken", message=str(error))
        return
    say(answers, "ready")
    with containers.one_child_for_many():
        for line in sys.stdin:
            ear.listen(json.loads(line)["path"])


def _ear(told: dict[str, Any], answers: IO[bytes]) -> Ear:
    from instrunet.bundles import Bundle
    from instrunet.bundles.network import FrontEnd
    from instrunet.tagging.jobs.settings import WorkerSettings

    settings = WorkerSettings(**told)
    return Ear(settings, FrontEnd(Bundle.load(settings.model).tagger), answers)


@dataclass(frozen=True)
class Ear:
    """Decodes recordings and says what it hears.

    Attributes:
        settings: which part of each, and how long one may be.
        front_end: how the network wants its windows.
        answers: where to say it.
    """

    settings: WorkerSettings
    front_end: FrontEnd
    answers: IO[bytes]

    def listen(self, path: str) -> None:
        """Say the windows of a recording and then ``heard``; or ``failed``, with the reason."""
        from instrunet.errors import InstrunetError
        from instrunet.tagging.jobs.messages import say

        failed = partial(say, self.answers, "failed")
        try:
            if self.settings.test:
                _injure(os.environ.get("INSTRUNET_TEST_INJURY"), path)
            beat = partial(say, self.answers, "beat")
            with local(path, beat) as file:
                n_samples, remarks = self._hear(file, path, beat)
            say(self.answers, "heard", n_samples=n_samples, remarks=remarks)
        except BrokenPipeError:
            raise
        except InstrunetError as error:
            failed(reason=str(error))
        except OSError as error:
            failed(reason=f"{path}: {error.strerror or error}")
        except MemoryError:
            failed(reason=f"{path}: takes more memory than a worker is given")

    def _hear(self, file: str, path: str, beat: Callable[[], None]) -> tuple[int, list[str]]:
        from instrunet.audio import AudioError, stream
        from instrunet.tagging.hearing import BLOCK_S, spectrogram_batches
        from instrunet.tagging.jobs.messages import say_windows
        from instrunet.tagging.windows import WindowCutter

        spec = self.front_end.spec
        rate_hz, cutter = spec.front_end.sample_rate_hz, WindowCutter.of(spec)
        blocks = stream(
            file, sample_rate_hz=rate_hz, block_s=BLOCK_S, start_s=self.settings.start_s,
            duration_s=self.settings.duration_s,
        )  # fmt: skip
        try:
            watched = _beating(blocks, beat, self.settings.longest_s * rate_hz, path)
            for batch in spectrogram_batches(watched, cutter, self.front_end):
                say_windows(self.answers, batch)
        finally:
            blocks.close()
        if cutter.n_samples == 0:
            raise AudioError(f"{path}: holds no sound; is it the right file?")
        return cutter.n_samples, list(blocks.remarks)


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


def _beating(blocks: Iterator[Any], beat: Callable[[], None], most_samples: float, path: str) -> Iterator[Any]:
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


def _injure(kind: str | None, path: str) -> None:
    """Tests only: what a broken decoder would do, on files whose name asks for it."""
    if not kind or f"{kind}-" not in os.path.basename(path):
        return
    if kind == "crash":
        os.kill(os.getpid(), 11)
    elif kind == "hang":
        time.sleep(3600)
    elif kind == "eat":
        eaten = []
        while True:
            eaten.append(bytearray(64 << 20))


if __name__ == "__main__":
    main()
