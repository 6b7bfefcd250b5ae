"""The models that a service offers, opened once each; variants in other words share the network."""

from __future__ import annotations

import copy
import threading
from pathlib import Path
from typing import Any

from instrunet.apps.service.problems import NoSuchThingError
from instrunet.bundles import Bundle, bundled_models
from instrunet.labels import vocabulary, vocabulary_names
from instrunet.tagging import Tagger
from instrunet.tagging.wording import Wording


class Catalogue:
    """Models by name: those inside the package, and the operator's own. A request never names a path.

    Args:
        model: the one that listens if nothing else is said: a name inside the package, or a path.
        threads: of one network.
    """

    def __init__(self, model: str | Path = "default", *, threads: int = 1) -> None:
        self._threads = threads
        self._lock = threading.Lock()
        self._taggers: dict[str, Tagger] = {}
        first = Bundle.load(model)
        self._places: dict[str, str | Path] = {
            name: path for name, path in bundled_models().items() if Bundle.load(path).kind == "tagger"
        }
        self.default = str(model) if str(model) in self._places else first.name
        if str(model) not in self._places:
            self._places[self.default] = first.path
        self.tagger()

    @property
    def names(self) -> tuple[str, ...]:
        """The models, the default first."""
        return (self.default, *(name for name in self._places if name != self.default))

    def tagger(
        self, name: str | None = None, *, vocabulary: str | None = None, threshold: float | str = "tuned"
    ) -> Tagger:
        """A model in the words asked for.

        Raises:
            NoSuchThingError: no model is called so.
            UsageError: the vocabulary or the threshold makes no sense.
        """
        base = self._base(name or self.default)
        if vocabulary is None and threshold == "tuned":
            return base
        return in_words(base, vocabulary=vocabulary, threshold=threshold)

    def bundle(self, name: str) -> Bundle:
        """The bundle of a model; its network is not opened for it, which may need weights that are not here."""
        self._known(name)
        return Bundle.load(self._places[name])

    def describe(self, name: str) -> dict[str, Any]:
        """A model, as the service tells of it."""
        bundle = self.bundle(name)
        spec = bundle.tagger
        return {
            "name": name,
            "title": bundle.about.title,
            "licence": bundle.about.licence,
            "default": name == self.default,
            "vocabulary": spec.vocabulary,
            "labels": list(spec.labels),
            "thresholds": [round(t, 6) for t in spec.thresholds],
            "sample_rate_hz": spec.front_end.sample_rate_hz,
            "window_s": spec.window_s,
            "card": bundle.card,
        }

    def _base(self, name: str) -> Tagger:
        self._known(name)
        with self._lock:
            if name not in self._taggers:
                self._taggers[name] = Tagger(self._places[name], threads=self._threads)
            return self._taggers[name]

    def _known(self, name: str) -> None:
        if name not in self._places:
            raise NoSuchThingError(f"no model is called {name!r}; there are: {', '.join(self.names)}")


def in_words(tagger: Tagger, *, vocabulary: str | None = None, threshold: float | str = "tuned") -> Tagger:
    """The same model, its network shared, telling what it hears in other words or from another threshold on."""
    variant = copy.copy(tagger)
    variant.wording = Wording(tagger.spec, vocabulary, threshold)
    return variant


def vocabularies() -> list[dict[str, Any]]:
    """All vocabularies, as the service tells of them."""
    found = (vocabulary(name) for name in vocabulary_names())
    return [{"name": v.name, "title": v.title, "labels": list(v.labels)} for v in found]
