"""The parts of a running service, together."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from instrunet.apps.service.catalogue import Catalogue
from instrunet.apps.service.decoding import IsolatedDecoding
from instrunet.apps.service.desk import Desk
from instrunet.apps.service.jobs import JobStore
from instrunet.apps.service.listening import Patience, Progress, Recording, listen
from instrunet.apps.service.metrics import Metrics
from instrunet.apps.service.settings import ServiceSettings
from instrunet.tagging import Tagger
from instrunet.tagging.writers import WriteOptions
from instrunet.tagging.writers.json_text import as_dict


@dataclass(frozen=True)
class Wish:
    """What a request asks for.

    Attributes:
        model: who listens.
        vocabulary: in which words.
        threshold: a number, or ``tuned``.
        timeline: whether curves of activity are wanted.
        start_s: where to begin.
        duration_s: how much to take.
    """

    model: str | None = None
    vocabulary: str | None = None
    threshold: str = "tuned"
    timeline: bool = False
    start_s: float = 0.0
    duration_s: float | None = None


@dataclass
class House:
    """A service: its settings, its models and its places."""

    settings: ServiceSettings
    catalogue: Catalogue
    decoding: IsolatedDecoding
    metrics: Metrics = field(default_factory=Metrics)

    def __post_init__(self) -> None:
        settings = self.settings
        self.desk = Desk(settings.concurrency, settings.max_waiting)
        self.jobs = JobStore(
            most=settings.max_jobs, n_places=settings.concurrency, keep_results_s=settings.keep_results_s
        )
        self.metrics.gauge("requests_inside", "Requests that are served or wait.", lambda: self.desk.n_inside)
        self.metrics.gauge("jobs_open", "Jobs that are queued or running.", lambda: self.jobs.n_open)

    @classmethod
    def build(cls, settings: ServiceSettings) -> House:
        """Open the model and prepare the decoders."""
        catalogue = Catalogue(settings.model, threads=settings.threads)
        return cls(settings, catalogue, IsolatedDecoding(n_ready=settings.concurrency))

    def tagger(self, wish: Wish) -> Tagger:
        """The model in the words that a request asks for; refuses what makes no sense before any upload is read."""
        return self.catalogue.tagger(wish.model, vocabulary=wish.vocabulary, threshold=wish.threshold)

    def answer(
        self, tagger: Tagger, recording: Recording, wish: Wish, *, patience: Patience, progress: Progress | None = None
    ) -> dict[str, Any]:
        """Listen, and tell in the JSON of the command line."""
        heard = listen(tagger, self.decoding, recording, patience, progress or (lambda share: None))
        self.metrics.add("audio_seconds", heard.duration_s)
        return as_dict(tagger.tags(heard), WriteOptions(timeline=wish.timeline))

    async def close(self) -> None:
        """End jobs and decoders."""
        await self.jobs.close()
        await asyncio.to_thread(self.decoding.close)
