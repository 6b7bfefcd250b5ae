"""The model's side of a job: windows that decoding processes cut out, through one network, into tags."""

from __future__ import annotations

from instrunet.bundles.network import Scorer
from instrunet.tagging.aggregation import Gathering
from instrunet.tagging.hearing import Heard
from instrunet.tagging.jobs.ledger import Outcome, State
from instrunet.tagging.jobs.messages import Message, windows_in
from instrunet.tagging.jobs.settings import WorkerSettings
from instrunet.tagging.scoring import scored
from instrunet.tagging.tagger import Tagger


class Judge:
    """A model that many decoding processes share; threads may use it at once.

    Args:
        settings: which model, and in what words.
        network: who listens, if that is not to be the model's network in this process.
    """

    def __init__(self, settings: WorkerSettings, network: Scorer | None = None) -> None:
        self._settings = settings
        self._tagger = Tagger(settings.model, vocabulary=settings.vocabulary, threshold=settings.threshold, threads=1)
        self._network = network or self._tagger.network

    def trial(self, path: str) -> Trial:
        """Begin to judge a recording."""
        return Trial(path, self._tagger, self._network, self._settings)


class Trial:
    """One recording, batch after batch as it is decoded; little is kept of each."""

    def __init__(self, path: str, tagger: Tagger, network: Scorer, settings: WorkerSettings) -> None:
        self.path = path
        self._tagger, self._network, self._settings = tagger, network, settings
        self._gathering = Gathering(tagger.spec)

    def add(self, message: Message) -> None:
        """Run the windows of a message through the network."""
        for window in scored(self._network, [windows_in(message)]):
            self._gathering.add(window)

    def outcome(self, message: Message, worker: str) -> Outcome:
        """What became of the recording, by the last message about it."""
        if message.kind != "heard":
            return Outcome(self.path, State.FAILED, reason=str(message.facts["reason"]), worker=worker)
        heard = Heard(
            gathering=self._gathering,
            path=self.path,
            duration_s=message.facts["n_samples"] / self._tagger.sample_rate_hz,
            start_s=self._settings.start_s,
            remarks=tuple(message.facts["remarks"]),
        )
        tags = self._tagger.tags(heard)
        result = tags.to_dict(activity=self._settings.activity)
        return Outcome(self.path, State.DONE, worker=worker, duration_s=tags.duration_s, result=result)
