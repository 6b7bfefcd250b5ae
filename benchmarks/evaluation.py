"""How long does it take to evaluate 20,000 clips of 20 classes, bootstrap and report included?

python benchmarks/evaluation.py [--clips 20000] [--classes 20] [--resamples 400]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instrunet.evaluation import (
    BootstrapConfig,
    ClipFacts,
    EvaluationConfig,
    compare,
    evaluate,
    tune,
    write_comparison,
    write_report,
)

BOUND_S = 10.0


@dataclass(frozen=True)
class Drawn:
    """Clips with partial labels, and scores that lean towards the truth."""

    y: NDArray[np.float64]
    mask: NDArray[np.float64]
    validation: NDArray[np.float64]
    scores: NDArray[np.float64]
    others: NDArray[np.float64]


def drawn(n_clips: int, n_classes: int) -> Drawn:
    """A test set, validation scores on the same truth, and a second model."""
    rng = np.random.default_rng(0)
    y = (rng.random((n_clips, n_classes)) < 0.15).astype(float)

    def scored(strength: float) -> NDArray[np.float64]:
        return np.asarray(1 / (1 + np.exp(-(rng.normal(size=y.shape) * 1.5 + strength * y - 2))))

    mask = (rng.random(y.shape) < 0.9).astype(float)
    return Drawn(y, mask, validation=scored(3.0), scores=scored(3.0), others=scored(3.1))


def timed(name: str, work: Callable[[], Any]) -> tuple[Any, float]:
    """Run something once, print and give how long it took."""
    start = time.perf_counter()
    result = work()
    seconds = time.perf_counter() - start
    print(f"{name:<42s} {seconds:6.2f} s")
    return result, seconds


def main() -> None:
    """Print a line a step and whether the bound is kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=20_000)
    parser.add_argument("--classes", type=int, default=20)
    parser.add_argument("--resamples", type=int, default=400)
    args = parser.parse_args()
    data = drawn(args.clips, args.classes)
    labels = [f"class {j}" for j in range(args.classes)]
    facts = ClipFacts(groups=[str(i // 4) for i in range(args.clips)], sources=["mix", "stem"] * (args.clips // 2))
    print(f"{args.clips} clips, {args.classes} classes, {args.resamples} resamples of groups")
    tuning, _ = timed("tune thresholds and temperature", lambda: tune(data.validation, data.y, data.mask, labels))
    config = EvaluationConfig(tuning=tuning, bootstrap=BootstrapConfig(n_resamples=args.resamples))
    one, seconds = timed(
        "evaluate (4 threshold sets, bootstrap)",
        lambda: evaluate(data.scores, data.y, data.mask, labels, facts=facts, config=config),
    )
    other = evaluate(data.others, data.y, data.mask, labels, facts=facts, config=config)
    comparison, _ = timed("compare with a second model (paired)", lambda: compare(one, other))
    with tempfile.TemporaryDirectory() as folder:
        timed("write the report and its tables", lambda: write_report(one, Path(folder) / "report"))
        timed("write the comparison", lambda: write_comparison(comparison, Path(folder) / "compare"))
    print(f"evaluate: {seconds:.2f} s, bound {BOUND_S:.0f} s: {'kept' if seconds < BOUND_S else 'MISSED'}")


if __name__ == "__main__":
    main()
