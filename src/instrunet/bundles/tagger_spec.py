"""What a tagger needs to know besides its weights: words, front end, windows, aggregation, thresholds, calibration."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from instrunet.bundles.errors import BundleError
from instrunet.bundles.mel_beside_yamnet import MelBesideYamnet
from instrunet.features import LogMelConfig
from instrunet.labels import vocabulary

if TYPE_CHECKING:
    from instrunet.models.yamnet import YamnetInput

OUTPUTS = ("clip", "frames", "attention")


@dataclass(frozen=True)
class Aggregation:
    """How the scores of windows become one score for the recording.

    Attributes:
        method: ``mean`` or ``max`` over windows, ``topk_mean`` (mean of the k highest), or ``model`` (the network's
            own attention, summed over all windows; needs the outputs ``frames`` and ``attention``).
        k: how many windows ``topk_mean`` averages.
    """

    method: Literal["mean", "max", "topk_mean", "model"] = "mean"
    k: int = 3

    def __post_init__(self) -> None:
        if self.method not in ("mean", "max", "topk_mean", "model"):
            raise BundleError(f"aggregation {self.method!r} is none of mean, max, topk_mean, model")
        if self.k < 1:
            raise BundleError(f"aggregation over the k = {self.k} highest windows makes no sense; k is at least 1")


@dataclass(frozen=True)
class Activity:
    """How a curve of activity becomes ranges.

    Attributes:
        onset_ratio: a range begins where the curve reaches the threshold times this.
        release_ratio: it ends where the curve falls below the threshold times this.
        min_duration_s: shorter ranges are dropped.
        max_gap_s: ranges closer than this are one.
    """

    onset_ratio: float = 1.0
    release_ratio: float = 0.7
    min_duration_s: float = 0.3
    max_gap_s: float = 0.3

    def __post_init__(self) -> None:
        if not 0 < self.release_ratio <= min(1.0, self.onset_ratio):
            raise BundleError("activity: release_ratio must lie above 0 and not above 1 or onset_ratio")


MOST_CROWDED = 6.0


@dataclass(frozen=True)
class TaggerSpec:
    """The description of a tagger; every per-class tuple is in the order of ``labels``.

    Attributes:
        vocabulary: name of the vocabulary that the labels come from.
        labels: the classes of the network, some or all words of that vocabulary.
        front_end: how samples become the input ``mel``; a head on YAMNet's embedding has a ``YamnetInput`` here,
            a fusion of ours with YAMNet a ``MelBesideYamnet``.
        window_s: length of the windows that the network sees.
        hop_s: distance of windows.
        min_window_s: the shortest input the network takes; a recording shorter than ``window_s`` is given as it is,
            and filled up with silence to this. Equal to ``window_s`` if left out.
        trim_db: if given, silence at both ends of a window (this far below its loudest frame) is cut off before the
            front end, and the rest is filled up again at its end, as the training clips of such a network were.
        aggregation: windows to recording.
        activity: curve to ranges.
        thresholds: from which confidence a class counts as present; 0.5 each if left out.
        crowding: where much is heard at once, each is heard less surely: the thresholds are divided by the expected
            number of classes (the sum of the confidences, from 1 to MOST_CROWDED) to this power; 0 changes nothing.
        calibration_scale: logits are multiplied by this; 1 each if left out.
        calibration_bias: and then this is added; 0 each if left out.
        outputs: what the network gives: ``clip`` logits (batch, classes), and possibly ``frames`` logits and
            non-negative ``attention`` (batch, classes, time).

    >>> TaggerSpec("openmic", ("flute", "piano")).thresholds
    (0.5, 0.5)
    """

    vocabulary: str
    labels: tuple[str, ...]
    front_end: LogMelConfig | YamnetInput | MelBesideYamnet = field(default_factory=LogMelConfig)
    window_s: float = 10.0
    hop_s: float = 10.0
    min_window_s: float = 0.0
    trim_db: float | None = None
    aggregation: Aggregation = field(default_factory=Aggregation)
    activity: Activity = field(default_factory=Activity)
    thresholds: tuple[float, ...] = ()
    crowding: float = 0.0
    calibration_scale: tuple[float, ...] = ()
    calibration_bias: tuple[float, ...] = ()
    outputs: tuple[str, ...] = ("clip",)

    def __post_init__(self) -> None:
        n_classes = len(self.labels)
        self._fill("min_window_s", self.min_window_s or self.window_s)
        self._fill("thresholds", self.thresholds or (0.5,) * n_classes)
        self._fill("calibration_scale", self.calibration_scale or (1.0,) * n_classes)
        self._fill("calibration_bias", self.calibration_bias or (0.0,) * n_classes)
        self._check_labels()
        self._check_numbers()

    @property
    def window_samples(self) -> int:
        """Length of a window at the rate of the front end."""
        return round(self.window_s * self.front_end.sample_rate_hz)

    @property
    def hop_samples(self) -> int:
        """Distance of windows at the rate of the front end."""
        return round(self.hop_s * self.front_end.sample_rate_hz)

    @property
    def min_window_samples(self) -> int:
        """The shortest input at the rate of the front end."""
        return round(self.min_window_s * self.front_end.sample_rate_hz)

    def thresholds_of(self, scores: NDArray[np.floating]) -> NDArray[np.float64]:
        """The thresholds for a recording with these confidences (classes,).

        >>> spec = TaggerSpec("openmic", ("flute", "piano"), thresholds=(0.4, 0.4), crowding=0.5)
        >>> spec.thresholds_of(np.array([0.3, 0.1])), spec.thresholds_of(np.array([1.0, 1.0]))
        (array([0.4, 0.4]), array([0.28284271, 0.28284271]))
        """
        crowd = float(np.clip(np.sum(scores, dtype=np.float64), 1.0, MOST_CROWDED))
        return np.asarray(self.thresholds, np.float64) / crowd**self.crowding

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as they stand in ``bundle.json``."""
        return {**dataclasses.asdict(self), "front_end": self.front_end.to_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> TaggerSpec:
        """The inverse of :meth:`to_dict`."""
        known = {f.name for f in dataclasses.fields(cls)}
        try:
            plain: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items() if k in known}
            plain["front_end"] = _front_end(values["front_end"])
            plain["aggregation"] = Aggregation(**values.get("aggregation", {}))
            plain["activity"] = Activity(**values.get("activity", {}))
            return cls(**plain)
        except KeyError as error:
            raise BundleError(f"{error.args[0]} is missing") from error
        except TypeError as error:
            raise BundleError(f"a setting does not fit: {error}") from error

    def _fill(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _check_labels(self) -> None:
        if not self.labels:
            raise BundleError("it has no labels")
        if len(set(self.labels)) != len(self.labels):
            raise BundleError("a label stands twice among its labels")
        strange = [label for label in self.labels if label not in vocabulary(self.vocabulary).labels]
        if strange:
            raise BundleError(f"labels that the vocabulary {self.vocabulary} does not have: {', '.join(strange)}")
        for name in ("thresholds", "calibration_scale", "calibration_bias"):
            if len(getattr(self, name)) != len(self.labels):
                raise BundleError(f"{len(getattr(self, name))} {name} for {len(self.labels)} labels")

    def _check_numbers(self) -> None:
        if not all(0 < threshold <= 1 for threshold in self.thresholds):
            raise BundleError("thresholds must lie above 0 and not above 1")
        if not 0 <= self.crowding <= 1:
            raise BundleError(f"crowding is {self.crowding:g}; it must lie from 0 to 1")
        if not all(math.isfinite(v) for v in (*self.calibration_scale, *self.calibration_bias)):
            raise BundleError("the calibration has a value that is not finite")
        if not 0 < self.hop_s <= self.window_s or not 0 < self.min_window_s <= self.window_s:
            raise BundleError(
                f"windows of {self.window_s:g} s every {self.hop_s:g} s with at least {self.min_window_s:g} s "
                "do not fit; hop and minimum must lie above 0 and not above the window"
            )
        if self.trim_db is not None and not self.trim_db > 0:
            raise BundleError(f"trim_db is {self.trim_db:g}; it must lie above 0")
        if "clip" not in self.outputs or not set(self.outputs) <= set(OUTPUTS):
            raise BundleError(f"outputs {', '.join(self.outputs)} must be clip and possibly frames and attention")
        if self.aggregation.method == "model" and not {"frames", "attention"} <= set(self.outputs):
            raise BundleError("aggregation by the model needs the outputs frames and attention")


def _front_end(values: Any) -> LogMelConfig | YamnetInput | MelBesideYamnet:
    if "embedding" not in values:
        return LogMelConfig.from_dict(values)
    if "mel" in values:
        return MelBesideYamnet.from_dict(values)
    from instrunet.models.yamnet import YamnetInput

    return YamnetInput.from_dict(values)
