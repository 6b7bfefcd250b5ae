"""Mp3 in, tags out: how many times faster than real time, beside YAMNet and a plain librosa + torch program.

    python benchmarks/throughput.py [--duration 180] [--repeats 3] [--threads 2] [--model default]

All run in one process on one machine, one after another in turn, and the median counts. YAMNet (TFLite) hears 16 kHz
every 0.48 s, as it was published; it is looked for in ``../shared/peers`` beside the checkout. The plain program
loads with librosa, makes librosa's mel spectrogram and runs an untrained network of the size of ours in torch.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.song import render

PEERS = Path(__file__).resolve().parents[2] / "shared" / "peers"
Work = Callable[[], object]


def ours(path: Path, model: str, threads: int) -> Work:
    """The package as it is."""
    from instrunet.tagging import Tagger

    tagger = Tagger(model, threads=threads)
    return lambda: tagger.tag_file(path)


def yamnet(path: Path, threads: int) -> Work | None:
    """YAMNet with decoding and resampling by the same libraries as ours."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        return None
    if not (PEERS / "yamnet.tflite").is_file():
        return None
    import soundfile
    import soxr

    interpreter = Interpreter(str(PEERS / "yamnet.tflite"), num_threads=threads)
    interpreter.allocate_tensors()
    given, taken = interpreter.get_input_details()[0], interpreter.get_output_details()[0]

    def work() -> object:
        x, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
        x = soxr.resample(x.mean(axis=1), rate_hz, 16_000)
        frames = []
        for start in range(0, len(x) - 15_600 + 1, 7_680):
            interpreter.set_tensor(given["index"], x[start : start + 15_600].reshape(given["shape"]))
            interpreter.invoke()
            frames.append(interpreter.get_tensor(taken["index"])[0])
        return np.mean(frames, axis=0)

    return work


def plain(path: Path, threads: int) -> Work | None:
    """What a program without care does: librosa for everything, torch for the network."""
    try:
        import librosa
        import torch

        from instrunet.models import build
    except ImportError:
        return None
    torch.set_num_threads(threads)
    network = build("mobile").eval()

    def work() -> object:
        x, _ = librosa.load(path, sr=32_000)
        clips = [x[i : i + 320_000] for i in range(0, len(x) - 319_999, 320_000)]
        scores = []
        for clip in clips:
            mel = librosa.feature.melspectrogram(y=clip, sr=32_000, n_fft=1600, hop_length=640, fmin=30, fmax=15_500)
            with torch.no_grad():
                scores.append(network(torch.from_numpy(np.log(mel + 1e-5))[None, None])[0])
        return torch.stack(scores).mean(0)

    return work


def measured(works: dict[str, Work], repeats: int) -> dict[str, float]:
    """Median seconds of each, taken in turn so that a busy moment hits all alike."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work()  # the first run imports and warms up
    for _ in range(repeats):
        for name, work in works.items():
            began = time.perf_counter()
            work()
            taken[name].append(time.perf_counter() - began)
    return {name: statistics.median(times) for name, times in taken.items()}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--duration", type=float, default=180.0, help="seconds of the song")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--model", default="default")
    args = parser.parse_args()
    from instrunet.audio import write

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "song.mp3"
        write(path, np.stack([render(args.duration)] * 2), 44_100)
        candidates = {
            "instrunet": ours(path, args.model, args.threads),
            "YAMNet (TFLite, hop 0.48 s)": yamnet(path, args.threads),
            "librosa + torch": plain(path, args.threads),
        }
        works = {name: work for name, work in candidates.items() if work is not None}
        seconds = measured(works, args.repeats)
    print(f"{args.duration:g} s of stereo mp3, {args.threads} threads, median of {args.repeats}\n")
    print(f"| {'program':<28} | seconds | times real time | instrunet is |\n|---|---|---|---|")
    for name, taken in seconds.items():
        faster = taken / seconds["instrunet"]
        print(f"| {name:<28} | {taken:7.2f} | {args.duration / taken:15.0f} | {faster:5.2f} × as fast |")
    for name in candidates.keys() - works.keys():
        print(f"\n{name} is not here and was left out")
    return 0


if __name__ == "__main__":
    sys.exit(main())
