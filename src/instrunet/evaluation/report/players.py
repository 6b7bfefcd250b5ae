"""Clips to listen to inside a page: a short excerpt of each file, encoded small and written into the HTML itself."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from html import escape

from instrunet.errors import InstrunetError
from instrunet.evaluation.trial import ClipFacts


@dataclass(frozen=True)
class PlayerConfig:
    """How long an excerpt is, at what rate, and how much one page may carry; ``max_total_bytes=0``: no players."""

    longest_s: float = 10.0
    sample_rate_hz: int = 22_050
    max_total_bytes: int = 6_000_000


class Players:
    """Gives a player for a clip until the page has carried enough."""

    def __init__(self, facts: ClipFacts, config: PlayerConfig | None = None) -> None:
        self.facts = facts
        self.config = config or PlayerConfig()
        self.left_bytes = self.config.max_total_bytes

    def player(self, row: int) -> str:
        """An ``<audio>`` element; a sentence if the file cannot be read; nothing without a path or with a full page."""
        if not self.facts.paths or not self.facts.paths[row] or self.left_bytes <= 0:
            return ""
        try:
            sound = excerpt(self.facts, row, self.config)
        except (InstrunetError, OSError, RuntimeError) as error:
            return f'<p class="note">No sound: {escape(str(error))}</p>'
        if len(sound) > self.left_bytes:
            self.left_bytes = 0
            return ""
        self.left_bytes -= len(sound)
        coded = base64.b64encode(sound).decode("ascii")
        return f'<audio controls preload="metadata" src="data:audio/ogg;base64,{coded}"></audio>'


def excerpt(facts: ClipFacts, row: int, config: PlayerConfig) -> bytes:
    """The beginning of a clip as mono Ogg Vorbis."""
    import soundfile

    from instrunet.audio import load

    start_s = facts.starts_s[row] if facts.starts_s else 0.0
    known_s = facts.durations_s[row] if facts.durations_s else config.longest_s
    audio = load(
        facts.paths[row],
        sample_rate_hz=config.sample_rate_hz,
        start_s=start_s,
        duration_s=min(known_s, config.longest_s) or config.longest_s,
    )
    sound = io.BytesIO()
    soundfile.write(sound, audio.samples, config.sample_rate_hz, format="OGG", subtype="VORBIS")
    return sound.getvalue()
