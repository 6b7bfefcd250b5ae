"""Front-end features of a run's clips, computed once and read from a memory-mapped file ever after."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instrunet import audio
from instrunet.audio import AudioError
from instrunet.errors import InstrunetError
from instrunet.features import LogMelConfig, MelImageConfig, front_end, log_mel, mel_image
from instrunet.files import written_whole
from instrunet.models.yamnet import Yamnet, YamnetInput
from instrunet.training.audio_warping import shifted, stretched
from instrunet.training.clips import Excerpt

Features = NDArray[np.float16]
Progress = Callable[[int, int], None]

_LOUD_SHARE = 0.1  # a moment is loud where the level exceeds this share of the peak


@dataclass(frozen=True)
class View:
    """How a network sees a clip: the length that is cut, the way it is prepared, the front end.

    ``front_end`` is a name of ``instrunet.features.FRONT_ENDS``, ``mel-image``, or ``yamnet`` (embeddings, with the
    TFLite file in ``weights``). ``unstandardised`` leaves out the last step of a front end that standardises.
    """

    front_end: str
    clip_s: float
    preparation: str = ""
    weights: str = ""
    unstandardised: bool = False

    @property
    def sample_rate_hz(self) -> int:
        """The rate that clips are resampled to."""
        return self.front.sample_rate_hz

    @property
    def mel(self) -> LogMelConfig:
        """The log-mel config behind the front end."""
        mel = MelImageConfig().mel if self.front_end == "mel-image" else front_end(self.front_end)
        return replace(mel, normalise="none") if self.unstandardised else mel

    @property
    def front(self) -> LogMelConfig | YamnetInput:
        """What a tagger computes from samples; a mel image is drawn from it inside the network's graph."""
        return YamnetInput() if self.front_end == "yamnet" else self.mel

    def front_shape(self) -> tuple[int, int]:
        """Rows and columns of what a tagger computes from one clip."""
        return self.front.n_mels, self.front.n_frames(round(self.clip_s * self.sample_rate_hz))

    def shape(self) -> tuple[int, int]:
        """Rows and columns of one clip's features."""
        return (128, 128) if self.front_end == "mel-image" else self.front_shape()


def prepared(excerpt: Excerpt, view: View) -> NDArray[np.float32]:
    """Read, warp, add and fit one excerpt: exactly ``clip_s`` seconds at the rate of the front end."""
    n = round(view.clip_s * view.sample_rate_hz)
    x = _one(excerpt, view)
    for other in excerpt.added:
        x = _peak_one(x) + _peak_one(_one(other, view))
    return np.ascontiguousarray(_peak_one(x) if excerpt.added else x[:n], np.float32)


def _one(excerpt: Excerpt, view: View) -> NDArray[np.float32]:
    named = audio.PREPARATIONS[view.preparation] if view.preparation else audio.Preparation(view.clip_s)
    how = replace(named, duration_s=view.clip_s, sample_rate_hz=view.sample_rate_hz)
    whole = how.trim_db is not None or how.onset_level is not None or excerpt.loud_seed is not None
    needed_s = None if whole else view.clip_s * max(1.0, excerpt.stretch)
    length_s = min((s for s in (excerpt.duration_s, needed_s) if s), default=None)
    start_s = 0.0 if excerpt.loud_seed is not None else excerpt.start_s
    if excerpt.loud_seed is not None:
        length_s = None
    sound = audio.load(excerpt.path, sample_rate_hz=view.sample_rate_hz, start_s=start_s, duration_s=length_s)
    x = sound.samples
    if excerpt.loud_seed is not None:
        x, how = (
            _loud_segment(x, excerpt.loud_seed, round(view.clip_s * view.sample_rate_hz)),
            replace(how, onset_level=None),
        )
    x = shifted(stretched(x, excerpt.stretch), excerpt.semitones, view.sample_rate_hz)
    return audio.prepare(audio.Audio(x, view.sample_rate_hz), how).samples


def _loud_segment(x: NDArray[np.float32], seed: int, n: int) -> NDArray[np.float32]:
    """A piece from a random loud moment on, early enough to be whole where the file is long enough; else looped."""
    level = np.abs(x)
    loud = np.flatnonzero(level > _LOUD_SHARE * float(level.max(initial=0.0)))
    possible = loud[loud <= len(x) - n] if len(x) > n else loud
    start = int(np.random.default_rng(seed).choice(possible)) if len(possible) else 0
    return np.resize(x[start:], n) if len(x) > start else np.zeros(n, np.float32)


def _peak_one(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return audio.peak_normalise(x)


def features_of(x: NDArray[np.float32], view: View, network: Any = None) -> NDArray[np.float32]:
    """What a network sees of prepared samples: (rows, columns)."""
    if view.front_end == "mel-image":
        return mel_image(x)
    if view.front_end == "yamnet":
        return np.ascontiguousarray(network.frames(x).embeddings.T)
    return log_mel(x, view.mel)


@dataclass(frozen=True)
class FeatureStore:
    """Features of clips in their order; ``failed`` lists what could not be read, its rows are zero."""

    features: Features  # (clips, rows, columns), memory-mapped
    failed: dict[int, str]

    def __len__(self) -> int:
        return len(self.features)


def fingerprint(excerpts: Sequence[Excerpt], view: View) -> str:
    """Digest of what the features depend on: the excerpts, the sizes of their files, the front end."""
    sizes = {e.path: _size(e.path) for e in excerpts}
    front = {} if view.front_end == "yamnet" else view.mel.to_dict()
    said = json.dumps([[asdict(e) for e in excerpts], sizes, asdict(view), front], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def open_store(
    excerpts: Sequence[Excerpt], view: View, folder: Path, *, workers: int = 0, progress: Progress | None = None
) -> FeatureStore:
    """Return the features of these excerpts, from ``folder`` if they were computed before.

    Raises:
        InstrunetError: not one of the excerpts could be read.
    """
    place = folder / f"{fingerprint(excerpts, view)[:24]}.npy"
    record = place.with_suffix(".json")
    if not (place.is_file() and record.is_file()):
        _compute(excerpts, view, place, workers=workers or min(4, os.cpu_count() or 1), progress=progress)
    failed = {int(row): text for row, text in json.loads(record.read_text(encoding="utf-8")).items()}
    if excerpts and len(failed) == len(excerpts):
        raise InstrunetError(f"none of {len(excerpts)} clips could be read; the first: {next(iter(failed.values()))}")
    return FeatureStore(np.load(place, mmap_mode="r"), failed)


def _compute(excerpts: Sequence[Excerpt], view: View, place: Path, *, workers: int, progress: Progress | None) -> None:
    network = Yamnet(view.weights or None, threads=1) if view.front_end == "yamnet" else None
    failed: dict[int, str] = {}

    def one(row: int) -> NDArray[np.float32] | None:
        try:
            return features_of(prepared(excerpts[row], view), view, network)
        except AudioError as error:
            failed[row] = str(error)
            return None

    with written_whole(place) as beside:
        target = np.lib.format.open_memmap(beside, "w+", np.float16, (len(excerpts), *view.shape()))
        with ThreadPoolExecutor(1 if network else workers) as pool:
            for row, features in enumerate(pool.map(one, range(len(excerpts)))):
                if features is not None:
                    target[row] = features
                if progress:
                    progress(row + 1, len(excerpts))
        target.flush()
        del target
    with written_whole(place.with_suffix(".json")) as beside:
        beside.write_text(json.dumps(failed), encoding="utf-8")


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return -1
