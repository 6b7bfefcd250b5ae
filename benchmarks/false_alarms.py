"""How often something that is no instrument sets off an alarm: noise, silence, applause, and speech from a folder.

    python benchmarks/false_alarms.py [--model default] [--speech FOLDER]

Prints the share of windows in which any class (for speech: any class but voice) reaches its own threshold.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from instrunet.audio import AUDIO_SUFFIXES, load
from instrunet.synthesis.studio.surroundings import Surroundings, surrounding_noise
from instrunet.tagging import Tagger

RATE_HZ = 32_000
KINDS = ("hiss", "hum", "vinyl", "crowd", "applause")


def sounds(seed: int, *, n_each: int = 12) -> dict[str, list[np.ndarray]]:
    """Made sounds by kind, ten seconds each, from seeds that training never used."""
    found: dict[str, list[np.ndarray]] = {"silence": [np.zeros(10 * RATE_HZ, np.float32)]}
    for number, kind in enumerate(KINDS):
        rng = np.random.default_rng([seed, number])
        found[kind] = [
            np.float32(10 ** rng.uniform(-2.5, -0.8))
            * surrounding_noise(10 * RATE_HZ, RATE_HZ, Surroundings(kind, 0.0, int(rng.integers(2**31))))
            for _ in range(n_each)
        ]
    rng = np.random.default_rng([seed, 99])
    found["white noise"] = [rng.normal(0, 0.05, 10 * RATE_HZ).astype(np.float32) for _ in range(n_each)]
    return found


def main() -> None:
    """Parse, listen, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="default")
    parser.add_argument("--speech", type=Path)
    options = parser.parse_args()
    tagger = Tagger(options.model, threads=1)
    heard = sounds(20_261_121)
    if options.speech:
        files = sorted(p for p in options.speech.rglob("*") if p.suffix in AUDIO_SUFFIXES)
        heard["speech"] = [load(p, sample_rate_hz=RATE_HZ).samples for p in files]
    print("| sound | windows | with an alarm | most often |\n|---|---|---|---|")
    for kind, clips in heard.items():
        alarms, n_windows, named = 0, 0, []
        for clip in clips:
            scores = tagger.scores_array(clip, RATE_HZ)
            labels = list(scores.labels)
            thresholds = np.array([tag.threshold for tag in tagger.tag_array(clip, sample_rate_hz=RATE_HZ).instruments])
            high = scores.values >= thresholds
            if kind == "speech":
                high[:, labels.index("voice")] = False
            alarms += int(high.any(1).sum())
            n_windows += len(high)
            named += [labels[c] for c in np.nonzero(high)[1]]
        top = max(set(named), key=named.count) if named else ""
        print(f"| {kind} | {n_windows} | {alarms / max(1, n_windows):.3f} | {top} |")


if __name__ == "__main__":
    main()
