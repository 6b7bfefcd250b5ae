"""One recording in one figure: the probability of every class with its threshold, the waveform, the spectrogram."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from instrunet.errors import MissingExtraError
from instrunet.evaluation.trial import EvaluationError
from instrunet.files import written_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from instrunet.features import LogMelConfig

LIGHT = {"paper": "#ffffff", "ink": "#1a1d21", "quiet": "#59626d"}
LIGHT |= {"found": "#0b6bb5", "not": "#bcd6ec", "cut": "#c2570c"}
DARK = {"paper": "#14171b", "ink": "#e8ebee", "quiet": "#a0a9b4"}
DARK |= {"found": "#5aaef0", "not": "#2b4b66", "cut": "#f0944d"}
POINTS = 2000


@dataclass(frozen=True)
class Recording:
    """Mono samples, and a score and a threshold per label; ``true`` labels are marked where they are known."""

    title: str
    samples: NDArray[np.float32]
    sample_rate_hz: int
    labels: Sequence[str]
    scores: Sequence[float]
    thresholds: Sequence[float]
    true: Sequence[str] | None = None


def write_recording_figure(recording: Recording, path: str | os.PathLike[str], *, dark: bool = False) -> None:
    """Draw a recording into a PNG, SVG or PDF file, by the suffix of ``path``.

    Raises:
        MissingExtraError: matplotlib is not installed.
        EvaluationError: labels, scores and thresholds are not equally many, or there are no samples.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("plot", "the figure of a recording") from error
    _check(recording)
    colours = DARK if dark else LIGHT
    height = max(4.2, 1.4 + 0.27 * len(recording.labels))
    figure = Figure(figsize=(12, height), layout="constrained", facecolor=colours["paper"])
    FigureCanvasAgg(figure)
    places: dict[str, Any] = figure.subplot_mosaic(
        [["scores", "wave"], ["scores", "mel"]], width_ratios=[1, 1.25], height_ratios=[1, 2]
    )
    for place in places.values():
        _paint(place, colours)
    _draw_scores(places["scores"], recording, colours)
    _draw_wave(places["wave"], recording, colours)
    _draw_mel(places["mel"], recording, dark=dark)
    places["wave"].sharex(places["mel"])
    figure.suptitle(recording.title, color=colours["ink"], fontsize=13, fontweight="bold", x=0.01, ha="left")
    with written_whole(path) as beside:
        figure.savefig(beside, dpi=130)


def _check(recording: Recording) -> None:
    n = len(recording.labels)
    if n == 0 or len(recording.scores) != n or len(recording.thresholds) != n:
        raise EvaluationError(
            f"{n} labels, {len(recording.scores)} scores and {len(recording.thresholds)} thresholds; give one a label"
        )
    if np.ndim(recording.samples) != 1 or len(recording.samples) == 0:
        raise EvaluationError("the figure of a recording needs mono samples")


def _paint(axes: Axes, colours: dict[str, str]) -> None:
    axes.set_facecolor(colours["paper"])
    axes.tick_params(colors=colours["ink"], labelsize=9)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(colours["quiet"])
    for name in (axes.xaxis.label, axes.yaxis.label, axes.title):
        name.set_color(colours["ink"])


def _draw_scores(axes: Any, recording: Recording, colours: dict[str, str]) -> None:
    rows = np.arange(len(recording.labels))
    scores, thresholds = np.asarray(recording.scores), np.asarray(recording.thresholds)
    found = scores >= thresholds
    axes.barh(rows, scores, color=[colours["found"] if f else colours["not"] for f in found], height=0.72)
    axes.vlines(thresholds, rows - 0.42, rows + 0.42, color=colours["cut"], linewidth=1.8, label="threshold")
    for row, score in enumerate(scores):
        words = f"{score:.2f}" + (" detected" if found[row] else "")
        weight = "bold" if found[row] else "normal"
        axes.text(min(score, 1) + 0.015, row, words, va="center", fontsize=9, color=colours["ink"], fontweight=weight)
    true = set(recording.true or ())
    axes.set_yticks(rows, [f"{label} ●" if label in true else label for label in recording.labels])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(0, 1.22)
    axes.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    axes.set_xlabel("probability" + (" (● truly present)" if true else ""))
    axes.legend(loc="lower right", frameon=False, fontsize=9, labelcolor=colours["ink"])


def _draw_wave(axes: Any, recording: Recording, colours: dict[str, str]) -> None:
    samples = np.asarray(recording.samples, np.float64)
    n_parts = min(POINTS, len(samples))
    edges = np.linspace(0, len(samples), n_parts + 1).astype(int)
    low, high = np.minimum.reduceat(samples, edges[:-1]), np.maximum.reduceat(samples, edges[:-1])
    axes.fill_between(edges[:-1] / recording.sample_rate_hz, low, high, color=colours["found"], linewidth=0.4)
    loudest = max(float(np.abs(samples).max()), 1e-6)
    axes.set_ylim(-1.05 * loudest, 1.05 * loudest)
    axes.set_ylabel("amplitude")
    axes.tick_params(labelbottom=False)


def _draw_mel(axes: Any, recording: Recording, *, dark: bool) -> None:
    from instrunet.features import log_mel

    config = _mel_config(recording)
    picture = log_mel(recording.samples, config)
    # a quiet background hides nothing: only the loudest part of the range is worth shades
    floor, top = np.quantile(picture, [0.1, 0.999])
    duration_s = len(recording.samples) / recording.sample_rate_hz
    axes.imshow(
        picture,
        origin="lower",
        aspect="auto",
        extent=(0, duration_s, 0, len(picture)),
        cmap="magma" if dark else "Blues",
        vmin=floor,
        vmax=max(top, floor + 1e-6),
        interpolation="nearest",
    )
    axes.set_xlabel("time (s)")
    axes.set_ylabel("frequency (kHz, mel)")
    _mel_ticks(axes, len(picture), config.fmin_hz, config.fmax_hz)


def _mel_config(recording: Recording) -> LogMelConfig:
    """A front end for looking: any sample rate, and no more frames than the picture has room for."""
    from instrunet.features import LogMelConfig

    rate_hz = recording.sample_rate_hz
    win_length = max(16, int(0.05 * rate_hz))
    return LogMelConfig(
        sample_rate_hz=rate_hz,
        n_fft=win_length,
        win_length=win_length,
        hop_length=max(1, int(0.01 * rate_hz), len(recording.samples) // POINTS),
        n_mels=96,
        fmin_hz=min(50.0, rate_hz / 20),
        fmax_hz=min(rate_hz / 2, 15_000.0),
        mel_scale="htk",
        padding="zeros",
    )


def _mel_ticks(axes: Any, n_mels: int, low_hz: float, high_hz: float) -> None:
    def mel(hz: NDArray[np.float64] | float) -> Any:
        return 2595 * np.log10(1 + np.asarray(hz) / 700)

    wanted = np.array([hz for hz in (250, 500, 1000, 2000, 4000, 8000) if low_hz < hz < high_hz], float)
    rows = (mel(wanted) - mel(low_hz)) / (mel(high_hz) - mel(low_hz)) * n_mels
    axes.set_yticks(rows, [f"{hz / 1000:g}" for hz in wanted])
