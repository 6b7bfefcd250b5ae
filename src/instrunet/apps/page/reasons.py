"""The answer to "why" as a picture with axes, and in words."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from html import escape

import numpy as np

from instrunet.apps.page.pictures import reason_picture
from instrunet.apps.page.tables import words
from instrunet.apps.page.why import BANDS, TIMES, Reason
from instrunet.features import LogMelConfig
from instrunet.features.mel_filters import hz_to_mel, mel_to_hz

WIDTH, HEIGHT, LEFT, BELOW = 560, 230, 58, 40
TICKS_HZ = (200, 500, 1_000, 2_000, 5_000, 10_000)
STRONG = 0.5
"""Parts that moved the label at least so much of the most that any did are framed."""


@dataclass(frozen=True)
class Part:
    """A part of the spectrogram that the label needs.

    Attributes:
        band: its row, the lowest first.
        time: its column.
        weight: how much the logit fell when it was covered.
    """

    band: int
    time: int
    weight: float


def strong_parts(reason: Reason) -> list[Part]:
    """The parts that moved the label most, the strongest first; none if covering never lowered it."""
    least = STRONG * float(reason.weight.max())
    found = [
        Part(band, time, float(reason.weight[band, time]))
        for band in range(BANDS)
        for time in range(TIMES)
        if reason.weight[band, time] >= max(least, 1e-6)
    ]
    return sorted(found, key=lambda part: -part.weight)


def in_words(reason: Reason) -> str:
    """What mattered most, as a sentence."""
    parts = strong_parts(reason)
    if not parts:
        return f"No single part is needed to say {words(reason.label)}: covering any of them does not lower it."
    edges = band_edges_hz(reason.front_end)
    best = parts[0]
    step_s = (reason.end_s - reason.start_s) / TIMES
    begins_s = reason.start_s + best.time * step_s
    return (
        f"{words(reason.label).capitalize()} rests most on {begins_s:.1f} s to {begins_s + step_s:.1f} s between "
        f"{_frequency(edges[best.band])} and {_frequency(edges[best.band + 1])}: without that part the logit falls by "
        f"{best.weight:.2f} from {reason.logit:.2f}."
    )


def band_edges_hz(front_end: LogMelConfig) -> list[float]:
    """Between which frequencies the rows of parts lie, lowest first; one more than there are rows."""
    low, high = hz_to_mel(np.array([front_end.fmin_hz, front_end.fmax_hz]), front_end.mel_scale)
    rows = [0, *(int(part[-1]) + 1 for part in np.array_split(np.arange(front_end.n_mels), BANDS))]
    return [float(hz) for hz in mel_to_hz(low + (high - low) * np.array(rows) / front_end.n_mels, front_end.mel_scale)]


def reason_svg(reason: Reason, *, dark: bool) -> str:
    """The spectrogram of the window with time below and frequency on the left; what mattered is bright and framed."""
    ink, frame = ("#dfe5ea", "#ffffff") if dark else ("#3a4550", "#ffffff")
    image = base64.b64encode(reason_picture(reason)).decode()
    pieces = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 8} {HEIGHT + BELOW + 8}" role="img" '
        f'font-family="system-ui,sans-serif" font-size="13" fill="{ink}">',
        f"<title>{escape(in_words(reason))}</title>",
        f'<image x="{LEFT}" y="8" width="{WIDTH}" height="{HEIGHT}" preserveAspectRatio="none" '
        f'href="data:image/png;base64,{image}"/>',
        *_frames(reason, frame),
        *_axes(reason),
        "</svg>",
    ]
    return "".join(pieces)


def _frames(reason: Reason, colour: str) -> list[str]:
    wide, tall = WIDTH / TIMES, HEIGHT / BANDS
    return [
        f'<rect x="{LEFT + part.time * wide + 1:.1f}" y="{8 + HEIGHT - (part.band + 1) * tall + 1:.1f}" '
        f'width="{wide - 2:.1f}" height="{tall - 2:.1f}" fill="none" stroke="{colour}" stroke-width="2"/>'
        for part in strong_parts(reason)
    ]


def _axes(reason: Reason) -> list[str]:
    config = reason.front_end
    low, high, *ticks = hz_to_mel(np.array([config.fmin_hz, config.fmax_hz, *TICKS_HZ]), config.mel_scale)
    out = [
        f'<text x="{LEFT - 8}" y="{8 + HEIGHT * (1 - (mel - low) / (high - low)) + 4:.0f}" text-anchor="end">'
        f"{_frequency(hz)}</text>"
        for hz, mel in zip(TICKS_HZ, ticks, strict=True)
        if low < mel < high
    ]
    span = reason.end_s - reason.start_s
    for k in range(6):
        x, anchor = LEFT + WIDTH * k / 5, ("start", "middle", "end")[(k > 0) + (k == 5)]
        out.append(
            f'<text x="{x:.0f}" y="{HEIGHT + 28}" text-anchor="{anchor}">{reason.start_s + span * k / 5:.1f} s</text>'
        )
    return out


def _frequency(hz: float) -> str:
    return f"{hz / 1000:.2g} kHz" if hz >= 1000 else f"{hz:.0f} Hz"
