"""YAMNet as a peer: the AudioSet tagger (TFLite), its scores in our words, its embedding for a trained head."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instrunet.errors import MissingExtraError
from instrunet.models.weights import PublicWeights, WeightsError, obtain

SAMPLE_RATE_HZ = 16_000
WINDOW_SAMPLES = 15_600  # 0.975 s
HOP_SAMPLES = 7_680  # 0.48 s
N_AUDIOSET = 521
N_EMBEDDING = 1_024

WEIGHTS = PublicWeights(
    name="YAMNet",
    url="https://storage.googleapis.com/mediapipe-models/audio_classifier/yamnet/float32/1/yamnet.tflite",
    licence="Apache-2.0",
    sha256="469be6a3421cbc52cf97e9f2f966cba984198e8e7af9854d68b3e3ebb1e04194",
)

_EMBEDDING_TENSOR = "yamnet_frames/global_average_pooling2d/Mean"

AUDIOSET_MEMBERS: dict[str, dict[str, int]] = {
    "voice": {
        "Singing": 24,
        "Choir": 25,
        "Chant": 27,
        "Child singing": 29,
        "Rapping": 31,
        "Humming": 32,
        "Vocal music": 249,
        "A capella": 250,
    },
    "piano": {"Piano": 148},
    "electric_piano": {"Electric piano": 149},
    "organ": {"Organ": 150, "Electronic organ": 151, "Hammond organ": 152},
    "harpsichord": {"Harpsichord": 155},
    "accordion": {"Accordion": 204},
    "harmonica": {"Harmonica": 203},
    "synthesizer": {"Synthesizer": 153, "Sampler": 154, "Theremin": 208},
    "acoustic_guitar": {"Acoustic guitar": 138, "Guitar": 135},
    "electric_guitar": {"Electric guitar": 136, "Steel guitar, slide guitar": 139},
    "banjo": {"Banjo": 142},
    "mandolin": {"Mandolin": 144},
    "ukulele": {"Ukulele": 146},
    "harp": {"Harp": 194},
    "sitar": {"Sitar": 143},
    "electric_bass": {"Bass guitar": 137},
    "double_bass": {"Double bass": 189},
    "violin": {"Violin, fiddle": 186},
    "cello": {"Cello": 188},
    "string_section": {"String section": 185, "Bowed string instrument": 184},
    "flute": {"Flute": 191},
    "clarinet": {"Clarinet": 193},
    "saxophone": {"Saxophone": 192},
    "trumpet": {"Trumpet": 182},
    "trombone": {"Trombone": 183},
    "french_horn": {"French horn": 181},
    "brass_section": {"Brass instrument": 180},
    "drums": {"Drum kit": 157, "Drum machine": 158, "Drum": 159, "Snare drum": 160, "Bass drum": 163},
    "cymbals": {"Cymbal": 166, "Hi-hat": 167},
    "hand_percussion": {"Tabla": 165, "Wood block": 168, "Tambourine": 169, "Maraca": 171},
    "timpani": {"Timpani": 164},
    "mallet_percussion": {
        "Mallet percussion": 174,
        "Marimba, xylophone": 175,
        "Glockenspiel": 176,
        "Vibraphone": 177,
        "Steelpan": 178,
    },
}
"""AudioSet class name -> its row among YAMNet's 521, for each canonical instrument that AudioSet can express.

