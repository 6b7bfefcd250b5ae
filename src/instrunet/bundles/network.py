"""The network of a bundle with its front end, opened with ONNX Runtime and checked against its description."""

from __future__ import annotations

import os
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from instrunet.audio.shaping import fit, trim_silence
from instrunet.bundles.bundle import Bundle
from instrunet.bundles.errors import BundleError
from instrunet.bundles.mel_beside_yamnet import MelBesideYamnet
from instrunet.bundles.tagger_spec import TaggerSpec
from instrunet.features import LogMelConfig, log_mel

INPUT = "mel"


class FrontEnd:
    """Windows of samples as the network of a tagger sees them."""

    def __init__(self, spec: TaggerSpec) -> None:
        self.spec = spec
        self._yamnet: Any = None if isinstance(spec.front_end, LogMelConfig) else _yamnet()

    def seen(self, samples: NDArray[np.floating]) -> NDArray[np.float32]:
        """The front end on one window of mono samples, (n_mels, n_frames)."""
        if self.spec.trim_db is not None:
            samples = fit(trim_silence(samples, top_db=self.spec.trim_db), len(samples))
        if isinstance(self.spec.front_end, LogMelConfig):
            return log_mel(samples, self.spec.front_end)
        if isinstance(self.spec.front_end, MelBesideYamnet):
            return self.spec.front_end.seen(samples, self._yamnet)
        return np.ascontiguousarray(self._yamnet.frames(samples).embeddings.T)


class Scorer(Protocol):
    """Whatever turns what a front end gives into named arrays: a network here, or one in another process."""

    spec: TaggerSpec

    def __call__(self, mel: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Run windows of shape (batch, n_mels, n_frames)."""
        ...


class Network(FrontEnd):
    """Windows of samples in, named arrays out; ``seen`` is the front end, a call the network behind it.

    Args:
        bundle: a tagger.
        threads: how many threads one call may use; all cores if left out.
        providers: ONNX Runtime execution providers by preference; the CPU if left out.

    Raises:
        BundleError: the network's shapes do not fit the labels, the front end or the outputs of the description.
        WeightsError: it is a head on YAMNet, whose weights are neither here nor to be fetched.
    """

    def __init__(self, bundle: Bundle, *, threads: int | None = None, providers: tuple[str, ...] = ()) -> None:
        self.spec = bundle.tagger
        self._session = _session(bundle, threads, providers)
        try:
            _check(self._session, self.spec)
        except BundleError as error:
            raise BundleError(f"{bundle.path}: {error}") from None
        self._bundle_path = bundle.path
        super().__init__(self.spec)

    @property
    def providers(self) -> list[str]:
        """The execution providers in use."""
        return list(self._session.get_providers())

    def __call__(self, mel: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """Run windows of shape (batch, n_mels, n_frames)."""
        names = list(self.spec.outputs)
        try:
            found = self._session.run(names, {INPUT: mel[:, None]})
        except Exception as error:
            raise BundleError(
                f"{self._bundle_path}: the network fails on input {mel.shape}: {_first(error)}"
            ) from error
        return dict(zip(names, found, strict=True))


def _session(bundle: Bundle, threads: int | None, providers: tuple[str, ...]) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or os.cpu_count() or 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # Spinning threads would take the core that decoding runs on.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    content = bundle.read("model.onnx")
    try:
        return onnxruntime.InferenceSession(content, options, providers=list(providers) or ["CPUExecutionProvider"])
    except Exception as error:
        raise BundleError(f"{bundle.path}: model.onnx cannot be opened: {_first(error)}") from error


def _yamnet() -> Any:
    from instrunet.models.yamnet import Yamnet

    return Yamnet(threads=1)


def _first(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:200] if lines else type(error).__name__


def _check(session: Any, spec: TaggerSpec) -> None:
    inputs = {item.name: item.shape for item in session.get_inputs()}
    if set(inputs) != {INPUT}:
        raise BundleError(
            f"the network takes {', '.join(inputs) or 'nothing'}; a tagger takes one input called {INPUT}"
        )
    shape = inputs[INPUT]
    if len(shape) != 4:
        raise BundleError(f"the network takes {len(shape)} dimensions; a tagger takes (batch, 1, n_mels, n_frames)")
    if isinstance(shape[2], int) and shape[2] != spec.front_end.n_mels:
        raise BundleError(f"the network takes {shape[2]} mel bands, the front end gives {spec.front_end.n_mels}")
    n_frames = spec.front_end.n_frames(spec.window_samples)
    if isinstance(shape[3], int) and shape[3] != n_frames:
        raise BundleError(f"the network takes {shape[3]} frames, a window of {spec.window_s:g} s gives {n_frames}")
    if isinstance(shape[3], int) and spec.min_window_s != spec.window_s:
        raise BundleError(f"min_window_s is {spec.min_window_s:g}, but the network takes whole windows only")
    outputs = {item.name: item.shape for item in session.get_outputs()}
    for name in spec.outputs:
        if name not in outputs:
            raise BundleError(f"the network has no output {name}; it has {', '.join(outputs)}")
        n_classes = outputs[name][1] if len(outputs[name]) > 1 else None
        if isinstance(n_classes, int) and n_classes != len(spec.labels):
            raise BundleError(
                f"the network gives {n_classes} classes as {name}, but there are {len(spec.labels)} labels"
            )
