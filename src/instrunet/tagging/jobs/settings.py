"""What a job's workers are told, and how patient one is with them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WorkerSettings:
    """What every worker is told once.

    Attributes:
        model: Name or path of the bundle.
        vocabulary: Words of the answer.
        threshold: ``tuned`` or a number.
        start_s: Where each recording begins.
        duration_s: How much of each is heard.
        activity: Whether the curves are kept, or only the ranges.
        longest_s: A recording that goes on for longer fails.
        memory_bytes: Address space of a worker.
        test: Whether injuries may be injected (tests).
    """

    model: str = "default"
    vocabulary: str | None = None
    threshold: str | float = "tuned"
    start_s: float = 0.0
    duration_s: float | None = None
    activity: bool = False
    longest_s: float = 24 * 3600.0
    memory_bytes: int | None = 2 << 30
    test: bool = False


@dataclass(frozen=True)
class Patience:
    """With files that kill, stall or occupy a worker.

    Attributes:
        silent_s: A worker may say nothing about its file for so long.
        start_s: It may take so long to start.
        file_s: It may be busy with one file for so long.
        attempts: Tries at a file.
    """

    silent_s: float = 60.0
    start_s: float = 120.0
    file_s: float = 3600.0
    attempts: int = 2
