"""What the operator of a service decides."""

from __future__ import annotations

from dataclasses import dataclass

from instrunet.errors import UsageError


@dataclass(frozen=True)
class ServiceSettings:
    """Limits and choices of a service; the defaults suit a machine with two cores.

    Attributes:
        model: who listens if a request does not say: a model inside the package, or the path of a bundle.
        max_upload_bytes: a longer body is refused with 413 as soon as this many bytes have come.
        max_duration_s: a longer recording is refused with 413; longer ones may come as jobs.
        max_job_duration_s: the same for jobs.
        concurrency: how many recordings are heard at a time.
        max_waiting: how many more requests may wait; the next one gets 429.
        max_jobs: how many jobs may be waiting or running; the next one gets 429.
        request_time_s: a request that takes longer ends with 408 (while it uploads) or 503.
        job_time_s: a job that takes longer fails.
        keep_results_s: how long the result of a job can be fetched; then it is forgotten.
        token: if given, every request but the health checks must carry ``Authorization: Bearer <token>``.
        cors_origins: web pages of these origins may call; none by default.
        threads: how many threads the network uses for one recording.

    >>> ServiceSettings().token is None
    True
    """

    model: str = "default"
    max_upload_bytes: int = 100 * 1024**2
    max_duration_s: float = 20 * 60.0
    max_job_duration_s: float = 4 * 3600.0
    concurrency: int = 2
    max_waiting: int = 8
    max_jobs: int = 8
    request_time_s: float = 120.0
    job_time_s: float = 3600.0
    keep_results_s: float = 900.0
    token: str | None = None
    cors_origins: tuple[str, ...] = ()
    threads: int = 1

    def __post_init__(self) -> None:
        for name in ("max_upload_bytes", "max_duration_s", "concurrency", "max_jobs", "request_time_s", "threads"):
            if getattr(self, name) <= 0:
                raise UsageError(f"{name} = {getattr(self, name)} lets nothing through; it must be above 0")
        if self.token is not None and len(self.token) < 8:
            raise UsageError("the token is shorter than 8 characters and could be guessed; choose a longer one")
