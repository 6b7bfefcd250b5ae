"""Singing: syllables of recorded voices, placed on melodies by a vocoder."""

from instrunet.synthesis.singing.choir import Ensemble, sing
from instrunet.synthesis.singing.singers import Singer, sing_line
from instrunet.synthesis.singing.syllables import Syllable, Voices

__all__ = ["Ensemble", "Singer", "Syllable", "Voices", "sing", "sing_line"]