Viola, oboe, bassoon and tuba have no class there: they stay unknown, never absent.
"""


@dataclass(frozen=True)
class YamnetFrames:
    """What YAMNet says about each window of 0.975 s, hop 0.48 s."""

    starts_s: NDArray[np.float64]  # (windows,)
    scores: NDArray[np.float32]  # (windows, 521)
    embeddings: NDArray[np.float32]  # (windows, 1024)


def canonical_scores(scores: NDArray[np.float32], instruments: Sequence[str]) -> NDArray[np.float32]:
    """Fold AudioSet scores (…, 521) into (…, instruments): the best member wins, NaN where there is none.

    >>> folded = canonical_scores(np.eye(521, dtype=np.float32)[[142]], ("banjo", "viola", "piano"))
    >>> folded.tolist()
    [[1.0, nan, 0.0]]
    """
    folded = np.full((*scores.shape[:-1], len(instruments)), np.nan, np.float32)
    for column, name in enumerate(instruments):
        members = list(AUDIOSET_MEMBERS.get(name, {}).values())
        if members:
            folded[..., column] = scores[..., members].max(axis=-1)
    return folded


@dataclass(frozen=True)
class YamnetInput:
    """What a head on YAMNet's embedding is given in place of a log-mel: 1,024 numbers of each of YAMNet's windows.

    It answers what a tagger asks of any front end (rate, rows, columns); ``sha256`` says which YAMNet.

    >>> YamnetInput().n_frames(80_000)
    9
    """

    sha256: str = WEIGHTS.sha256 or ""

    @property
    def sample_rate_hz(self) -> int:
        """The rate that YAMNet listens at."""
        return SAMPLE_RATE_HZ

    @property
    def n_mels(self) -> int:
        """Rows: the width of the embedding."""
        return N_EMBEDDING

    def n_frames(self, n_samples: int) -> int:
        """Columns: how many windows so many samples give, at least one."""
        return max(0, n_samples - WINDOW_SAMPLES) // HOP_SAMPLES + 1

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as they stand in a bundle."""
        return {"embedding": "yamnet", "sha256": self.sha256}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> YamnetInput:
        """The inverse of :meth:`to_dict`.

        Raises:
            WeightsError: it asks for another embedding, or for a YAMNet that this version does not know.
        """
        if values.get("embedding") != "yamnet" or values.get("sha256") != WEIGHTS.sha256:
            raise WeightsError(
                f"its input is the embedding {values.get('embedding')!r} ({str(values.get('sha256'))[:12]}…), "
                "which this instrunet does not have; a newer instrunet may"
            )
        return cls()


class Yamnet:
    """The network, loaded once; windows in, AudioSet scores and embeddings out; threads may share it.

    Args:
        path: a local ``yamnet.tflite``; by default the published file is fetched, checked and cached.
        threads: how many threads the interpreter may use.
        trusted: accept a local file whose digest is not the pinned one (a newer export of the same network).
    """

    def __init__(
        self, path: str | os.PathLike[str] | None = None, *, threads: int | None = None, trusted: bool = False
    ) -> None:
        weights = PublicWeights(WEIGHTS.name, WEIGHTS.url, WEIGHTS.licence) if trusted and path else WEIGHTS
        self._interpreter = _interpreter(str(obtain(weights, path=path)), threads)
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]
        self._output = self._interpreter.get_output_details()[0]
        found = [t["index"] for t in self._interpreter.get_tensor_details() if t["name"] == _EMBEDDING_TENSOR]
        if not found or tuple(self._output["shape"]) != (1, N_AUDIOSET):
            raise WeightsError("this TFLite file is not YAMNet: it lacks the 521 scores or the 1,024-d embedding")
        self._embedding = found[0]
        self._one_at_a_time = threading.Lock()

    def frames(self, samples: NDArray[np.float32]) -> YamnetFrames:
        """Run over mono samples at 16 kHz; anything shorter than a window is padded with silence."""
        short = max(0, WINDOW_SAMPLES - len(samples))
        padded = np.pad(np.asarray(samples, np.float32), (0, short))
        starts = np.arange(0, len(padded) - WINDOW_SAMPLES + 1, HOP_SAMPLES)
        scores = np.empty((len(starts), N_AUDIOSET), np.float32)
        embeddings = np.empty((len(starts), N_EMBEDDING), np.float32)
        for row, start in enumerate(starts):
            window = padded[start : start + WINDOW_SAMPLES].reshape(self._input["shape"])
            with self._one_at_a_time:
                self._interpreter.set_tensor(self._input["index"], window)
                self._interpreter.invoke()
                scores[row] = self._interpreter.get_tensor(self._output["index"])[0]
                embeddings[row] = self._interpreter.get_tensor(self._embedding)[0]
        return YamnetFrames(starts / SAMPLE_RATE_HZ, scores, embeddings)


def embed(samples: NDArray[np.float32], network: Yamnet) -> NDArray[np.float32]:
    """Return one 1,024-d embedding of a clip: the mean over its windows."""
    return np.asarray(network.frames(samples).embeddings.mean(axis=0), np.float32)


def _interpreter(path: str, threads: int | None) -> Any:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise MissingExtraError("yamnet", "running YAMNet") from error
    build: Callable[..., Any] = Interpreter
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # it warns that keeping all tensors costs memory; we need one
        return build(model_path=path, num_threads=threads, experimental_preserve_all_tensors=True)
