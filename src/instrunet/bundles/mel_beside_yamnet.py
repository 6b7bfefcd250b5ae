"""The front end of a fusion: our log-mel, and beside it in eight more columns what YAMNet made of the same window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from instrunet.audio import resample
from instrunet.features import LogMelConfig, log_mel

if TYPE_CHECKING:
    from instrunet.models.yamnet import Yamnet, YamnetInput


def _yamnet_input() -> YamnetInput:
    from instrunet.models.yamnet import YamnetInput

    return YamnetInput()


@dataclass(frozen=True)
class MelBesideYamnet:
    """What a network that fuses ours with YAMNet is given: (n_mels, n_frames + n_extra).

    The last ``n_extra`` columns are the mean of YAMNet's embeddings over the window, 1,024 numbers in rows of the
    spectrogram's height.

    >>> both = MelBesideYamnet()
    >>> both.n_mels, both.n_extra, both.n_frames(160_000)
    (128, 8, 259)
    """

    mel: LogMelConfig = field(default_factory=LogMelConfig)
    yamnet: YamnetInput = field(default_factory=_yamnet_input)

    @property
    def sample_rate_hz(self) -> int:
        """The rate of our own network; YAMNet's window is resampled from it."""
        return self.mel.sample_rate_hz

    @property
    def n_mels(self) -> int:
        """Rows."""
        return self.mel.n_mels

    @property
    def n_extra(self) -> int:
        """Columns that the embedding takes."""
        return -(-self.yamnet.n_mels // self.mel.n_mels)

    def n_frames(self, n_samples: int) -> int:
        """Columns of a window of so many samples."""
        return self.mel.n_frames(n_samples) + self.n_extra

    def seen(self, samples: NDArray[np.floating], yamnet: Yamnet) -> NDArray[np.float32]:
        """One window of mono samples as both hear it."""
        slow = resample(np.asarray(samples, np.float32), self.sample_rate_hz, self.yamnet.sample_rate_hz)
        embedding = yamnet.frames(slow).embeddings.mean(axis=0)
        extra = np.zeros((self.n_extra, self.n_mels), np.float32)
        extra.flat[: len(embedding)] = embedding
        return np.hstack([log_mel(samples, self.mel), extra.T])

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as they stand in a bundle."""
        return {**self.yamnet.to_dict(), "mel": self.mel.to_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> MelBesideYamnet:
        """The inverse of :meth:`to_dict`.

        Raises:
            WeightsError: it asks for a YAMNet that this version does not know.
        """
        from instrunet.models.yamnet import YamnetInput

        return cls(LogMelConfig.from_dict(values["mel"]), YamnetInput.from_dict(values))
