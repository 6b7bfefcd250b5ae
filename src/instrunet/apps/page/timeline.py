"""The player and the picture above it as one piece of HTML that needs nothing from anywhere."""

from __future__ import annotations

import base64
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instrunet.apps.page.portrait import Portrait
from instrunet.apps.page.tables import words
from instrunet.tagging import InstrumentTag, Tags

LEAST_LANES, MOST_LANES = 4, 16
MOST_STEPS = 1800
LANE_PX, HEAD_PX = 34, 276


def chosen_lanes(tags: Tags) -> tuple[InstrumentTag, ...]:
    """The detected instruments; the nearest others fill a small picture up."""
    rest = [tag for tag in tags.ranked if not tag.detected]
    n_more = max(0, LEAST_LANES - len(tags.detected))
    return (*tags.detected, *rest[:n_more])[:MOST_LANES]


def timeline_html(tags: Tags, portrait: Portrait, audio_url: str, *, theme: str = "auto", title: str = "") -> str:
    """A page of its own: waveform, mel spectrogram and lanes on one time axis, a player, a cursor.

    Args:
        tags: what plays when.
        portrait: the picture of the recording.
        audio_url: where the sound is; may be a data URL.
        theme: light, dark, or auto.
        title: what to call it.
    """
    body = json.dumps(timeline_data(tags, portrait, audio_url, theme=theme, title=title), ensure_ascii=True)
    safe = body.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return _template().replace("/*DATA*/null", safe)


def timeline_height(tags: Tags) -> int:
    """How many pixels it needs."""
    return HEAD_PX + LANE_PX * len(chosen_lanes(tags))


def timeline_data(tags: Tags, portrait: Portrait, audio_url: str, *, theme: str, title: str) -> dict[str, Any]:
    """What the script draws."""
    return {
        "title": title,
        "theme": theme,
        "audio": audio_url,
        "start": round(tags.start_s, 3),
        "duration": round(tags.duration_s, 3),
        "low": _bytes64((-portrait.low * 127).clip(-127, 127).astype(np.int8).view(np.uint8)),
        "high": _bytes64((portrait.high * 127).clip(-127, 127).astype(np.int8).view(np.uint8)),
        "peak": round(max(0.02, min(1.0, portrait.peak)), 4),
        "bands": int(portrait.mel.shape[0]),
        "columns": int(portrait.mel.shape[1]),
        "mel": _bytes64(portrait.mel),
        "lanes": [_lane(tag) for tag in chosen_lanes(tags)],
    }


def data_url(audio: bytes, mime: str) -> str:
    """Sound inside the page itself.

    >>> data_url(b"abc", "audio/wav")
    'data:audio/wav;base64,YWJj'
    """
    return f"data:{mime};base64,{base64.b64encode(audio).decode()}"


def _lane(tag: InstrumentTag) -> dict[str, Any]:
    curve = tag.activity
    if len(curve) > MOST_STEPS:
        edges = np.linspace(0, len(curve), MOST_STEPS, endpoint=False).astype(np.int64)
        curve = np.maximum.reduceat(curve, edges)
    return {
        "name": words(tag.label),
        "confidence": round(tag.confidence, 3),
        "detected": tag.detected,
        "activity": _bytes64((np.clip(curve, 0, 1) * 255).astype(np.uint8)),
        "ranges": [[round(r.start_s, 2), round(r.end_s, 2)] for r in tag.ranges],
    }


def _bytes64(values: NDArray[np.uint8]) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()


@cache
def _template() -> str:
    folder = Path(__file__).parent
    page = (folder / "timeline.html").read_text(encoding="utf-8")
    return page.replace("/*SCRIPT*/", (folder / "timeline.js").read_text(encoding="utf-8"))
